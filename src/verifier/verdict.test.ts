import { expect, test } from 'vitest';
import { limits, SignalboxError } from '../contract/index.ts';
import { GitError, type GitErrorKind } from '../git/git-error.ts';
import { tooMuch } from './candidate.ts';
import { readable } from './readable.ts';
import type { CheckEnd } from './run-check.ts';
import { Strikes } from './strikes.ts';
import { afterError, afterLandingError, again, later, laterOrReject, reject } from './verdict.ts';
import { endInWords, failureOf, section } from './words.ts';

const first = { count: 0, cause: null, reason: '', inARow: 0, fraction: 0.5 };
const gitError = (kind: GitErrorKind): GitError =>
  new GitError({ kind, message: 'git failed', hint: 'Do this.', stderr: 'remote: no' });

test.each([
  ['not_bare', 'reject'],
  ['bad_name', 'reject'],
  ['not_found', 'release'],
  ['empty', 'release'],
  ['auth', 'release'],
  ['unreachable', 'release'],
  ['rejected', 'release'],
  ['locked', 'release'],
  ['timeout', 'release'],
  ['aborted', 'release'],
  ['other', 'release'],
] as const)('git says %s before the test: %s', (kind, verdict) => {
  expect(afterError(gitError(kind), first)).toMatchObject({
    kind: verdict,
    reason: 'git failed Do this.',
  });
});

test.each([
  ['stale_fence', 'leave'],
  ['conflict', 'leave'],
  ['unavailable', 'leave'],
  ['not_found', 'leave'],
  ['invalid_input', 'reject'],
  ['too_large', 'reject'],
  ['internal', 'release'],
] as const)('the hub says %s: %s', (code, verdict) => {
  expect(afterError(new SignalboxError(code, 'no'), first).kind).toBe(verdict);
});

test('a full disk is nobody’s failed attempt', () => {
  expect(afterError(new Error('ENOSPC: no space left'), first).kind).toBe('release');
});

test('only a plain refusal says that a push did not arrive', () => {
  expect(afterLandingError(gitError('rejected'), first)).toMatchObject({
    kind: 'release',
    cause: 'refused',
    reason: 'git failed Do this.\nremote: no',
  });
  for (const error of [gitError('unreachable'), gitError('timeout'), new Error('?')]) {
    expect(afterLandingError(error, first).kind).toBe('leave');
  }
});

test('what is tried again is tried less and less often, within a bound', () => {
  const waits = Array.from({ length: 40 }, (_, count) => later('x', { ...first, count }).retryInMs);
  expect(waits.toSorted((a, b) => a - b)).toEqual(waits);
  expect(waits[0]).toBeLessThanOrEqual(2_000);
  expect(Math.max(...waits)).toBeLessThanOrEqual(300_000);
  expect(again('x')).toMatchObject({ retryInMs: 0 });
});

test('patience is for one cause in a row, and a success forgets it', () => {
  const strikes = new Strikes();
  const next = () => laterOrReject('stray', 'elsewhere', { ...strikes.of('c'), fraction: 0 });
  for (let round = 0; round < 5; round++) strikes.keep('c', later('away', first));
  for (let round = 0; round < 3; round++) {
    expect(next().kind).toBe('release');
    strikes.keep('c', next());
  }
  strikes.keep('c', { kind: 'leave', reason: 'the lease was lost' });
  expect(next().kind).toBe('reject');
  strikes.keep('c', { kind: 'awaiting' });
  expect(next().kind).toBe('release');
});

test('what goes to the hub is within its bounds', () => {
  const verdict = reject('check_failed', 'x'.repeat(9_000), `${'y'.repeat(99_000)}the end`);
  expect(verdict.reason).toHaveLength(limits.reasonCharsMax);
  expect(verdict.log?.length).toBeLessThanOrEqual(limits.outputCharsMax);
  expect(verdict.log).toMatch(/^\[the first \d+ bytes were cut\]\ny.*the end$/);
  const plain = { policy: null, additions: 0, deletions: 0 };
  const many = Array.from({ length: limits.pathsMax + 1 }, (_, index) => `file-${index}`);
  expect(tooMuch({ ...plain, paths: many.slice(1) })).toBeNull();
  expect(tooMuch({ ...plain, paths: many })).toContain('touches 10001 paths');
  const wide = many.slice(0, 5_000).map((path) => path.padEnd(120, 'x'));
  expect(tooMuch({ ...plain, paths: wide })).toContain('Split it');
});

test('what would move a cursor becomes plain text', () => {
  expect(readable('\u001b]0;title\u0007a\u001b[2Jb\u0000\u009b')).toBe('ab\ufffd\ufffd');
});

test.each<[CheckEnd, string]>([
  [{ kind: 'exit', code: 1 }, 'ended with exit code 1'],
  [{ kind: 'exit', code: 137 }, 'ended with exit code 137 (SIGKILL)'],
  [{ kind: 'exit', code: 250 }, 'ended with exit code 250'],
  [{ kind: 'signal', signal: 'SIGSEGV' }, 'was ended by SIGSEGV'],
  [{ kind: 'timeout', timeoutMs: 600_000 }, 'did not end within 600 s and was stopped'],
  [{ kind: 'flood', bytesMax: 52_428_800 }, 'printed more than 50 MB and was stopped'],
])('the end %j is told as words', (end, words) => {
  const report = { command: 'npm test', result: { end, output: 'out', tookMs: 1_234 }, user: null };
  expect(endInWords(end)).toBe(words);
  expect(failureOf(report)).toBe(`The check \`npm test\` ${words}.`);
  expect(section(report)).toBe(`$ npm test\nout\n[${words}, after 1.2 s]\n`);
});

test('a program that another user cannot reach is explained', () => {
  const result = { end: { kind: 'exit' as const, code: 127 }, output: '', tookMs: 5 };
  const report = { command: 'npm test', result };
  expect(section({ ...report, user: 'nobody' })).toContain('it ran as nobody');
  expect(section({ ...report, user: null })).not.toContain('it ran as');
});
