/** For tests: the command line as a process in a home of its own, and a hub that plays along. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { vi } from 'vitest';
import { WebSocketServer, type WebSocket } from 'ws';
import { z } from 'zod';
import { errorTable, SignalboxError, type Event, type Token } from '../contract/index.ts';
import { hubStateFile, type Env } from './place/places.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const PATIENCE_MS = 15_000;

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  stdin?: string;
  env?: Env;
  /** The home unless told. */
  cwd?: string;
}

/** One that goes on: what it has printed so far, and how it ends. */
export interface Running {
  child: ChildProcess;
  stdout: () => string;
  stderr: () => string;
  /** Waits until stdout and stderr hold this text; throws with all that was printed instead. */
  until: (words: string) => Promise<void>;
  ended: Promise<Ended>;
}

export interface Home {
  root: string;
  env: Env;
  /** Runs a command line to its end. */
  run: (args: readonly string[], options?: RunOptions) => Promise<Ended>;
  start: (args: readonly string[], options?: RunOptions) => Running;
  /** Ends what still runs, and removes everything. */
  close: () => Promise<void>;
}

export async function makeHome(): Promise<Home> {
  const root = await mkdtemp(join(tmpdir(), 'signalbox-cli-'));
  const env: Env = {
    PATH: process.env['PATH'],
    HOME: root,
    XDG_CONFIG_HOME: join(root, 'config'),
    XDG_STATE_HOME: join(root, 'state'),
    XDG_DATA_HOME: join(root, 'data'),
    AGENT_ID: 'tester',
  };
  const running = new Set<Running>();
  const start = (args: readonly string[], options: RunOptions = {}): Running => {
    const started = begin(args, { root, ...options, env: { ...env, ...options.env } });
    running.add(started);
    return started;
  };
  return {
    root,
    env,
    start,
    run: (args, options) => start(args, options).ended,
    async close() {
      for (const { child } of running) child.kill('SIGKILL');
      await Promise.all(Array.from(running, ({ ended }) => ended));
      await rm(root, { recursive: true, force: true });
    },
  };
}

function begin(args: readonly string[], options: RunOptions & { root: string; env: Env }): Running {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: options.cwd ?? options.root,
    env: options.env,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(options.stdin ?? '');
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, stdout, stderr }));
  const until = async (words: string): Promise<void> => {
    const wait = { timeout: PATIENCE_MS, interval: 20 };
    await vi
      .waitUntil(() => (stdout + stderr).includes(words), wait)
      .catch((cause: unknown) => {
        throw new Error(`no "${words}" in:\n${stdout}\n${stderr}`, { cause });
      });
  };
  return { child, stdout: () => stdout, stderr: () => stderr, until, ended };
}

const TOKEN: Token = {
  id: `tok_${'0'.repeat(21)}`,
  agent: 'tester',
  role: 'agent',
  createdAtMs: 0,
  expiresAtMs: null,
  revokedAtMs: null,
  rotatedFrom: null,
};

export type Answers = Record<string, (input: unknown) => unknown>;

export interface Asked {
  operation: string;
  input: unknown;
  token: string | undefined;
}

/** Answers what the test says, over HTTP and sockets, and keeps what it was asked. */
export class ScriptedHub {
  readonly answers: Answers;
  readonly asked: Asked[] = [];
  readonly sockets = new Set<WebSocket>();
  readonly subscriptions: { wire: WebSocket; id: number; after: number }[] = [];
  readonly #server = createServer();
  url = '';

  constructor(answers: Answers) {
    this.answers = answers;
    this.#server.on('request', (request, response) => {
      if (request.url === '/live') return response.end('{}');
      const operation = request.url?.slice('/v1/'.length) ?? '';
      const token = request.headers.authorization?.slice('Bearer '.length);
      void text(request).then((body) => {
        const { status, reply } = this.#answer({ operation, input: JSON.parse(body), token });
        response.writeHead(status).end(JSON.stringify('error' in reply ? reply : reply.ok));
      });
    });
    new WebSocketServer({ server: this.#server }).on('connection', (wire) => this.#serve(wire));
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const { port } = z.object({ port: z.number() }).parse(this.#server.address());
    this.url = `http://127.0.0.1:${port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    for (const wire of this.sockets) wire.terminate();
    this.#server.close();
  }

  tell(news: Event): void {
    for (const { wire, id } of this.subscriptions)
      wire.send(JSON.stringify({ sub: id, event: news }));
  }

  #answer(asked: Asked): { status: number; reply: { ok: unknown } | { error: object } } {
    this.asked.push(asked);
    const answer = this.answers[asked.operation];
    try {
      if (answer === undefined) throw new SignalboxError('unknown_operation', 'No such thing.');
      const ok = answer(asked.input);
      // Its form is looked at; what matters to a test is the secret.
      const isToken = asked.operation === 'token.create' && typeof ok === 'object';
      return { status: 200, reply: { ok: isToken ? { token: TOKEN, ...ok } : ok } };
    } catch (error) {
      if (!(error instanceof SignalboxError)) throw error;
      return { status: errorTable[error.code].http, reply: { error: error.toBody() } };
    }
  }

  #serve(wire: WebSocket): void {
    this.sockets.add(wire);
    const Frame = z.object({
      id: z.number().default(0),
      call: z.string().optional(),
      input: z.unknown().optional(),
      subscribe: z.object({ after: z.number() }).optional(),
      hello: z.object({ token: z.string().optional() }).optional(),
    });
    let token: string | undefined;
    const take = (frame: unknown): void => {
      const { id, call, input, subscribe, hello } = Frame.parse(frame);
      if (hello !== undefined) token = hello.token;
      if (subscribe !== undefined) this.subscriptions.push({ wire, id, after: subscribe.after });
      const reply =
        call === undefined ? { ok: {} } : this.#answer({ operation: call, input, token }).reply;
      wire.send(JSON.stringify(hello === undefined ? { id, ...reply } : { welcome: {} }));
    };
    wire.on('message', (data: Buffer) => [JSON.parse(data.toString())].flat().forEach(take));
  }
}

/** One that the command lines of this home find by themselves. */
export async function startScriptedHub(home: Home, answers: Answers): Promise<ScriptedHub> {
  const hub = new ScriptedHub(answers);
  await hub.listen();
  const dataDir = join(home.root, 'hub');
  await mkdir(dataDir, { recursive: true });
  await writeFile(join(dataDir, 'admin.token'), 'sbx_admin\n', { mode: 0o600 });
  const state = hubStateFile(home.env);
  await mkdir(dirname(state), { recursive: true });
  await writeFile(state, JSON.stringify({ url: hub.url, dataDir, pid: process.pid }));
  return hub;
}
