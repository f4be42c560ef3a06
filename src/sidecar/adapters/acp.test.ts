import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from '../../core/clock.ts';
import type { Progress, Running } from '../adapter.ts';
import { acpAdapter } from './acp.ts';

const AGENT = join(import.meta.dirname, 'acp.fixture.ts');
let folder: string;
let running: Running | undefined;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'sidecar-acp-')));
});
afterEach(async () => {
  running?.stop();
  await running?.exit;
  await rm(folder, { recursive: true, force: true });
});

interface Talk extends Running {
  heard: Progress[];
  troubles: string[];
}

function talk(way: string, command = [process.execPath, AGENT, way]): Talk {
  const heard: Progress[] = [];
  const troubles: string[] = [];
  const environment = { PATH: process.env['PATH'] ?? '', SIGNALBOX_TASK_FILE: folder };
  const marker = (): string => `SIGNALBOX_TASK_FILE=${folder}`;
  const started = acpAdapter({ clock: systemClock(), marker })({
    command,
    folder,
    environment,
    prompt: 'Make a file.',
    promptFile: '',
    onProgress: (progress) => void heard.push(progress),
    onTrouble: (message) => void troubles.push(message),
  });
  running = started;
  return { ...started, heard, troubles };
}

const file = (name: string): string => readFileSync(join(folder, name), 'utf8');
const wrote = (name: string) => (): void => expect(existsSync(join(folder, name))).toBe(true);

test('an agent gets one prompt, may edit in its folder and nothing else, and answers', async () => {
  const { exit, heard } = talk('works');
  const { code, error, log, told } = await exit;
  expect({ code, error }).toEqual({ code: 0, error: null });
  expect(told).toEqual({
    use: {
      model: null,
      inputTokens: 10,
      cachedInputTokens: 3,
      outputTokens: 5,
      costMicros: 250_000,
      contextTokens: 30,
      contextTokensMax: 100,
    },
    hasAnswer: true,
    result: 'I made a file.',
    failure: null,
    limit: null,
  });
  expect(JSON.parse(file('prompt.json'))).toEqual([{ type: 'text', text: 'Make a file.' }]);
  expect(file('made.txt')).toBe('made\n');
  expect(log.split('\n')).toEqual([
    '→ Write made.txt',
    'It was not allowed: edit /etc/passwd',
    `It was not allowed: execute ${folder}/made.txt`,
    'I made a file.',
    '',
  ]);
  expect(heard[0]?.note).toBe('Write made.txt');
});

test('what it prints that is no message goes to the log, and the talk goes on', async () => {
  const { exit, troubles } = talk('babbles');
  const { told, log } = await exit;
  expect(told?.result).toBe('I made a file.');
  expect(log).toContain('hello\n{"jsonrpc":"2.0"\n[1]\n');
  expect(troubles).toHaveLength(1);
});

test('what it answers though nobody asked goes to the log, and not to the library', async () => {
  const { told, log } = await talk('answers what nobody asked').exit;
  expect(told?.result).toBe('I made a file.');
  expect(log).toContain('"result":{}}\n');
});

test('an agent that does not end by itself after its answer is ended', async () => {
  const { exit } = talk('stays');
  expect(await exit).toMatchObject({ code: 0, signal: null, told: { hasAnswer: true } });
});

test.each([
  ['refuses', /Sign in first/, null],
  ['dies', /ended before it had answered/, null],
  ['limited', /429 rate limit/, { untilMs: expect.any(Number) }],
  ['nests', /^Too deep\.$/, null],
  ['floods', /^It was ended: .* messages waited/, null],
  ['never reads', /^It was ended: it did not read/, null],
])('an agent that %s has failed in its words', async (way, words, limit: unknown) => {
  const { told } = await talk(way).exit;
  const failure: unknown = expect.stringMatching(words);
  expect(told).toMatchObject({ hasAnswer: false, failure, limit });
});

test('a program that is no agent at all is told as failed', async () => {
  const { told, code } = await talk('', ['sh', '-c', 'echo no; exit 2']).exit;
  expect({ told, code }).toMatchObject({ code: 2, told: { hasAnswer: false } });
  const missing = await talk('', ['no-such-program-here']).exit;
  expect(missing.error).toMatchObject({ code: 'ENOENT' });
});

test.each([
  ['waits', 2_500],
  ['ignores', 12_000],
])(
  'an agent that %s when it is asked to cancel is ended in the end',
  async (way, mostMs) => {
    const { exit, stop } = talk(way);
    await vi.waitFor(wrote('waiting'), 10_000);
    const before = performance.now();
    stop();
    stop();
    const { told, log } = await exit;
    expect(told?.hasAnswer).toBe(false);
    expect(log).toContain('Waiting.');
    expect(performance.now() - before).toBeLessThan(mostMs);
  },
  20_000,
);
