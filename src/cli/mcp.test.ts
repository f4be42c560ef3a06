/** `signalbox mcp` as its clients meet it: a process that speaks MCP, with no hub anywhere. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { type Home, makeHome } from './fixture.ts';
import { hubStateFile } from './place/places.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const Message = z.looseObject({
  id: z.int().nullish(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
});
const Result = z.looseObject({
  isError: z.boolean().optional(),
  content: z.array(z.looseObject({ text: z.string() })),
});
const Word = z.looseObject({ pid: z.int(), url: z.string() });

let home: Home;
const children: ChildProcess[] = [];

beforeEach(async () => {
  home = await makeHome();
});

afterEach(async () => {
  for (const child of children.splice(0)) {
    child.stdin?.end();
    if (child.exitCode === null) await once(child, 'exit');
  }
  await endHub();
  await home.close();
});

const stateFile = (): string => hubStateFile(home.env);

/** The hub that the test has started without naming it. */
async function endHub(): Promise<void> {
  const text = await readFile(stateFile(), 'utf8').catch(() => undefined);
  if (text === undefined) return;
  const { pid } = Word.parse(JSON.parse(text));
  process.kill(pid, 'SIGTERM');
  const isGone = (): boolean => {
    try {
      process.kill(pid, 0);
      return false;
    } catch {
      return true;
    }
  };
  await vi.waitFor(() => expect(isGone()).toBe(true), { timeout: 10_000 });
}

interface Served {
  child: ChildProcess;
  write: (text: string) => void;
  ask: (method: string, params?: object) => Promise<z.infer<typeof Message>>;
  call: (name: string, args?: object) => Promise<z.infer<typeof Result>>;
  heard: z.infer<typeof Message>[];
}

function serve(env: Record<string, string> = {}): Served {
  const own = { ...home.env, AGENT_ID: 'claude-code-1', AGENT_TYPE: 'claude_code', ...env };
  const child = spawn(process.execPath, [MAIN, 'mcp'], { cwd: home.root, env: own });
  children.push(child);
  const heard: z.infer<typeof Message>[] = [];
  let rest = '';
  child.stdout.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n');
    rest = lines.pop() ?? '';
    heard.push(...lines.map((line) => Message.parse(JSON.parse(line))));
  });
  const write = (text: string): void => void child.stdin.write(text);
  let last = 0;
  const ask = async (method: string, params: object = {}) => {
    const id = ++last;
    write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    return vi.waitFor(
      () => {
        const answer = heard.find((message) => message.id === id);
        if (answer === undefined) throw new Error(`${method} is not answered`);
        return answer;
      },
      { timeout: 30_000, interval: 10 },
    );
  };
  const call = async (name: string, args: object = {}) =>
    Result.parse((await ask('tools/call', { name, arguments: args })).result);
  return { child, write, ask, call, heard };
}

const begin = { capabilities: {}, clientInfo: { name: 'test', version: '1' } };

test.each(['2025-11-25', '2025-06-18', '2025-03-26'])(
  'a client of the revision %s is answered in it',
  async (protocolVersion) => {
    const mcp = serve();
    const { result } = await mcp.ask('initialize', { ...begin, protocolVersion });
    expect(result).toMatchObject({ protocolVersion, serverInfo: { name: 'signalbox' } });
    const said = await mcp.call('acquire_lock', { names: ['db:schema'] });
    expect(said.content[0]?.text).toMatch(/^Yours: db:schema \(lck_/);
    const { result: read } = await mcp.ask('resources/read', { uri: 'locks://current' });
    expect(JSON.stringify(read)).toContain('db:schema');
  },
);

test('ten that find no hub start one, and all reach it', async () => {
  const all = Array.from({ length: 10 }, (_, at) => serve({ AGENT_ID: `agent-${at}` }));
  const beganMs = performance.now();
  await Promise.all(
    all.map(({ ask }) => ask('initialize', { ...begin, protocolVersion: '2025-11-25' })),
  );
  // A client of MCP gives its servers little time; the hub is waited for by the first tool.
  expect(performance.now() - beganMs).toBeLessThan(15_000);
  await Promise.all(all.map(({ call }, at) => call('acquire_lock', { names: [`port:${at}`] })));
  const texts = await Promise.all(
    all.map(async ({ call }) => (await call('check_locks')).content[0]?.text ?? ''),
  );
  for (const text of texts) expect(text.match(/granted: port:/g)).toHaveLength(10);
});

test('what a client leaves behind is free when it closes its end', async () => {
  const [one, two] = [serve(), serve({ AGENT_ID: 'bob' })];
  await one.ask('initialize', { ...begin, protocolVersion: '2025-11-25' });
  await two.ask('initialize', { ...begin, protocolVersion: '2025-11-25' });
  await one.call('acquire_lock', { names: ['db:schema'] });
  const refused = await two.call('acquire_lock', { names: ['db:schema'] });
  expect(refused.isError).toBe(true);
  expect(refused.content[0]?.text).toMatch(/db:schema is held by claude-code-1 until[^]*wait/);
  one.child.stdin?.end();
  await once(one.child, 'exit');
  expect((await two.call('acquire_lock', { names: ['db:schema'] })).isError).toBeUndefined();
});

test('frames that are cut, garbled or vast are refused, and the work goes on', async () => {
  const mcp = serve();
  await mcp.ask('initialize', { ...begin, protocolVersion: '2025-11-25' });
  mcp.write('{"jsonrpc": "2.0", "id": 90, "method": "tools/li\n');
  mcp.write('garbage\n\n[]\n{}\n\u0000\u0001\n');
  mcp.write(`${JSON.stringify({ jsonrpc: '2.0', id: 91, method: 'no/such', params: {} })}\n`);
  mcp.write(`${JSON.stringify({ jsonrpc: '2.0', id: 92, result: {} })}\n`);
  const odd = await mcp.call('acquire_lock', { paths: 5 });
  expect(odd.isError).toBe(true);
  const unknown = await mcp.ask('tools/call', { name: 'rm', arguments: {} });
  expect(JSON.stringify(unknown)).toMatch(/rm/);
  expect(mcp.heard.find(({ id }) => id === 91)?.error).toMatchObject({ code: -32601 });
  expect((await mcp.call('check_locks')).content[0]?.text).toBe('Nobody holds anything.');
});

test('a client that leaves while a hub is awaited does not wait for it', async () => {
  const file = join(dirname(stateFile()), 'hub.starting');
  await mkdir(dirname(file), { recursive: true });
  // Somebody who lives is starting one, and does not come to an end.
  await writeFile(file, String(process.pid));
  const mcp = serve();
  await mcp.ask('initialize', { ...begin, protocolVersion: '2025-11-25' });
  const beganMs = performance.now();
  mcp.child.stdin?.end();
  await once(mcp.child, 'exit');
  expect(performance.now() - beganMs).toBeLessThan(10_000);
});
