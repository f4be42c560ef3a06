/**
 * For tests: a hub that does what the test says, behind the transport, and a sidecar beside it with
 * a data folder and repositories of its own.
 */
import { join } from 'node:path';
import { vi } from 'vitest';
import type { Reader, Request, StateListener, Transport } from '../client/index.ts';
import { SignalboxError, type Event, type Reply, type Task } from '../contract/index.ts';
import { aTask } from '../contract/task.fixture.ts';
import type { Clock } from '../core/clock.ts';
import { makePlace, type Place } from '../git/fixture.ts';
import { runSidecar, type SidecarEvent, type SidecarOptions } from './index.ts';

interface Waiting {
  request: Request;
  resolve: (reply: Reply) => void;
  reject: (error: unknown) => void;
}

export class ScriptedHub {
  readonly calls: { operation: string; input: Record<string, unknown>; key: string | undefined }[] =
    [];
  readonly tasks = new Map<string, Task>();
  readonly failures = new Map<string, string | null>();
  /** What is answered instead; throw to refuse. */
  readonly answers = new Map<string, (input: Record<string, unknown>) => unknown>();
  beatMs = 60_000;
  offered: string | null = null;
  /** What it answers to a beat. */
  inHand: string | null = null;
  #isUp = true;
  #seq = 0;
  #listeners = new Set<StateListener>();
  #waiting: Waiting[] = [];
  #reader: Reader | undefined;

  transport(): Transport {
    return {
      call: (request) =>
        new Promise((resolve, reject) => {
          const waiting = { request, resolve, reject };
          request.signal?.addEventListener('abort', () => {
            this.#waiting = this.#waiting.filter((other) => other !== waiting);
            reject(new Error('aborted'));
          });
          if (this.#isUp) this.#answer(waiting);
          else this.#waiting.push(waiting);
        }),
      upload: () => Promise.reject(new Error('no streams here')),
      download: () => Promise.reject(new Error('no streams here')),
      subscribe: (reader) => {
        this.#reader = reader;
        return { close: () => {} };
      },
      close: () => {},
      onState: (listener) => {
        this.#listeners.add(listener);
        if (this.#isUp) listener('connected', undefined);
        return () => this.#listeners.delete(listener);
      },
    };
  }

  inputsOf(operation: string): Record<string, unknown>[] {
    return this.calls.filter((call) => call.operation === operation).map(({ input }) => input);
  }

  disconnect(): void {
    this.#isUp = false;
    this.#tell('disconnected', new SignalboxError('unavailable', 'gone'));
  }

  reconnect(): void {
    this.#isUp = true;
    this.#tell('connected', undefined);
    const again = this.#waiting;
    this.#waiting = [];
    for (const waiting of again) this.#answer(waiting);
  }

  end(error: SignalboxError): void {
    this.#isUp = false;
    this.#tell('ended', error);
  }

  offer(task: Task, lastFailure: string | null = null): void {
    this.tasks.set(task.id, task);
    this.failures.set(task.id, lastFailure);
    this.event('task.offered', task);
  }

  event(type: Event['type'], { id, attempt, fence }: Task, more: Event['data'] = {}): void {
    const data = { attempt, fence, ...more };
    const event = {
      seq: ++this.#seq,
      atMs: 1,
      type,
      subject: id,
      actor: 'x',
      audience: 'ada',
      data,
    };
    this.#reader?.onEvent(event);
  }

  #tell(state: 'connected' | 'disconnected' | 'ended', error: SignalboxError | undefined): void {
    for (const listener of this.#listeners) listener(state, error);
  }

  #answer({ request, resolve, reject }: Waiting): void {
    const { operation, key } = request;
    const input: Record<string, unknown> = JSON.parse(JSON.stringify(request.input));
    if (operation !== 'hub.whoami') this.calls.push({ operation, input, key });
    try {
      const answer = this.answers.get(operation) ?? ((given) => this.#usual(operation, given));
      resolve({ output: answer(input), isDeduplicated: false });
    } catch (error) {
      reject(error);
    }
  }

  #usual(operation: string, input: Record<string, unknown>): unknown {
    const task = this.tasks.get(String(input['taskId'] ?? input['id']));
    if (operation === 'agent.connect') {
      const sessionId = input['sessionId'] ?? 'ses_000000000000000000001';
      return { sessionId, beatMs: this.beatMs, cursor: this.#seq, taskId: this.offered };
    }
    if (operation === 'hub.whoami') return { name: 'ada' };
    if (operation === 'agent.heartbeat') return { leaseUntilMs: 1, taskId: this.inHand };
    if (operation.startsWith('agent.')) return {};
    if (task === undefined) throw new SignalboxError('not_found', 'no such task');
    if (operation === 'task.show') return { task, attempts: [], children: [] };
    if (input['fence'] !== task.fence) throw new SignalboxError('stale_fence', 'another holds it');
    if (operation === 'task.progress') {
      return { id: task.id, state: task.state, fence: task.fence, stop: null };
    }
    if (operation !== 'task.accept') return { id: task.id, state: task.state, fence: task.fence };
    return { task, lastFailure: this.failures.get(task.id) ?? null };
  }
}

let lastTask = 0;

export function newTask(fields: Partial<Task> = {}): Task {
  const id = `tsk_${String(++lastTask).padStart(21, '0')}`;
  return aTask({ id, fence: lastTask, ...fields });
}

export interface Bench {
  place: Place;
  hub: ScriptedHub;
  /** A bare repository with one commit. */
  url: string;
  repository: NonNullable<Task['repository']>;
  events: SidecarEvent[];
  start: (script: string, options?: Partial<SidecarOptions>, clock?: Clock) => Started;
  /** Waits until the hub has been called so. */
  called: (operation: string, count?: number) => Promise<Record<string, unknown>>;
  heard: <Kind extends SidecarEvent['kind']>(kind: Kind, count?: number) => Promise<Told<Kind>>;
  close: () => Promise<void>;
}

type Told<Kind> = Extract<SidecarEvent, { kind: Kind }>;

export interface Started {
  drain: () => void;
  stop: () => void;
  ended: Promise<void>;
}

const WAIT = { timeout: 15_000, interval: 5 };

export async function makeBench(): Promise<Bench> {
  const place = await makePlace();
  const url = await place.remote('app', { 'README.md': 'one\n', '.gitignore': 'ignored\n' });
  // As where somebody keeps their home folder in git: nothing of ours may ever get in there.
  await place.plain(place.dir, 'init', '--quiet');
  const hub = new ScriptedHub();
  const events: SidecarEvent[] = [];
  const started: Started[] = [];
  return {
    place,
    hub,
    url,
    repository: { id: `rep_${'0'.repeat(21)}`, url, baseBranch: null },
    events,
    start(script, options = {}, clock) {
      const drain = new AbortController();
      const stop = new AbortController();
      const ended = runSidecar(
        {
          name: 'ada',
          url: 'http://127.0.0.1:8080',
          token: 'sbx_secret',
          capabilities: ['ts'],
          command: ['sh', '-c', script],
          dataDir: place.path('data'),
          env: { ...place.env, OUT: place.path('out') },
          ...options,
        },
        {
          say: (event) => events.push(event),
          drain: drain.signal,
          stop: stop.signal,
          clock,
          transport: () => hub.transport(),
        },
      );
      const one = { drain: () => drain.abort(), stop: () => stop.abort(), ended };
      ended.catch(() => {});
      started.push(one);
      return one;
    },
    async called(operation, count = 1) {
      const inputs = await vi.waitFor(() => atLeast(hub.inputsOf(operation), count), WAIT);
      return inputs[count - 1] ?? {};
    },
    heard: (kind, count = 1) => vi.waitFor(() => nthOf(events, kind, count), WAIT),
    async close() {
      if (started.length > 0) hub.reconnect();
      for (const { stop } of started) stop();
      await Promise.allSettled(started.map(({ ended }) => ended));
      await place.remove();
    },
  };
}

function atLeast<Item>(items: Item[], count: number): Item[] {
  if (items.length < count) throw new Error(`${items.length} of ${count}`);
  return items;
}

function nthOf<Kind extends SidecarEvent['kind']>(
  events: SidecarEvent[],
  kind: Kind,
  count: number,
): Told<Kind> {
  const found = events.filter((event): event is Told<Kind> => event.kind === kind)[count - 1];
  if (found !== undefined) return found;
  throw new Error(`no ${kind} yet: ${events.map((event) => event.kind).join(', ')}`);
}

export function dataFolder(place: Place): string {
  return join(place.path('data'), 'ada@127.0.0.1_8080');
}
