/** `signalbox mcp` as a process: raw frames on its input, and what it says. */
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { limits } from '../contract/index.ts';
import { readHubState } from './place/config.ts';
import { makeHome, type Home } from './fixture.ts';
import { hubStateFile, type Env } from './place/places.ts';

let home: Home;

beforeEach(async () => {
  home = await makeHome();
});
afterEach(async () => {
  const hub = await readHubState(home.env);
  if (hub !== undefined) {
    process.kill(hub.pid, 'SIGTERM');
    await expect.poll(() => readHubState(home.env), { timeout: 15_000 }).toBeUndefined();
  }
  await home.close();
});

const Frame = z.object({
  id: z.int().nullable(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ code: z.int(), message: z.string() }).optional(),
});
type Frame = z.infer<typeof Frame>;

const client = { name: 'Claude Code', version: '1' };
const HELLO = frame(1, 'initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: client,
});

function frame(id: number, method: string, params: object = {}): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

function call(id: number, name: string, args: object = {}): string {
  return frame(id, 'tools/call', { name, arguments: args });
}

/** Says these lines, and reads what was answered by id; stdout holds nothing else. */
async function say(lines: readonly string[], env: Env = {}): Promise<Map<number | null, Frame[]>> {
  const ended = await home.run(['mcp'], { stdin: `${lines.join('\n')}\n`, env });
  expect(ended.code).toBe(0);
  const frames = ended.stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => Frame.parse(JSON.parse(line)));
  return Map.groupBy(frames, ({ id }) => id);
}

/** What `list_agents` tells a model, line by line. */
const Agents = z
  .object({ structuredContent: z.object({ answer: z.string() }) })
  .transform(({ structuredContent }) => structuredContent.answer.split('\n'));

test('an agent is here by the name of its program, with nothing that it did not ask for', async () => {
  const answers = await say([
    HELLO,
    call(2, 'submit_work', { title: 'for somebody' }),
    call(3, 'list_agents'),
  ]);
  expect(Agents.parse(answers.get(3)?.[0]?.result)).toEqual(['tester: idle']);
  const unnamed = await say([HELLO, call(2, 'list_agents')], { AGENT_ID: undefined });
  expect(Agents.parse(unnamed.get(2)?.[0]?.result)).toContain('Claude-Code: idle');
  // What the hub printed when it started is kept nowhere: it holds the admin token.
  const log = await readFile(hubStateFile(home.env).replace('hub.json', 'hub.log'), 'utf8');
  expect(log).not.toContain('sbx_');
  // Each has left with the end of its input.
  const { stdout } = await home.run(['agents', '--json']);
  expect(stdout).not.toContain('"idle"');
});

test('frames that are cut, huge or out of order cost one answer each', async () => {
  const answers = await say([
    'no JSON',
    '{"jsonrpc":"2.0","id":7,"method":"tools/li',
    `"${'a'.repeat(limits.frameBytesMax)}"`,
    `${'['.repeat(5_000)}`,
    '[]',
    '{"id":8}',
    frame(9, 'tools/list'),
    HELLO,
    frame(10, 'nothing/such'),
    frame(11, 'tools/list'),
  ]);
  expect(answers.get(null)?.map(({ error }) => error?.code)).toEqual([
    -32700, -32700, -32600, -32700, -32600,
  ]);
  expect(answers.get(8)?.[0]?.error?.code).toBe(-32600);
  expect(answers.get(9)?.[0]?.error).toMatchObject({ message: 'send initialize first' });
  expect(answers.get(10)?.[0]?.error?.code).toBe(-32601);
  const { tools } = z.object({ tools: z.array(z.unknown()) }).parse(answers.get(11)?.[0]?.result);
  expect(tools.length).toBe(12);
  // Three characters of JSON are taken for a token, which is more than any tokenizer makes of them.
  expect(JSON.stringify(answers.get(11)?.[0]?.result).length / 3).toBeLessThanOrEqual(2_500);
});

test('the newer revision needs no handshake', async () => {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': client,
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const answers = await say([
    frame(1, 'server/discover', { _meta }),
    frame(2, 'tools/call', { name: 'check_inbox', arguments: {}, _meta }),
    frame(3, 'resources/read', { uri: 'locks://current', _meta }),
  ]);
  expect(answers.get(1)?.[0]?.result).toMatchObject({ supportedVersions: ['2026-07-28'] });
  expect(answers.get(2)?.[0]?.result).toMatchObject({ resultType: 'complete' });
  expect(answers.get(3)?.[0]?.result).toMatchObject({ contents: [{ uri: 'locks://current' }] });
});

test('the handshake is answered while there is no hub', async () => {
  const away = { SIGNALBOX_URL: 'http://127.0.0.1:9' };
  const running = home.start(['mcp'], { stdin: `${HELLO}\n`, env: away });
  await running.until('"protocolVersion":"2025-11-25"');
  expect((await running.ended).code).toBe(0);
  expect(running.stderr()).not.toContain('error:');
});

/** As other servers of this kind are configured, with only command and arguments changed. */
const BLOCK = {
  servers: {
    coordination: {
      command: 'signalbox',
      args: ['mcp'],
      env: {
        SUPABASE_URL: 'https://xxx.supabase.co',
        SUPABASE_SERVICE_KEY: '...',
        AGENT_ID: 'claude-code-1',
        AGENT_TYPE: 'claude_code',
      },
    },
  },
};

test('the configuration of the field works with another command', async () => {
  const { env } = BLOCK.servers.coordination;
  const answers = await say([HELLO, call(2, 'list_agents')], env);
  const [agent] = Agents.parse(answers.get(2)?.[0]?.result);
  expect(agent).toBe('claude-code-1: idle, can claude_code');
});
