/**
 * What the CLIs print, as it was captured from the real programs in the version that the name of
 * the file gives, and what it comes to.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Progress, Told } from '../adapter.ts';
import { claude } from './claude.ts';
import type { Cli } from './cli.ts';
import { codex } from './codex.ts';
import { copilot } from './copilot.ts';
import { gemini } from './gemini.ts';
import { createOutput } from './output.ts';

const FOLDER = join(import.meta.dirname, 'captured');
const NOW_MS = Date.UTC(2026, 10, 21, 11, 10, 30);

interface Played {
  told: Told;
  log: string;
  notes: (string | null)[];
  last: Progress | undefined;
  troubles: string[];
}

function play(cli: Cli, text: string, hasFailed = false): Played {
  const heard: Progress[] = [];
  const troubles: string[] = [];
  const job = {
    folder: '/home/ada/app',
    onProgress: (progress: Progress) => void heard.push(progress),
    onTrouble: (message: string) => void troubles.push(message),
  };
  const output = createOutput({ name: cli.program, job, translate: cli.translator() });
  output.push(Buffer.from(text), 'stdout');
  const { told, log } = output.end({ nowMs: NOW_MS, hasFailed });
  const notes = [...new Set(heard.map(({ note }) => note))];
  return { told, log, notes, last: heard.at(-1), troubles };
}

const captured = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');
const NOTHING = { contextTokens: null, contextTokensMax: null, costMicros: null };

test.each([
  {
    cli: claude,
    file: 'claude-2.1.329-done.jsonl',
    notes: [null, 'Write free.txt', 'I wrote free.txt.'],
    use: {
      model: 'claude-scripted',
      costMicros: 48,
      contextTokens: 2,
      contextTokensMax: 1_000_000,
    },
  },
  {
    cli: codex,
    file: 'codex-0.169.0-done.jsonl',
    notes: ['edit free.txt', 'I wrote free.txt.'],
    use: { ...NOTHING, model: null },
  },
  {
    cli: gemini,
    file: 'gemini-0.61.0-done.jsonl',
    notes: [null, 'write_file free.txt', 'I wrote free.txt.'],
    use: { ...NOTHING, model: 'gemini-2.5-flash' },
  },
  {
    cli: copilot,
    file: 'copilot-1.0.102-done.jsonl',
    notes: [null, 'create free.txt', 'I wrote free.txt.'],
    use: { ...NOTHING, model: 'claude-sonnet-4', inputTokens: 0, outputTokens: 0 },
  },
])('$file: what it did, what it used, its last words', ({ cli, file, notes, use }) => {
  const { told, troubles, ...played } = play(cli, captured(file));
  expect(played.notes).toEqual(notes);
  expect(told).toEqual({
    use: { inputTokens: 2, cachedInputTokens: 0, outputTokens: 2, ...use },
    hasAnswer: true,
    result: 'I wrote free.txt.\nIt says hello.',
    failure: null,
    limit: null,
  });
  expect(played.last?.use).toEqual(told.use);
  expect(played.log).toMatch(/^→ .*free\.txt\nI wrote free\.txt\.\nIt says hello\.\n$/);
  expect(troubles).toEqual([]);
});

test.each([
  { cli: claude, file: 'claude-2.1.329-limited.jsonl', words: 'rate limit' },
  { cli: codex, file: 'codex-0.169.0-limited.jsonl', words: 'hit your usage limit', isTimed: true },
  { cli: gemini, file: 'gemini-0.61.0-limited.jsonl', words: 'exhausted your daily quota' },
  { cli: copilot, file: 'copilot-1.0.102-limited.jsonl', words: 'rate limit' },
])('$file: the account may not be used for now', ({ cli, file, words, isTimed = false }) => {
  const { told } = play(cli, captured(file), true);
  const untilMs: unknown = isTimed ? expect.any(Number) : null;
  const failure: unknown = expect.stringContaining(words);
  expect(told).toMatchObject({ hasAnswer: false, failure, limit: { untilMs } });
});

test.each([
  { cli: claude, file: 'claude-2.1.329-failed.jsonl' },
  { cli: codex, file: 'codex-0.169.0-failed.jsonl' },
  { cli: gemini, file: 'gemini-0.61.0-failed.jsonl' },
  { cli: copilot, file: 'copilot-1.0.102-failed.jsonl' },
])('$file: it failed in its own words', ({ cli, file }) => {
  const { told } = play(cli, captured(file), true);
  const failure: unknown = expect.stringContaining('Bad thing.');
  expect(told).toMatchObject({ hasAnswer: false, failure, limit: null });
});

test('whatever is cut off, doubled or broken in what was captured, each of them goes on', () => {
  const clis: Record<string, Cli> = { claude, codex, gemini, copilot };
  for (const file of readdirSync(FOLDER)) {
    const cli = clis[file.split('-')[0] ?? ''] ?? claude;
    const text = captured(file);
    for (let at = 0; at < text.length; at += 97) {
      const broken = `${text.slice(0, at)}\n${text.slice(at).replaceAll('"type"', '"typ"')}${text}`;
      const whole = `{"type":"result"}\n{"type":"assistant","message":7}\n[1]\n{"type":null}\n`;
      expect(() => play(cli, `${broken}\n${whole}{"type":"result","stats":{}}`)).not.toThrow();
    }
  }
});

test('what is no line of its stream is kept for people, and a broken one is told once', () => {
  const half = '{"type":"assistant","mess\n';
  const { log, troubles, told } = play(claude, `Warning: old terminal\n${half}${half}`, true);
  expect(log).toBe(`Warning: old terminal\n${half}${half}`);
  expect(troubles).toEqual(['A line that claude printed is no whole JSON.']);
  expect(told).toMatchObject({ hasAnswer: false, failure: null, limit: null });
});

test('a CLI that cannot begin because of a limit says so before its stream', () => {
  const { told } = play(claude, 'Claude AI usage limit reached|1795262400\n', true);
  expect(told).toMatchObject({ failure: null, limit: { untilMs: 1_795_262_400_000 } });
});

test('an agent that writes of rate limits has not met one', () => {
  const words = { type: 'text', text: 'The client now handles 429 and rate limit errors.' };
  const usage = { input_tokens: 3, output_tokens: 4 };
  const message = { id: 'm', model: 'x', usage, content: [words] };
  const text = JSON.stringify({ type: 'assistant', message });
  expect(play(claude, `${text}\n`, true).told.limit).toBeNull();
});
