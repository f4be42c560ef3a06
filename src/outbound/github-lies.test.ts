/** A GitHub, or what stands in its place, that lies. */
import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { SignalboxError } from '../contract/errors.ts';
import { systemClock } from '../core/clock.ts';
import { systemRandom } from '../core/random.ts';
import { openGitHub, refusal, type FakeGitHub } from './fixture-github.ts';
import { createGitHub, type GitHub } from './github.ts';

const NAME = { owner: 'octocat', repo: 'hello' };
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };

function reader({ url }: FakeGitHub, token?: string): GitHub {
  const { signal } = new AbortController();
  const clock = { ...systemClock(), sleep: () => Promise.resolve() };
  const parts = { clock, random: systemRandom(), signal, userAgent: 'test' };
  return createGitHub({ ...parts, apiUrl: url, token });
}

async function refused(call: () => Promise<unknown>): Promise<SignalboxError> {
  const error: unknown = await call().catch((thrown: unknown) => thrown);
  if (error instanceof SignalboxError) return error;
  throw new Error(`it was not refused: ${String(error)}`);
}

async function countIssues(github: GitHub): Promise<number> {
  let count = 0;
  const query = { ...NAME, labels: ['signalbox'], state: 'open' as const };
  for await (const _ of github.issues(query)) count += 1;
  return count;
}

test('an answer that has no end is not read to its end', async () => {
  const fake = await openGitHub();
  let sentBytes = 0;
  fake.refuse((response) => {
    response.writeHead(200, JSON_TYPE);
    pour(response, (bytes) => (sentBytes += bytes));
    return true;
  });
  const error = await refused(() => reader(fake).repository(NAME));
  expect(error.message).toContain('GitHub cannot be reached: its answer is longer than 64 MiB');
  expect(sentBytes).toBeLessThan(128 * 1024 * 1024);
  expect(fake.asked).toHaveLength(1);
}, 30_000);

const PIECE = Buffer.alloc(1024 * 1024, ' ');

function pour(response: ServerResponse, onSent: (bytes: number) => void): void {
  const more = (): void => {
    if (response.destroyed) return;
    onSent(PIECE.length);
    response.write(PIECE, more);
  };
  more();
}

test('a redirect within its own host is followed, as one that was renamed gives it', async () => {
  const fake = await openGitHub();
  fake.refuse((response, path) => {
    if (path !== '/repos/octocat/hello') return false;
    return refusal(301, 'Moved', { location: `${fake.url}/repos/Octocat/Hello` })(response);
  });
  expect((await reader(fake).repository(NAME)).fullName).toBe('Octocat/Hello');
});

test('a redirect to another host, or in a circle, is not followed', async () => {
  const other = await openGitHub();
  const fake = await openGitHub();
  fake.refuse((response) =>
    refusal(302, 'Found', { location: `${other.url}/repos/octocat/hello` })(response),
  );
  const elsewhere = await refused(() => reader(fake, 'ghp_secret').repository(NAME));
  expect(elsewhere.message).toContain('the answer leads elsewhere');
  expect(other.asked).toEqual([]);
  fake.refuse((response, path) =>
    refusal(307, 'Again', { location: `${fake.url}${path}` })(response),
  );
  const circle = await refused(() => reader(fake).repository(NAME));
  expect(circle.message).toContain('the answer leads on and on');
});

test('pages without an end come to one, though nothing on them is wanted', async () => {
  const fake = await openGitHub();
  let pages = 0;
  fake.refuse((response) => {
    const next = { link: `<${fake.url}/repos/octocat/hello/issues?page=${++pages}>; rel="next"` };
    response.writeHead(200, { ...JSON_TYPE, ...next }).end('[]');
    return true;
  });
  const error = await refused(() => countIssues(reader(fake)));
  expect(error.message).toContain('pages and has more');
  expect(pages).toBe(1_001);
}, 60_000);

test.each([
  { 'retry-after': '9'.repeat(30) },
  { 'retry-after': '-5' },
  { 'retry-after': 'Fri, 31 Dec 9999 23:59:59 GMT' },
  { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '9'.repeat(30) },
  { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': 'soon' },
])('a pause that no clock can show is told as one that can: %j', async (headers) => {
  const fake = await openGitHub();
  fake.refuse(refusal(429, 'Slow down', { ...headers }));
  const error = await refused(() => reader(fake).repository(NAME));
  expect(error.code).toBe('rate_limited');
  expect(error.message).toMatch(/^GitHub takes no more requests until \d{4}-\d\d-\d\dT/);
  expect(error.retryAfterMs).toBeGreaterThanOrEqual(0);
  expect(error.retryAfterMs).toBeLessThanOrEqual(24 * 60 * 60_000);
});
