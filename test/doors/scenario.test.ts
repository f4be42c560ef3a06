/**
 * One scenario through every door: the same replies, the same refusals, and what is taken through
 * one is seen through all others.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { AgentCoordinationClient, connect, type Client } from '../../src/client/index.ts';
import { ErrorBody, errorTable, SignalboxError } from '../../src/contract/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { serve } from '../../src/doors/serve.ts';
import { testFolder } from '../support/engines.ts';
import { openTestHub, REPOSITORY } from '../support/hub.ts';

/** What came of asking for a lock: yes, or the code and the words of the refusal. */
type Outcome = 'granted' | { code: string; message: string };

interface Door {
  name: string;
  acquire: (path: string) => Promise<Outcome>;
  release: () => Promise<void>;
  /** The agents that hold something. */
  holders: () => Promise<string[]>;
}

const Refusal = z.object({ code: z.string(), message: z.string() });
/** What any wire answers, as far as the scenario looks at it. */
const Answer = z.object({ error: Refusal.optional() });
const Listed = z.object({ items: z.array(z.object({ agent: z.string() })) });
const ToolAnswer = z.object({
  isError: z.boolean().optional(),
  structuredContent: z.object({
    error: Refusal.optional(),
    holders: z.array(z.string()).optional(),
  }),
});
const RpcAnswer = z.object({ id: z.int(), result: z.unknown() });

interface Hub {
  url: string;
  token: string;
  session: string;
}

async function outcomeOf(call: Promise<unknown>): Promise<Outcome> {
  try {
    await call;
    return 'granted';
  } catch (error) {
    if (!(error instanceof SignalboxError)) throw error;
    return { code: error.code, message: error.message };
  }
}

function byClient(name: string, transport: 'http' | 'socket', { url, token, session }: Hub): Door {
  const client: Client = connect({ url, token, transport });
  onTestFinished(() => client.close());
  const holder = { session };
  return {
    name,
    acquire: (path) =>
      outcomeOf(client.lock.acquire({ holder, items: [{ path, repository: REPOSITORY }] })),
    release: async () => void (await client.lock.release({ holder })),
    holders: async () => (await client.lock.list({})).items.map(({ agent }) => agent),
  };
}

function byHttp({ url, token, session }: Hub): Door {
  const holder = { session };
  const post = async (operation: string, body: unknown): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const answer = await fetch(`${url}/v1/${operation}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return answer.json();
  };
  return {
    name: 'plain HTTP',
    async acquire(path) {
      const items = [{ path, repository: REPOSITORY }];
      const { error } = Answer.parse(await post('lock.acquire', { holder, items }));
      return error ?? 'granted';
    },
    release: async () => void (await post('lock.release', { holder })),
    holders: async () => Listed.parse(await post('lock.list', {})).items.map(({ agent }) => agent),
  };
}

function byCoordination({ url, token, session }: Hub): Door {
  const client = new AgentCoordinationClient({
    url,
    apiKey: token,
    sessionId: session,
    repository: REPOSITORY,
  });
  onTestFinished(() => client.close());
  return {
    name: 'AgentCoordinationClient',
    acquire: (path) => outcomeOf(client.acquire_lock({ paths: [path] })),
    release: async () => void (await client.release_lock()),
    holders: async () => (await client.check_locks()).locks.map(({ agent }) => agent),
  };
}

type CallTool = (name: string, args: object) => Promise<unknown>;

function byTools(name: string, call: CallTool): Door {
  return {
    name,
    async acquire(path) {
      const answer = ToolAnswer.parse(await call('acquire_lock', { paths: [path] }));
      const { error } = answer.structuredContent;
      expect(answer.isError === true).toBe(error !== undefined);
      return error ?? 'granted';
    },
    release: async () => void (await call('release_lock', {})),
    async holders() {
      const { structuredContent } = ToolAnswer.parse(await call('check_locks', {}));
      return structuredContent.holders ?? [];
    },
  };
}

/** The older revision begins with a handshake; the newer one says all with each request. */
const MODERN = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

function byMcpHttp(revision: 'older' | 'newer', { url, token, session }: Hub): Door {
  let id = 0;
  const isNewer = revision === 'newer';
  const call: CallTool = async (name, args) => {
    const headers: Record<string, string> = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'x-session-id': session,
      'mcp-protocol-version': isNewer ? '2026-07-28' : '2025-11-25',
      ...(isNewer ? { 'mcp-method': 'tools/call', 'mcp-name': name } : {}),
    };
    const params = { name, arguments: args, ...(isNewer ? { _meta: MODERN } : {}) };
    const body = JSON.stringify({ jsonrpc: '2.0', id: ++id, method: 'tools/call', params });
    const answer = await fetch(`${url}/mcp`, { method: 'POST', headers, body });
    const text = await answer.text();
    const json = text.startsWith('{') ? text : (/^data: (.*)$/m.exec(text)?.[1] ?? text);
    return RpcAnswer.parse(JSON.parse(json)).result;
  };
  return byTools(`MCP over HTTP, ${revision} revision`, call);
}

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

function environment({ url, token, session }: Hub): Record<string, string> {
  const home = testFolder();
  return {
    PATH: process.env['PATH'] ?? '',
    HOME: home,
    SIGNALBOX_URL: url,
    SIGNALBOX_TOKEN: token,
    SESSION_ID: session,
    SIGNALBOX_REPOSITORY: REPOSITORY,
  };
}

function byMcpStdio(hub: Hub, cwd: string): Door {
  const child = spawn(process.execPath, [MAIN, 'mcp'], { cwd, env: environment(hub) });
  onTestFinished(async () => {
    child.stdin.end();
    if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve));
  });
  const waiting = new Map<number, (result: unknown) => void>();
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const message = RpcAnswer.parse(JSON.parse(line));
      waiting.get(message.id)?.(message.result);
    }
  });
  let id = 0;
  const ask = (method: string, params: object): Promise<unknown> =>
    new Promise((resolve) => {
      waiting.set(++id, resolve);
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    });
  const about = { name: 'test', version: '1' };
  const begun = ask('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: about,
  });
  return byTools('MCP over stdio', async (name, args) => {
    await begun;
    return ask('tools/call', { name, arguments: args });
  });
}

function byCommandLine(hub: Hub, cwd: string): Door {
  const run = (words: string[]): Promise<{ code: number | null; out: string; err: string }> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [MAIN, ...words, '--json'], {
        cwd,
        env: environment(hub),
      });
      let [out, err] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
      child.once('close', (code) => resolve({ code, out, err }));
    });
  return {
    name: 'command line',
    async acquire(path) {
      const { code, err } = await run(['lock', 'acquire', path]);
      if (code === 0) return 'granted';
      const error = ErrorBody.parse(JSON.parse(err));
      expect(code).toBe(errorTable[error.code].exit);
      return error;
    },
    release: async () => void (await run(['lock', 'release'])),
    async holders() {
      const { out } = await run(['lock', 'list']);
      return Listed.parse(JSON.parse(out)).items.map(({ agent }) => agent);
    },
  };
}

test('every door says the same of the same locks', { timeout: 60_000 }, async () => {
  const hub = await openTestHub('sqlite file');
  const server = await serve(hub.hub, {
    host: '127.0.0.1',
    port: 0,
    version: '0.0.0',
    clock: systemClock(),
  });
  onTestFinished(() => server.close());
  hub.hub.start();
  const root = await hub.as('root', 'admin');
  const cwd = testFolder();
  mkdirSync(join(cwd, '.git'));
  writeFileSync(join(cwd, '.git', 'HEAD'), 'ref: refs/heads/main\n');
  const make: ((place: Hub) => Door)[] = [
    byHttp,
    (place) => byClient('client over HTTP', 'http', place),
    (place) => byClient('client over a socket', 'socket', place),
    byCoordination,
    (place) => byMcpHttp('older', place),
    (place) => byMcpHttp('newer', place),
    (place) => byMcpStdio(place, cwd),
    (place) => byCommandLine(place, cwd),
  ];
  const doors: Door[] = [];
  for (const [at, one] of make.entries()) {
    const { secret } = await root.token.create({ agent: `agent${at}` });
    doors.push(one({ url: server.url, token: secret, session: `s${at}` }));
  }
  for (const [at, door] of doors.entries()) {
    expect(await door.acquire('src/**'), door.name).toBe('granted');
    for (const [other, asking] of doors.entries()) {
      if (other === at) continue;
      const refused = await asking.acquire('src/main.ts');
      const where = `${asking.name} beside ${door.name}`;
      expect(refused, where).toMatchObject({ code: 'conflict' });
      const held = `src/main.ts (by src/**) is held by agent${at} until `;
      expect(refused, where).toMatchObject({ message: expect.stringContaining(held) });
      expect(await asking.holders(), where).toEqual([`agent${at}`]);
    }
    for (const odd of ['/etc/passwd', '../x', '{a']) {
      const refused = await door.acquire(odd);
      expect(refused, `${door.name}: ${odd}`).toMatchObject({ code: 'invalid_input' });
    }
    await door.release();
    expect(await door.holders(), door.name).toEqual([]);
  }
});
