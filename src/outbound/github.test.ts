import { expect, test } from 'vitest';
import { SignalboxError } from '../contract/errors.ts';
import { systemClock, type Clock } from '../core/clock.ts';
import { systemRandom } from '../core/random.ts';
import { openGitHub, refusal, type FakeGitHub } from './fixture-github.ts';
import { createGitHub, type GitHub, type GitHubOptions, type Issue } from './github.ts';

const NAME = { owner: 'octocat', repo: 'hello' };
const QUERY = { ...NAME, labels: ['signalbox'], state: 'open' as const };

/** Real, except that nobody waits. */
function hasty(waits: number[] = []): Clock {
  const sleep = async (delayMs: number): Promise<void> => void waits.push(delayMs);
  return { ...systemClock(), sleep };
}

function reader({ url }: Pick<FakeGitHub, 'url'>, more: Partial<GitHubOptions> = {}): GitHub {
  const { signal } = new AbortController();
  const parts = { clock: hasty(), random: systemRandom(), signal, userAgent: 'test' };
  return createGitHub({ ...parts, apiUrl: url, ...more });
}

async function all(github: GitHub, query = QUERY): Promise<Issue[]> {
  const issues: Issue[] = [];
  for await (const issue of github.issues(query)) issues.push(issue);
  return issues;
}

async function refused(call: Promise<unknown>): Promise<SignalboxError> {
  const error: unknown = await call.catch((thrown: unknown) => thrown);
  if (error instanceof SignalboxError) return error;
  throw new Error(`it was not refused: ${String(error)}`);
}

test('a repository is known by the name that GitHub writes', async () => {
  const fake = await openGitHub();
  expect(await reader(fake).repository(NAME)).toEqual({
    fullName: 'Octocat/Hello',
    cloneUrl: 'https://github.com/Octocat/Hello.git',
  });
  expect(fake.asked).toEqual([{ line: 'GET /repos/octocat/hello', authorization: undefined }]);
});

test('all pages are read, whatever the shape of labels, bodies and authors', async () => {
  const labels = ['signalbox', { name: 'p1' }, { name: null }];
  const numbers = Array.from({ length: 250 }, (_, at) => at + 1);
  const fake = await openGitHub(numbers.map((number) => ({ number, title: 'T', labels })));
  fake.issues[1] = { number: 2, title: 'T', labels, user: null, pull_request: { url: 'x' } };
  fake.issues[2] = { number: 3, title: 'T', labels: ['another'] };
  fake.issues[3] = { number: 4, title: 'T', labels, state: 'closed' };
  const github = reader(fake, { token: 'ghp_secret' });
  const issues = await all(github);
  expect(issues).toHaveLength(248);
  expect(issues.slice(0, 2)).toEqual([
    {
      number: 1,
      title: 'T',
      body: '',
      url: 'https://github.com/Octocat/Hello/issues/1',
      author: 'octocat',
      labels: ['signalbox', 'p1'],
      isPullRequest: false,
    },
    expect.objectContaining({ number: 2, author: undefined, isPullRequest: true }),
  ]);
  const lines = fake.asked.map(({ line }) => line);
  const first = '/issues?state=open&labels=signalbox&per_page=100&sort=created&direction=asc';
  expect(lines[0]).toBe(`GET /repos/octocat/hello${first}`);
  expect(lines).toHaveLength(3);
  expect(fake.asked.every(({ authorization }) => authorization === 'token ghp_secret')).toBe(true);
});

test('an issue without the label is left out, whatever the answer says', async () => {
  const fake = await openGitHub();
  fake.refuse((response) => {
    const issue = { number: 1, title: 'T', html_url: 'x' };
    const labels = [[], [{ name: 'signalbox-not' }], [{ name: 'SignalBox' }]];
    const body = JSON.stringify(labels.map((names) => ({ ...issue, labels: names })));
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    return true;
  });
  expect((await all(reader(fake))).map(({ labels }) => labels)).toEqual([['SignalBox']]);
});

test('pages that nobody reads are not asked for', async () => {
  const fake = await openGitHub(
    Array.from({ length: 150 }, (_, at) => ({ number: at + 1, title: 'T', labels: ['signalbox'] })),
  );
  for await (const { number } of reader(fake).issues(QUERY)) if (number === 5) break;
  expect(fake.asked).toHaveLength(1);
});

const NOW = Math.floor(Date.now() / 1_000);

test.each([
  [refusal(401, 'Bad credentials'), 'unauthenticated', 'GitHub does not take the token.'],
  [refusal(404, 'Not Found'), 'not_found', 'GitHub shows no repository octocat/hello.'],
  [refusal(410, 'Issues are disabled'), 'not_found', 'octocat/hello has no issues'],
  [refusal(403, 'Resource not accessible'), 'forbidden', 'GitHub refuses: Resource not accessible'],
  [refusal(422, 'Validation Failed'), 'unavailable', 'GitHub answers 422: Validation Failed'],
  [
    refusal(403, 'API rate limit exceeded', {
      'x-ratelimit-remaining': '0',
      'x-ratelimit-reset': String(NOW + 900),
    }),
    'rate_limited',
    `GitHub takes no more requests until ${new Date((NOW + 900) * 1_000).toISOString().slice(0, 16)}`,
  ],
  [refusal(429, 'Too many', { 'retry-after': '30' }), 'rate_limited', 'GitHub takes no more'],
  [
    refusal(403, 'You have exceeded a secondary rate limit'),
    'rate_limited',
    'GitHub takes no more',
  ],
] as const)('refusal %# is told as what it is', async (how, code, message) => {
  const fake = await openGitHub();
  fake.refuse(how);
  const error = await refused(all(reader(fake)));
  expect(error.code).toBe(code);
  expect(error.message).toContain(message);
  expect(error.retryAfterMs !== undefined).toBe(code === 'rate_limited');
  expect(fake.asked).toHaveLength(1);
});

test('what passes is tried again, with longer waits each time', async () => {
  const fake = await openGitHub([{ number: 1, title: 'T', labels: ['signalbox'] }]);
  let troubles = 0;
  fake.refuse((response) => {
    troubles += 1;
    if (troubles === 1) return Boolean(response.destroy());
    return troubles < 4 && refusal(502, 'Bad gateway')(response);
  });
  const waits: number[] = [];
  expect(await all(reader(fake, { clock: hasty(waits) }))).toHaveLength(1);
  expect(waits).toHaveLength(3);
  expect(waits[2]).toBeGreaterThan(waits[0] ?? 0);
});

test('what does not pass is told after some tries', async () => {
  const fake = await openGitHub();
  fake.refuse((response) => Boolean(response.destroy()));
  const error = await refused(reader(fake).repository(NAME));
  expect(error.code).toBe('unavailable');
  expect(error.message).toContain('GitHub cannot be reached: ');
  expect(fake.asked).toHaveLength(4);
  fake.refuse(refusal(500, 'Oops'));
  expect((await refused(reader(fake).repository(NAME))).message).toContain('GitHub answers 500');
});

test('what is not GitHub is not believed', async () => {
  const fake = await openGitHub();
  fake.refuse((response) => Boolean(response.end('<html>Please log in</html>')));
  expect((await refused(all(reader(fake)))).message).toContain('What answered is not GitHub');
  fake.refuse((response) => refusal(200, 'no list')(response));
  expect((await refused(all(reader(fake)))).code).toBe('unavailable');
});

test('a next page on another host is not asked for, and gets no token', async () => {
  const other = await openGitHub();
  const fake = await openGitHub();
  fake.refuse((response) => {
    const link = { link: `<${other.url}/repos/octocat/hello/issues?page=2>; rel="next"` };
    response.writeHead(200, { 'content-type': 'application/json', ...link }).end('[]');
    return true;
  });
  const error = await refused(all(reader(fake, { token: 'ghp_secret' })));
  expect(error.message).toContain('the answer leads elsewhere');
  expect(other.asked).toEqual([]);
});

test('a token is not sent where others can read it', () => {
  const apiUrl = 'http://github.example.org/api/v3';
  expect(() => reader({ url: apiUrl }, { token: 'ghp_secret' })).toThrow('unencrypted');
  expect(() => reader({ url: apiUrl })).not.toThrow();
  expect(() => reader({ url: 'github.example.org' })).toThrow('is no URL');
});

test('whoever gives up gets the reason back', async () => {
  const fake = await openGitHub();
  const controller = new AbortController();
  const reason = new Error('enough');
  fake.refuse(() => {
    controller.abort(reason);
    return true;
  });
  const github = reader(fake, { signal: controller.signal });
  await expect(github.repository(NAME)).rejects.toBe(reason);
});
