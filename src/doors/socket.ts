/**
 * WebSocket: the same operations as frames, and events pushed. The frames stand in
 * docs/protocol.md; a rule stands in the hub, not here.
 *
 * Nothing grows without a bound: a caller that has too much under way, or does not read its answers,
 * is not read from until it has caught up, and a feed waits until its frames have gone out.
 */
import type { Socket } from 'node:net';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import {
  type Connect,
  type Connection,
  type Credential,
  EventFilter,
  type Feed,
  limits,
  operations,
  SignalboxError,
} from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import { parseText } from './text.ts';

const HELLO_MS = 5_000;
const UNDER_WAY_MAX = 512;

const closeCodes = {
  protocol: 4400,
  unauthenticated: 4401,
  noHello: 4408,
  goingAway: 1001,
} as const;

const Hello = z.strictObject({
  hello: z.strictObject({
    protocol: z.literal(1),
    token: z.string().max(200).optional(),
    agent: z.string().max(limits.nameCharsMax).optional(),
  }),
});

const id = z.int().min(1);
const CallFrame = z.strictObject({
  id,
  call: z.string(),
  input: z.unknown(),
  key: z.string().optional(),
});
const SubscribeFrame = z.strictObject({
  id,
  subscribe: z.strictObject({ after: z.int().min(0), filter: EventFilter.default({}) }),
});
const UnsubscribeFrame = z.strictObject({ id, unsubscribe: id });

export interface SocketDoor {
  connect: Connect;
  clock: Clock;
}

export function socketServer(door: SocketDoor): WebSocketServer {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: limits.frameBytesMax,
    perMessageDeflate: false,
  });
  server.on('connection', (socket, request) => new SocketSession(socket, request.socket, door));
  return server;
}

class SocketSession {
  readonly #socket: WebSocket;
  readonly #wire: Socket;
  readonly #connection: Connection;
  readonly #feeds = new Map<number, Feed>();
  readonly #full = new Set<number>();
  #credential: Credential | undefined = undefined;
  #welcoming: Promise<void> | undefined = undefined;
  #underWay = 0;
  #isPaused = false;
  #isCorked = false;

  constructor(socket: WebSocket, wire: Socket, { connect, clock }: SocketDoor) {
    this.#socket = socket;
    this.#wire = wire;
    this.#connection = connect((reason) => this.#ended(reason));
    const noHello = clock.after(HELLO_MS, () => {
      if (this.#credential === undefined) socket.close(closeCodes.noHello, 'no hello came');
    });
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      noHello();
      for (const feed of this.#feeds.values()) feed.close();
      this.#connection.close();
    });
  }

  #receive(data: RawData, isBinary: boolean): void {
    const frame = isBinary ? undefined : this.#parse(data);
    if (frame === undefined) return;
    if (this.#credential === undefined) return this.#greet(frame);
    this.#underWay += 1;
    if (this.#underWay >= UNDER_WAY_MAX) this.#pause();
    void this.#answer(frame).finally(() => {
      this.#underWay -= 1;
      this.#resume();
    });
  }

  #parse(data: RawData): unknown {
    try {
      return parseText(String(data));
    } catch (error) {
      this.#send({ error: bodyOf(error) });
      this.#socket.close(closeCodes.protocol, 'a frame is one JSON object');
      return undefined;
    }
  }

  #greet(frame: unknown): void {
    const hello = Hello.safeParse(frame);
    if (!hello.success) {
      const message = 'the first frame must be {"hello":{"protocol":1,"token":"sbx_…"}}';
      this.#send({ error: new SignalboxError('invalid_input', message).toBody() });
      return this.#socket.close(closeCodes.protocol, 'no hello');
    }
    const { token, agent } = hello.data.hello;
    const credential = {
      ...(token === undefined ? {} : { token }),
      ...(agent === undefined ? {} : { agent }),
    };
    this.#credential = credential;
    this.#welcoming = this.#welcome(credential).finally(() => {
      this.#welcoming = undefined;
    });
  }

  async #welcome(credential: Credential): Promise<void> {
    const ask = (operation: string, input: unknown) =>
      this.#connection.invoke({ operation, input, credential });
    try {
      const who = operations['hub.whoami'].output.parse((await ask('hub.whoami', {})).output);
      const { name, role, project } = who;
      const listed = (await ask('event.list', { limit: 1 })).output;
      const { headCursor: cursor } = operations['event.list'].output.parse(listed);
      this.#send({ welcome: { protocol: 1, name, role, project, cursor } });
    } catch (error) {
      this.#send({ error: bodyOf(error) });
      this.#socket.close(closeCodes.unauthenticated, 'not welcome');
    }
  }

  async #answer(frame: unknown): Promise<void> {
    if (this.#welcoming !== undefined) await this.#welcoming;
    const call = CallFrame.safeParse(frame);
    if (call.success) return this.#call(call.data);
    const subscribe = SubscribeFrame.safeParse(frame);
    if (subscribe.success) return this.#subscribe(subscribe.data);
    const unsubscribe = UnsubscribeFrame.safeParse(frame);
    if (unsubscribe.success) return this.#unsubscribe(unsubscribe.data);
    const known = z.object({ id }).safeParse(frame);
    const message = 'a frame is a call, a subscribe or an unsubscribe with an id';
    const error = new SignalboxError('invalid_input', message).toBody();
    if (known.success) return this.#send({ id: known.data.id, error });
    this.#send({ error });
    return this.#socket.close(closeCodes.protocol, 'not a frame of this protocol');
  }

  async #call({ id: callId, call, input, key }: z.infer<typeof CallFrame>): Promise<void> {
    try {
      const { output, isDeduplicated } = await this.#connection.invoke({
        operation: call,
        input: input ?? {},
        credential: this.#credential ?? {},
        ...(key === undefined ? {} : { key }),
      });
      const ok = { id: callId, ok: output };
      this.#send(isDeduplicated ? { ...ok, deduplicated: true } : ok);
    } catch (error) {
      this.#send({ id: callId, error: bodyOf(error) });
    }
  }

  async #subscribe(frame: z.infer<typeof SubscribeFrame>): Promise<void> {
    const sub = frame.id;
    try {
      this.#checkFree(sub);
      let isAnswered = false;
      const early: string[] = [];
      const push = (text: string): void => {
        if (isAnswered) this.#write(text, () => this.#drained(sub));
        else early.push(text);
      };
      const feed = await this.#connection.subscribe({
        ...frame.subscribe,
        credential: this.#credential ?? {},
        deliver: ({ json }) => {
          push(`{"sub":${sub},"event":${json}}`);
          const hasRoom = this.#socket.bufferedAmount < limits.socketBufferBytesMax;
          if (!hasRoom) this.#full.add(sub);
          return hasRoom;
        },
        end: (reason) => {
          this.#feeds.delete(sub);
          push(JSON.stringify({ sub, end: bodyOf(reason) }));
        },
      });
      this.#feeds.set(sub, feed);
      this.#send({ id: sub, ok: {} });
      isAnswered = true;
      for (const text of early) push(text);
    } catch (error) {
      this.#send({ id: sub, error: bodyOf(error) });
    }
  }

  #checkFree(sub: number): void {
    if (this.#feeds.has(sub)) throw new SignalboxError('invalid_input', `${sub} is in use`);
    if (this.#feeds.size < limits.subscriptionsPerSocketMax) return;
    const message = `a socket may have ${limits.subscriptionsPerSocketMax} subscriptions`;
    throw new SignalboxError('too_large', message, { hint: 'End some, or open another socket.' });
  }

  #unsubscribe({ id: callId, unsubscribe }: z.infer<typeof UnsubscribeFrame>): void {
    this.#feeds.get(unsubscribe)?.close();
    this.#feeds.delete(unsubscribe);
    this.#send({ id: callId, ok: {} });
  }

  #drained(sub: number): void {
    if (!this.#full.has(sub)) return;
    if (this.#socket.bufferedAmount > limits.socketBufferBytesMax / 2) return;
    this.#full.delete(sub);
    this.#feeds.get(sub)?.drain();
  }

  #send(frame: unknown): void {
    this.#write(JSON.stringify(frame), () => this.#resume());
    if (this.#socket.bufferedAmount >= limits.socketBufferBytesMax) this.#pause();
  }

  /** What is sent in one turn, as the answers of one commit are, goes out in one write. */
  #write(text: string, sent: () => void): void {
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#wire.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#wire.uncork();
      });
    }
    this.#socket.send(text, sent);
  }

  #pause(): void {
    if (this.#isPaused || this.#socket.readyState !== this.#socket.OPEN) return;
    this.#isPaused = true;
    this.#socket.pause();
  }

  #resume(): void {
    if (!this.#isPaused || this.#underWay > UNDER_WAY_MAX / 2) return;
    if (this.#socket.bufferedAmount > limits.socketBufferBytesMax / 2) return;
    this.#isPaused = false;
    this.#socket.resume();
  }

  #ended(reason: unknown): void {
    const isRefusal = reason instanceof SignalboxError && reason.code === 'unauthenticated';
    if (isRefusal) this.#send({ error: reason.toBody() });
    const code = isRefusal ? closeCodes.unauthenticated : closeCodes.goingAway;
    this.#socket.close(code, isRefusal ? 'the token has ended' : 'the hub is closing');
  }
}

function bodyOf(error: unknown): unknown {
  if (error instanceof SignalboxError) return error.toBody();
  return new SignalboxError('internal', 'something went wrong at this door').toBody();
}
