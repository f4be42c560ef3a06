/** `import github` between a GitHub and a hub that say what the test wants. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { openGitHub, refusal, type FakeGitHub } from '../../outbound/fixture-github.ts';
import { makeHome, startScriptedHub } from '../fixture.ts';
import type { Ended, Home, ScriptedHub } from '../fixture.ts';

const Sent = z.object({
  tasks: z.array(
    z.object({ ref: z.string(), body: z.string(), unique: z.object({ key: z.string() }) }),
  ),
});

let home: Home;
let hub: ScriptedHub;
let github: FakeGitHub;

beforeEach(async () => {
  home = await makeHome();
  github = await openGitHub();
  const known = new Map<string, string>();
  hub = await startScriptedHub(home, {
    'batch.submit': (input) => ({
      tasks: Sent.parse(input).tasks.map(({ ref, unique: { key } }) => {
        const isExisting = known.has(key);
        const id = known.get(key) ?? `tsk_${String(known.size).padStart(21, '0')}`;
        known.set(key, id);
        return { ref, id, state: 'queued', fence: 0, isExisting };
      }),
    }),
  });
});
afterEach(async () => {
  await home.close();
  hub.close();
});

function args(...more: string[]): string[] {
  return ['import', 'github', 'octocat/hello', ...more];
}

function run(...more: string[]): Promise<Ended> {
  return home.run(args(...more), { env: { GITHUB_API_URL: github.url } });
}

function sent(): z.infer<typeof Sent>[] {
  return hub.asked.map(({ input }) => Sent.parse(input));
}

const labels = ['signalbox'];

test('issues with the label become tasks, once, and pull requests do not', async () => {
  github.issues.push(
    { number: 1, title: 'One', labels: [...labels, 'priority:high', 'needs:ts', 'needs: ü'] },
    { number: 2, title: 'A pull request', labels, pull_request: { url: 'x' } },
    { number: 3, title: 'Three', labels: ['another'] },
    { number: 4, title: 'Four\u001b[2J', labels },
  );
  const first = await run('--check', 'npm test', '--base', 'next');
  expect(first).toEqual({
    code: 0,
    stdout: [
      'tsk_000000000000000000000  queued  #1  One',
      'tsk_000000000000000000001  queued  #4  Four␛[2J',
      '2 new tasks from Octocat/Hello, 1 pull request passed over',
      '',
    ].join('\n'),
    stderr: 'warning: #1: the label needs: ü names no capability and is left out\n',
  });
  expect(hub.asked).toMatchObject([
    {
      operation: 'batch.submit',
      input: {
        tasks: [
          {
            title: 'One',
            repository: 'https://github.com/Octocat/Hello.git',
            baseBranch: 'next',
            checks: ['npm test'],
            lane: 'high',
            needs: ['ts'],
            unique: { key: 'github:Octocat/Hello#1', scope: 'ever' },
          },
          { title: 'Four\u001b[2J', needs: [] },
        ],
      },
    },
  ]);
  github.issues.push({ number: 5, title: 'Five', labels });
  expect((await run('--repo', 'https://example.org/mirror.git')).stdout).toBe(
    'tsk_000000000000000000002  queued  #5  Five\n' +
      '1 new task from Octocat/Hello, 2 there already, 1 pull request passed over\n',
  );
  expect(hub.asked[1]?.input).toMatchObject({
    tasks: [{ repository: 'https://example.org/mirror.git' }, {}, {}],
  });
  expect(github.asked.every(({ line }) => line.startsWith('GET '))).toBe(true);
});

test('a dry run shows what there is and asks nothing of the hub', async () => {
  github.issues.push({ number: 1, title: 'One', labels: ['go', 'bug'], state: 'closed' });
  const flags = ['--label', 'go', '--state', 'all', '--lane-label', 'Bug=urgent'];
  const dry = await run(...flags, '--needs-label', 'go=golang', '--dry-run');
  expect(dry.stdout).toBe(
    '1 task\n└─ issue-1  One  urgent · unique for ever github:Octocat/Hello#1 · needs golang · ' +
      'https://github.com/Octocat/Hello.git\n',
  );
  expect((await run('--dry-run')).stdout).toBe(
    'No open issue of Octocat/Hello has the label signalbox.\n',
  );
  expect(hub.asked).toEqual([]);
});

test('many issues go in several requests, each within its bound, up to the limit', async () => {
  const body = 'ü'.repeat(40_000);
  for (let number = 1; number <= 130; number += 1) {
    github.issues.push({ number, title: 'T', labels, body: number <= 20 ? body : null });
  }
  const ended = await run('--limit', '125', '--json');
  expect(ended).toMatchObject({ code: 0, stderr: 'note: There are more than 125; see --limit.\n' });
  const result = z
    .object({ issues: z.array(z.object({ number: z.number() })), isMore: z.boolean() })
    .parse(JSON.parse(ended.stdout));
  expect(result.issues.map(({ number }) => number)).toEqual(
    Array.from({ length: 125 }, (_, at) => at + 1),
  );
  expect(result.isMore).toBe(true);
  expect(sent().length).toBeGreaterThan(2);
  for (const input of sent()) {
    expect(Buffer.byteLength(JSON.stringify(input))).toBeLessThan(600_000);
  }
  expect(sent()[0]?.tasks[0]?.body).toMatch(/\[Cut after 32000 characters; all of it is at https/);
});

test('--every looks again, waits out what passes, and ends on Ctrl-C', async () => {
  github.issues.push({ number: 1, title: 'One', labels });
  github.refuse((response, path) => {
    if (!path.endsWith('/issues') || hub.asked.length > 0) return false;
    return refusal(429, 'Slow down', { 'retry-after': '1' })(response);
  });
  const every = home.start(args('--every', '30s'), { env: { GITHUB_API_URL: github.url } });
  await every.until('warning: GitHub takes no more requests until');
  await every.until('Trying again at');
  every.child.kill('SIGINT');
  expect((await every.ended).code).toBe(0);
  expect((await run('--every', '1s')).stderr).toContain('error: --every is shorter than 30s.');
});

test('a limit of requests ends an import with the time at which it is over', async () => {
  const reset = String(Math.floor(Date.now() / 1_000) + 600);
  const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset };
  github.refuse(refusal(403, 'API rate limit exceeded', headers));
  const ended = await run();
  expect(ended).toMatchObject({ code: 75, stdout: '' });
  const until = new Date(Number(reset) * 1_000).toISOString().slice(0, 16);
  expect(ended.stderr).toContain(`GitHub takes no more requests until ${until}`);
  expect(ended.stderr).toContain('set GITHUB_TOKEN');
});

test('the token goes to GitHub and not to the hub', async () => {
  github.issues.push({ number: 1, title: 'One', labels });
  const env = { GITHUB_API_URL: github.url, GITHUB_TOKEN: ' ghp_secret\n' };
  await home.run(args(), { env });
  expect(github.asked[0]?.authorization).toBe('token ghp_secret');
  expect(JSON.stringify(hub.asked)).not.toContain('ghp_secret');
});

test.each([
  [['octocat'], '`octocat` is no repository on GitHub.'],
  [['octocat/..'], '`octocat/..` is no repository on GitHub.'],
  [['https://github.com/a/b'], '`https://github.com/a/b` is no repository on GitHub.'],
  [['a/b', '--label', 'a,b'], '--label does not take `a,b`.'],
  [['a/b', '--label', ' '], '--label does not take ` `.'],
  [['a/b', '--lane-label', 'bug=soon'], '--lane-label does not take `bug=soon`.'],
  [['a/b', '--needs-label', 'go'], '--needs-label does not take `go`.'],
  [['a/b', '--limit', '0'], '--limit does not take `0`.'],
])('import github %j is refused before anything is asked', async (words, error) => {
  const options = { env: { GITHUB_API_URL: github.url } };
  const ended = await home.run(['import', 'github', ...words], options);
  expect(ended).toMatchObject({ code: 64, stdout: '' });
  expect(ended.stderr.split('\n')[0]).toBe(`error: ${error}`);
  expect(github.asked).toEqual([]);
});

test('Ctrl-C ends an import that waits for GitHub', async () => {
  github.refuse(() => true);
  const waits = home.start(args(), { env: { GITHUB_API_URL: github.url } });
  await vi.waitUntil(() => github.asked.length > 0, { timeout: 15_000, interval: 20 });
  waits.child.kill('SIGINT');
  expect((await waits.ended).code).toBe(130);
});
