/**
 * The typed client. Its methods are made from the contract's table of operations, so an operation
 * that exists can be called (`client.task.submit(input)`), and one that does not exist does not
 * compile.
 *
 * Each command gets an idempotency key here, unless the caller brings one: whatever happens on
 * the wire below, it is done once.
 */
import { operations } from '../contract/index.ts';
import type { ByteRange, Event, EventFilter, Input } from '../contract/index.ts';
import type { Operation, OperationName, Operations, Output } from '../contract/index.ts';
import type { Reply, SignalboxError } from '../contract/index.ts';
import { parseOutput } from './parse-output.ts';
import { httpTransport } from './http.ts';
import { keyMaker } from './keys.ts';
import { socketTransport } from './socket.ts';
import type { Closable, Download, StateListener, Transport, UploadBody } from './transport.ts';

export interface CallOptions {
  /** Commands only: the same key and the same input are answered with the first answer again. */
  key?: string | undefined;
  /** Stops waiting for the answer. The hub may have done it all the same. */
  signal?: AbortSignal | undefined;
  /** The longest wait for the answer, reconnections included; 30 s unless told. */
  timeoutMs?: number | undefined;
}

export interface DownloadOptions extends Omit<CallOptions, 'key'> {
  /** Only these bytes. */
  range?: ByteRange | undefined;
}

export interface Downloaded<Name extends OperationName> extends Download {
  output: Output<Name>;
}

type Method<Name extends OperationName> = {
  query: Caller<Name>;
  command: Caller<Name>;
  upload: (input: Input<Name>, body: UploadBody, options?: CallOptions) => Promise<Output<Name>>;
  download: (input: Input<Name>, options?: DownloadOptions) => Promise<Downloaded<Name>>;
}[Operations[Name]['kind']];

/** An operation whose fields may all be left out may be called without an input. */
type Caller<Name extends OperationName> =
  Record<string, never> extends Input<Name>
    ? (input?: Input<Name>, options?: CallOptions) => Promise<Output<Name>>
    : (input: Input<Name>, options?: CallOptions) => Promise<Output<Name>>;

type Group<Name> = Name extends `${infer Noun}.${string}` ? Noun : never;

type Grouped = {
  readonly [Noun in Group<OperationName>]: {
    readonly [
      Name in OperationName as Name extends `${Noun}.${infer Verb}` ? Verb : never
    ]: Method<Name>;
  };
};

type Ungrouped = {
  readonly [Name in Exclude<OperationName, `${string}.${string}`>]: Method<Name>;
};

export interface Subscription {
  /** Delivers every event that matches after this cursor, in order and once, then live ones. */
  after: number;
  filter?: EventFilter | undefined;
  onEvent: (event: Event) => void;
  /** The feed is over and does not come back; undefined where it was closed on this side. */
  onEnd?: ((error: SignalboxError | undefined) => void) | undefined;
}

interface Base {
  /** Calls an operation by its name, for callers that learn it at run time. */
  call: (operation: string, input: unknown, options?: CallOptions) => Promise<Reply>;
  subscribe: (subscription: Subscription) => Closable;
  /**
   * Hears when the hub is connected, disconnected, or gone for good; where it is connected already
   * the listener hears that at once. Answers how to stop listening.
   */
  onState: (listener: StateListener) => () => void;
  close: () => void;
}

export type Client = Base & Grouped & Ungrouped;

type AnyMethod =
  | ((input?: unknown, options?: CallOptions & DownloadOptions) => Promise<unknown>)
  | ((input: unknown, body: UploadBody, options?: CallOptions) => Promise<unknown>);

export function createClient(transport: Transport): Client {
  const nextKey = keyMaker();
  const methods: Record<string, AnyMethod | Record<string, AnyMethod>> = {};
  for (const operation of Object.values(operations)) {
    place(methods, operation.name, methodOf(operation, transport, nextKey));
  }
  const client = { ...methods, ...base(transport, nextKey) };
  if (!isComplete(client)) throw new Error('invariant broken: an operation has no method');
  return client;
}

function methodOf(asked: Operation, transport: Transport, nextKey: () => string): AnyMethod {
  const { name: operation, kind } = asked;
  switch (kind) {
    case 'upload':
      return async (input: unknown, body: UploadBody, options?: CallOptions) => {
        const { key = nextKey(), signal, timeoutMs } = options ?? {};
        return (await transport.upload({ operation, input, body, key, signal, timeoutMs })).output;
      };
    case 'download':
      return async (input: unknown, options?: DownloadOptions) => {
        const { range, signal, timeoutMs } = options ?? {};
        const file = await transport.download({ operation, input, range, signal, timeoutMs });
        return { ...file, output: parseOutput(asked, file.output) };
      };
    case 'query':
    case 'command':
      return async (input: unknown = {}, options?: CallOptions) => {
        const key = options?.key ?? (kind === 'command' ? nextKey() : undefined);
        const { signal, timeoutMs } = options ?? {};
        const { output } = await transport.call({ operation, input, key, signal, timeoutMs });
        // Secrets are written down, and whoever joins does not know the hub yet.
        return asked.isSecret || asked.scope === 'join' ? parseOutput(asked, output) : output;
      };
  }
}

function place(
  methods: Record<string, AnyMethod | Record<string, AnyMethod>>,
  name: string,
  caller: AnyMethod,
): void {
  const [noun = name, verb] = name.split('.');
  if (verb === undefined) {
    methods[noun] = caller;
    return;
  }
  const group = methods[noun];
  methods[noun] = { ...(typeof group === 'object' ? group : {}), [verb]: caller };
}

function base(transport: Transport, nextKey: () => string): Base {
  const kinds = new Map<string, string>();
  for (const { name, kind } of Object.values(operations)) kinds.set(name, kind);
  return {
    call(operation, input, options) {
      const key = options?.key ?? (kinds.get(operation) === 'command' ? nextKey() : undefined);
      return transport.call({ ...options, operation, input: input ?? {}, key });
    },
    subscribe({ after, filter = {}, onEvent, onEnd = () => {} }) {
      return transport.subscribe({ after, filter, onEvent, onEnd });
    },
    onState(listener) {
      if (transport.onState !== undefined) return transport.onState(listener);
      listener('connected', undefined);
      return () => {};
    },
    close: () => transport.close(),
  };
}

function isComplete(client: Base): client is Client {
  return Object.keys(operations).every((name) => {
    let at: unknown = client;
    for (const part of name.split('.')) {
      const next: unknown =
        typeof at === 'object' && at !== null ? Reflect.get(at, part) : undefined;
      at = next;
    }
    return typeof at === 'function';
  });
}

export interface ConnectOptions {
  /** Where the hub is: `http://127.0.0.1:8080`, or with `https`, `ws` or `wss`. */
  url: string;
  token?: string | undefined;
  /** A name without a token, which a hub believes only under `--auth none`. */
  agent?: string | undefined;
  /** `socket` by default: one WebSocket, which events are pushed over. */
  transport?: 'socket' | 'http' | undefined;
}

/** Calls may be made at once: they wait until the hub is reached, at most for their time-out. */
export function connect({ url, token, agent, transport = 'socket' }: ConnectOptions): Client {
  const options = { url, ...(token && { token }), ...(agent && { agent }) };
  const isHttp = transport === 'http';
  return createClient(isHttp ? httpTransport(options) : socketTransport(options));
}
