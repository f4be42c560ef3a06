/** docs/guides/webhooks.md, line by line: its receiver, and its commands against a real hub. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type Ended, type Home, makeHome } from './fixture.ts';
import { freePort } from '../../test/support/free-port.ts';

const guide = readFileSync(join(import.meta.dirname, '../../docs/guides/webhooks.md'), 'utf8');
const WAIT = { timeout: 15_000, interval: 20 };

let home: Home;
const enders: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  home = await makeHome();
});
afterEach(async () => {
  for (const end of enders.splice(0)) await end();
  await home.close();
});

/** What stands between the fences of one language, block by block. */
function blocks(language: string): string[] {
  return [...guide.matchAll(/^```(\w+)\n([^]*?)^```$/gm)]
    .filter(([, name]) => name === language)
    .map(([, , body = '']) => body);
}

/** The commands of the guide, in order, as words; the shell's part of a line is left out. */
const commands = blocks('sh')
  .flatMap((block) => block.trim().split('\n'))
  .map((line) => /signalbox ([^)]*)/.exec(line)?.[1] ?? '')
  .filter((line) => line !== '');

function wordsOf(line: string, places: Record<string, string>): string[] {
  const words = line.match(/"[^"]*"|\S+/g) ?? [];
  return words.map((word) => places[word] ?? word.replaceAll('"', ''));
}

/** The receiver of the guide, on a port that is free. */
async function receiver(secret: string, port: number): Promise<() => string> {
  const [code = ''] = blocks('js');
  const file = join(home.root, 'receiver.mjs');
  await writeFile(file, code.replace('9000', String(port)));
  const child = spawn(process.execPath, [file], { env: { WEBHOOK_SECRET: secret } });
  const ended = once(child, 'close');
  enders.push(async () => (child.kill('SIGKILL'), ended));
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  await vi.waitUntil(() => said.includes('listening'), WAIT);
  return () => said;
}

test('every command of the guide runs, and its receiver takes what is genuine', async () => {
  const port = await freePort();
  const places: Record<string, string> = {
    'http://127.0.0.1:9000/': `http://127.0.0.1:${port}/`,
  };
  const did: Record<string, Ended> = {};
  let said = (): string => '';
  for (const line of commands) {
    const words = wordsOf(line, places);
    if (words[0] === 'start') {
      // The second start shows an option: this hub is there already.
      if (did['start'] !== undefined) continue;
      await home.start([...words, '--port', '0']).until('answers at');
      did['start'] = { code: 0, stdout: '', stderr: '' };
      continue;
    }
    // There is none that is dead.
    if (line.includes('redrive')) continue;
    const ended = await home.run(words);
    expect(ended, line).toMatchObject({ code: 0 });
    did[words.slice(0, 2).join(' ')] = ended;
    if (words[1] === 'add') {
      said = await receiver(ended.stdout.trim(), port);
      places['ID'] = /whk_\w+/.exec(ended.stderr)?.[0] ?? '';
    }
    if (words[0] === 'task') await vi.waitUntil(() => said().includes('task.queued tsk_'), WAIT);
    if (words[1] === 'deliveries' && words.includes('dead')) {
      expect(ended.stdout).toBe('No deliveries.\n');
    }
  }
  expect(said()).toContain(`webhook.test ${places['ID']}`);
  expect(did['webhook test']?.stdout).toMatch(/^arrived: 200 after .*\n\nthank you\n$/);
  expect(did['webhook list']?.stdout).toMatch(/active +standard/);
  expect(did['webhook rotate']?.stdout).toMatch(/^whsec_\S+\n$/);
  expect(commands.length).toBeGreaterThan(10);
}, 60_000);

test('the receiver of the guide refuses what is not genuine, and the test of the webhook says so', async () => {
  const port = await freePort();
  const hub = ['start', '--port', '0', '--webhook-allow', '127.0.0.1'];
  await home.start(hub).until('answers at');
  const added = await home.run(['webhook', 'add', `http://127.0.0.1:${port}/`]);
  const id = /whk_\w+/.exec(added.stderr)?.[0] ?? '';
  const other = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const said = await receiver(other, port);
  const tested = await home.run(['webhook', 'test', id]);
  expect([tested.code, tested.stdout]).toEqual([
    69,
    'not arrived: it answered 401\n\nnot genuine\n',
  ]);
  expect(said()).toBe('listening\n');
  const asJson = await home.run(['--json', 'webhook', 'test', id]);
  expect([asJson.code, JSON.parse(asJson.stdout)]).toMatchObject([
    69,
    { isDelivered: false, status: 401 },
  ]);
  const nothing = await home.run(['webhook', 'redrive', `whd_${'0'.repeat(21)}`]);
  expect([nothing.code, nothing.stderr]).toEqual([
    66,
    expect.stringContaining('there is no delivery'),
  ]);
}, 60_000);

test.each([
  [['webhook', 'add', 'https://example.org/', '--event', 'task.ded'], 64, 'task.dead'],
  [['webhook', 'add', 'http://10.0.0.1/'], 64, '--webhook-allow 10.0.0.1'],
  [['webhook', 'add', 'https://example.org/', '--secret', 'abc'], 64, 'whsec_'],
  [['start', '--port', '0', '--webhook-allow', '10.0.0.0/99'], 64, '10.0.0.0/99 is no range'],
])(
  '%j is refused with what to do',
  async (words, code, told) => {
    await home.start(['start', '--port', '0', '--no-verifier']).until('answers at');
    const data = join(home.root, 'other');
    const more = words[0] === 'start' ? ['--data', data] : [];
    const ended = await home.run([...words, ...more]);
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(told)]);
  },
  60_000,
);
