/** `signalbox bridge` as a process: tokens come by themselves, people are spared, it ends cleanly. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeHome, startScriptedHub, type Home, type ScriptedHub } from './fixture.ts';

let home: Home;
let hub: ScriptedHub;
beforeEach(async () => {
  home = await makeHome();
  hub = await startScriptedHub(home, {
    'token.list': () => ({ items: [{ agent: 'Pat', role: 'operator' }], nextCursor: null }),
    'token.create': (input) => ({ secret: `sbx_${JSON.stringify(input).replaceAll(/\W/g, '')}` }),
    'event.list': () => ({ items: [], nextCursor: 0, headCursor: 0 }),
    'message.read': () => ({ items: [], nextCursor: 0, pending: 0 }),
    'message.send': () => ({
      id: `msg_${'0'.repeat(21)}`,
      recipients: 1,
      createdAtMs: 1,
      cursor: null,
    }),
    'message.list': () => ({ items: [], nextCursor: null }),
  });
});
afterEach(async () => {
  hub.close();
  await home.close();
});

const WAIT = { timeout: 15_000, interval: 20 };
const NAME = '20251204-183000_PING_Pulse_to_Closer.md';

async function inbox(agent: string): Promise<string> {
  const folder = join(home.root, 'signals', `${agent}_inbox`);
  await mkdir(folder, { recursive: true });
  return folder;
}

function tokensOf(operation: string): (string | undefined)[] {
  return hub.asked.filter((asked) => asked.operation === operation).map(({ token }) => token);
}

test('a bridge acts with a token for each agent, and ends cleanly', async () => {
  await inbox('pulse');
  const closer = await inbox('closer');
  await writeFile(join(closer, NAME), 'Over to you\n');
  const args = ['bridge', '--dir', 'signals', '--hub-agents', 'closer', '--interval', '50ms'];
  const bridge = home.start(args);
  await bridge.until(`${NAME} is msg_`);
  await vi.waitFor(() => expect(tokensOf('message.read')).not.toEqual([]), WAIT);
  bridge.child.kill('SIGTERM');
  const { code, stdout, stderr } = await bridge.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('ready; on files: pulse; on the hub: closer');
  expect(await readdir(join(closer, '.processed'))).toEqual([NAME]);
  expect(tokensOf('message.send')).toEqual(['sbx_agentpulseroleagent']);
  expect(new Set(tokensOf('message.read'))).toEqual(new Set(['sbx_agentpulseroleagent']));
});

test('a bridge tells JSON lines where that is asked for', async () => {
  await inbox('pulse');
  const bridge = home.start(['bridge', '--dir', 'signals', '--json']);
  await bridge.until('ready');
  bridge.child.kill('SIGINT');
  const { code, stdout } = await bridge.ended;
  expect(code).toBe(0);
  expect(JSON.parse(stdout.trim())).toMatchObject({ kind: 'ready', files: ['pulse'], hub: [] });
});

test('a folder does not make a person an agent', async () => {
  await inbox('pat');
  const { code, stderr } = await home.run(['bridge', '--dir', 'signals']);
  expect(code).toBe(77);
  expect(stderr).toContain('`pat` is operator at this hub, not an agent.');
  expect(stderr).toContain('--agents');
});

test('tokens for a hub elsewhere are read from a file', async () => {
  await inbox('pulse');
  await writeFile(join(home.root, 'tokens'), 'Pulse: sbx_own\n');
  const args = ['bridge', '--dir', 'signals', '--url', hub.url, '--tokens', 'tokens'];
  const bridge = home.start(args, { env: { SIGNALBOX_TOKEN: 'sbx_of_the_bridge' } });
  await vi.waitFor(() => expect(tokensOf('message.read')).toContain('sbx_own'), WAIT);
  bridge.child.kill('SIGTERM');
  await bridge.ended;
  expect(new Set(tokensOf('message.read'))).toEqual(new Set(['sbx_own']));

  await writeFile(join(home.root, 'tokens'), '- sbx_own\n');
  const { code, stderr } = await home.run(args);
  expect(code).toBe(64);
  expect(stderr).toContain('holds no tokens');
});

test.each([
  [['--dir', 'nowhere'], 'There is no folder'],
  [['--dir', '.'], 'There are 0 inboxes'],
  [['--dir', '.', '--agents', 'a b'], '"a b" is no name of an agent'],
  [['--dir', '.', '--agents', 'a_b', '--hub-agents', 'AB'], '"AB" is named twice'],
  [['--dir', '.', '--interval', 'often'], '--interval does not take'],
])('a bridge with %j is refused', async (args, message) => {
  const { code, stderr } = await home.run(['bridge', ...args]);
  expect(code).toBe(64);
  expect(stderr).toContain(message);
});
