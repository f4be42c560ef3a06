/** The command line against a hub that says what the test wants: the seam is the wire. */
import { createServer } from 'node:http';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { aTask } from '../contract/task.fixture.ts';
import { SignalboxError, type Event } from '../contract/index.ts';
import { makeHome, ScriptedHub, startScriptedHub } from './fixture.ts';
import type { Answers, Home } from './fixture.ts';

let home: Home;
const closers: (() => void)[] = [];

beforeEach(async () => {
  home = await makeHome();
});
afterEach(async () => {
  await home.close();
  for (const close of closers.splice(0)) close();
});

/** A hub that the command line finds by itself. */
async function localHub(answers: Answers): Promise<ScriptedHub> {
  const hub = await startScriptedHub(home, answers);
  closers.push(() => hub.close());
  return hub;
}

const ID = 'tsk_000000000000000000000';
const AT = 1_700_000_000_000;

function event(seq: number, type: Event['type'], data: Event['data'] = {}): Event {
  return { seq, atMs: AT, type, subject: ID, actor: 'ada', audience: null, data };
}

const status = {
  version: '9.9.9',
  engine: 'sqlite',
  startedAtMs: AT,
  nowMs: AT + 60_000,
  cursor: 7,
  tasks: { done: 3, running: 1 },
  changes: {},
  agents: { idle: 2 },
  oldestQueuedAtMs: null,
  spent: { today: { tokens: 0, costMicros: 0 }, ever: { tokens: 0, costMicros: 0 } },
  hold: null,
  missedMatches: 0,
};

const empty = { items: [], nextCursor: null };
const board: Answers = {
  'hub.status': () => status,
  'agent.list': () => empty,
  'task.waiting': () => ({ lanes: [], first: [] }),
  'change.list': () => empty,
  'task.list': () => empty,
};

test('the hub of this machine is found, and asked with its token', async () => {
  const hub = await localHub(board);
  const { code, stdout, stderr } = await home.run(['status']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.replace(/\d+ ms/, '3 ms').split('\n')).toEqual([
    `Signalbox 9.9.9 at ${hub.url} (process ${process.pid})`,
    'tasks    1 running · 3 done',
    'changes  none',
    'agents   2 idle',
    'health   good, answered in 3 ms',
    'up       1 m, on sqlite',
    '',
  ]);
  expect(hub.asked.map(({ token }) => token)).toEqual(hub.asked.map(() => 'sbx_admin'));
});

test('--json prints exactly the output of the operation, before or after the command', async () => {
  await localHub({ 'hub.status': () => status });
  const before = await home.run(['--json', 'status']);
  expect(before).toMatchObject({ code: 0, stderr: '' });
  expect(JSON.parse(before.stdout)).toEqual(status);
  expect(await home.run(['status', '--json'])).toEqual(before);
});

test.each([
  ['not_found', 66],
  ['storage_full', 74],
] as const)('%s ends with exit code %i, with message and hint on stderr', async (code, exit) => {
  const message = 'It is \u001b[2Jso.';
  await localHub({
    'task.show': () => {
      throw new SignalboxError(code, message, { hint: 'Do that.' });
    },
  });
  const words = 'error: It is ␛[2Jso.\nhint: Do that.\n';
  expect(await home.run(['task', 'show', ID])).toEqual({ code: exit, stdout: '', stderr: words });
  const json = await home.run(['task', 'show', ID, '--json']);
  expect(json).toMatchObject({ code: exit, stdout: '' });
  expect(JSON.parse(json.stderr)).toEqual({ code, message, hint: 'Do that.' });
});

test('a usage error ends with 64, and loads nothing', async () => {
  expect(await home.run(['task', 'sumbit', 'x'])).toEqual({
    code: 64,
    stdout: '',
    stderr: "error: unknown command 'sumbit'\nhint: Did you mean submit?\n",
  });
  const json = await home.run(['task', 'submit', '--json']);
  expect(json).toMatchObject({ code: 64, stdout: '' });
  expect(JSON.parse(json.stderr)).toMatchObject({ code: 'invalid_input' });
});

test('a hub that does not answer is an error of its own', async () => {
  const hub = await localHub({});
  hub.close();
  expect(await home.run(['status'])).toMatchObject({
    code: 69,
    stdout: '',
    stderr: expect.stringContaining(`The hub at ${hub.url} cannot be reached (ECONNREFUSED).`),
  });
});

test('a token given by hand is used instead, and goes to the hub that is named', async () => {
  const hub = await localHub({ 'hub.status': () => status });
  await home.run(['status', '--json', '--token', 'sbx_flag']);
  await home.run(['status', '--json'], { env: { SIGNALBOX_TOKEN: 'sbx_env' } });
  const elsewhere = new ScriptedHub(hub.answers);
  await elsewhere.listen();
  closers.push(() => elsewhere.close());
  await home.run(['status', '--json', '--url', elsewhere.url]);
  expect(elsewhere.asked).toMatchObject([{ token: undefined }]);
  expect(hub.asked.map(({ token }) => token)).toEqual(['sbx_flag', 'sbx_env']);
});

test('a task without a repository is taken, and it is said once that nothing of it lands', async () => {
  await localHub({ 'task.submit': () => ({ id: ID, state: 'queued', fence: 0 }) });
  const submit = ['task', 'submit', 'Say hello'];
  const ended = await home.run(submit);
  expect(ended).toMatchObject({ code: 0, stdout: `${ID}\n` });
  expect(ended.stderr).toMatch(/note: no repository, so nothing lands;.*\nhint: .*--repo URL\n$/);
  expect((await home.run([...submit, '--json'])).stderr).toBe('');
  await mkdir(join(home.root, 'clone/.git'), { recursive: true });
  await writeFile(join(home.root, 'clone/.git/HEAD'), 'ref: refs/heads/main\n');
  const origin = '[remote "origin"]\n\turl = https://example.org/a.git\n';
  await writeFile(join(home.root, 'clone/.git/config'), origin);
  const inside = await home.run(submit, { cwd: join(home.root, 'clone') });
  expect(inside.stderr).toContain('--repo https://example.org/a.git\n');
});

test('what is submitted is what the command line says', async () => {
  const hub = await localHub({ 'task.submit': () => ({ id: ID, state: 'queued', fence: 0 }) });
  const submit = ['task', 'submit', 'Fix it', '--repo', 'https://example.org/a.git', '--body', '-'];
  const rules = ['--check', 'npm test', '--check', 'npm run lint', '--needs', 'ts', '--after', ID];
  const paths = ['--path', 'src/**', '--path', 'docs/a.md'];
  const more = [...paths, '--lane', 'high', '--retries', '0', '--timeout', '30m', '--base', 'next'];
  const place = ['--prefers', 'react', '--trust', '2', '--parent', ID, '--key', 'deploy'];
  const when = ['--not-before', '2026-12-24T18:00Z', '--deadline', '2026-12-25T18:00Z'];
  const ends = ['--unique-ever', 'issue 7', '--cancel-without', '--silence', '5m'];
  const line = [...submit, ...rules, ...more, ...place, ...when, ...ends];
  const ended = await home.run(line, { stdin: 'Two\nlines\n' });
  expect(ended).toEqual({ code: 0, stdout: `${ID}\n`, stderr: '' });
  expect(hub.asked[0]?.input).toEqual({
    title: 'Fix it',
    body: 'Two\nlines\n',
    repository: 'https://example.org/a.git',
    baseBranch: 'next',
    checks: ['npm test', 'npm run lint'],
    paths: ['src/**', 'docs/a.md'],
    lane: 'high',
    needs: ['ts'],
    prefers: ['react'],
    trust: 2,
    after: [ID],
    onNeededFailure: 'cancel',
    parent: ID,
    concurrencyKey: 'deploy',
    unique: { key: 'issue 7', scope: 'ever' },
    notBeforeMs: Date.parse('2026-12-24T18:00Z'),
    deadlineMs: Date.parse('2026-12-25T18:00Z'),
    failuresMax: 1,
    timeoutMs: 30 * 60_000,
    progressTimeoutMs: 5 * 60_000,
  });
});

test('--wait follows the task and its changes until it has ended', async () => {
  const task = aTask({
    id: ID,
    title: 'Say \u001b[31mhello',
    body: '',
    state: 'done',
    createdAtMs: AT,
    endedAtMs: AT,
  });
  const hub = await localHub({
    'event.list': () => ({ items: [], nextCursor: 4, headCursor: 4 }),
    'task.submit': () => ({ id: ID, state: 'queued', fence: 0 }),
    'task.show': () => ({ task, attempts: [], children: [] }),
  });
  const wait = home.start(['task', 'submit', 'Say hello', '--wait']);
  await vi.waitUntil(() => hub.subscriptions.length === 1, { timeout: 15_000 });
  expect(hub.subscriptions[0]?.after).toBe(4);
  hub.tell(event(5, 'task.queued', { title: 'Say hello' }));
  hub.tell({ ...event(6, 'task.done'), subject: 'tsk_of_another' });
  hub.tell({ ...event(7, 'change.landed', { taskId: ID }), subject: 'chg_1' });
  await wait.until('change.landed');
  hub.tell(event(8, 'task.done', { agent: 'ada', attempt: 1 }));
  const { code, stdout } = await wait.ended;
  expect(code).toBe(0);
  expect(stdout).toContain('task.done          by ada, attempt 1');
  expect(stdout.match(/tsk_0+/g), 'at the top and in what it has become').toHaveLength(2);
  expect(stdout).toContain('done  Say hello');
  expect(stdout).not.toContain('tsk_of_another');
});

test('Ctrl-C leaves a task that is waited for where it is', async () => {
  const hub = await localHub({
    'event.list': () => ({ items: [], nextCursor: 0, headCursor: 0 }),
    'task.submit': () => ({ id: ID, state: 'queued', fence: 0 }),
  });
  const repo = ['--repo', 'https://example.org/a.git'];
  const wait = home.start(['task', 'submit', 'Say hello', ...repo, '--wait']);
  await vi.waitUntil(() => hub.subscriptions.length === 1, { timeout: 15_000 });
  wait.child.kill('SIGINT');
  const note = `note: It goes on without us: signalbox task wait ${ID}\n`;
  expect(await wait.ended).toEqual({ code: 130, stdout: `${ID}\n`, stderr: note });
});

test('watch goes on over a broken wire, and Ctrl-C says where it stopped', async () => {
  const hub = await localHub({});
  const watch = home.start(['watch', '--since', '4', '--json']);
  await vi.waitUntil(() => hub.subscriptions.length === 1, { timeout: 15_000 });
  hub.tell(event(5, 'task.queued', { title: 'a\u009bb' }));
  await watch.until('task.queued');
  for (const wire of hub.sockets) wire.terminate();
  await vi.waitUntil(() => hub.subscriptions.length === 2, { timeout: 15_000 });
  hub.subscriptions.shift();
  hub.tell(event(6, 'task.done'));
  await watch.until('task.done');
  watch.child.kill('SIGINT');
  const { code, stdout, stderr } = await watch.ended;
  expect(code).toBe(0);
  const lines = stdout.trim().split('\n');
  expect(lines.map((line) => z.object({ seq: z.number() }).parse(JSON.parse(line)).seq)).toEqual([
    5, 6,
  ]);
  expect(stdout).toContain('a\\u009bb');
  expect(stderr).toContain('Trying again …\nnote: Connected.');
  expect(stderr).toContain('Go on from here: signalbox watch --since 6');
  expect(hub.subscriptions[0]?.after).toBe(5);
});

test('watch whose reader has had enough ends quietly', async () => {
  const hub = await localHub({});
  const watch = home.start(['watch', '--since', '0']);
  await vi.waitUntil(() => hub.subscriptions.length === 1, { timeout: 15_000 });
  watch.child.stdout?.destroy();
  for (let seq = 1; watch.child.exitCode === null && seq < 1_000; seq++) {
    hub.tell(event(seq, 'task.queued'));
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(await watch.ended).toMatchObject({
    code: 0,
    stderr: expect.not.stringContaining('EPIPE'),
  });
});

test('a hub that never was there is told of at once, also by a command that stays', async () => {
  const hub = await localHub({});
  hub.close();
  const message = `error: The hub at ${hub.url} cannot be reached.\n`;
  for (const line of [
    ['task', 'submit', 'x', '--wait'],
    ['status', '--watch'],
  ]) {
    const { code, stdout, stderr } = await home.run(line);
    expect([code, stdout]).toEqual([69, '']);
    expect(stderr.replace(/^note: Waiting .*\n/, '')).toMatch(new RegExp(`^${message}hint: Start`));
  }
});

test('a hub that takes its time is waited for aloud', async () => {
  const hub = await localHub({});
  hub.close();
  const slow = createServer(() => {}).listen(Number(new URL(hub.url).port), '127.0.0.1');
  closers.push(() => (slow.closeAllConnections(), slow.close()));
  const waiting = home.start(['status']);
  await waiting.until(`note: Waiting for the hub at ${hub.url} …`);
  waiting.child.kill('SIGINT');
  await waiting.ended;
});

test('what keeps a notice back is no lease', async () => {
  const fact = { fact: 'waits out its backoff', holder: 'whk_1', untilMs: AT, frees: 'Nothing.' };
  const answer = { id: 'whd_1', kind: 'notice', state: 'pending', summary: 's', facts: [fact] };
  await localHub({ why: () => answer });
  const { code, stdout } = await home.run(['why', 'whd_1']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/until +\S.*\n/);
  expect(stdout).not.toContain('lease');
});

test.runIf(existsSync('/dev/full'))('an output that cannot be written is one line', async () => {
  await localHub(board);
  const line = [process.execPath, join(import.meta.dirname, 'main.ts'), 'status'].join(' ');
  const shell = spawn('sh', ['-c', `${line} > /dev/full`], { env: home.env });
  closers.push(() => shell.kill());
  const [said] = await Promise.all([text(shell.stderr), once(shell, 'close')]);
  expect(said).toMatch(/^error: the output cannot be written: ENOSPC.*\n$/);
  expect(shell.exitCode).toBe(74);
});

test('call speaks any operation, with JSON from the line or from stdin', async () => {
  const hub = await localHub({ 'task.cancel': (input) => input });
  const inline = await home.run(['call', 'task.cancel', '{"id":"x"}']);
  expect(JSON.parse(inline.stdout)).toEqual({ id: 'x' });
  await home.run(['call', 'task.cancel', '-'], { stdin: '{"id":"y"}' });
  expect(hub.asked.map(({ input }) => input)).toEqual([{ id: 'x' }, { id: 'y' }]);
  const broken = await home.run(['call', 'task.cancel', '{id}']);
  expect(broken).toMatchObject({ code: 64, stderr: expect.stringContaining('is not JSON') });
  expect((await home.run(['call', 'task.explode'])).code).toBe(64);
  expect((await home.run(['call', '--list'])).stdout).toContain('task.submit');
});

test('call prints text of others without what a terminal would obey, and it means the same', async () => {
  const sly = { title: '\u009b2J\u202e\u{e0041}\u007f', note: 'ü\n' };
  await localHub({ 'task.cancel': () => sly });
  const { stdout } = await home.run(['call', 'task.cancel']);
  expect(JSON.parse(stdout)).toEqual(sly);
  expect(stdout).not.toMatch(/[^\P{Cc}\n]|[\u202e\u{e0041}]/u);
  expect(stdout.split('\n')).toHaveLength(5);
});

test('a local repository must be there, must be bare, and is named by its whole path', async () => {
  const hub = await localHub({ 'task.submit': () => ({ id: ID, state: 'queued', fence: 0 }) });
  const { execa } = await import('execa');
  await execa('git', ['init', '--quiet', join(home.root, 'work')]);
  await execa('git', ['init', '--quiet', '--bare', join(home.root, 'bare.git')]);
  const working = await home.run(['task', 'submit', 'x', '--repo', 'work']);
  expect(working).toMatchObject({ code: 64, stdout: '' });
  const path = join(home.root, 'work');
  expect(working.stderr).toContain(`git clone --bare ${path} ${path}.git`);
  expect(await home.run(['task', 'submit', 'x', '--repo', './none'])).toMatchObject({ code: 64 });
  expect(hub.asked).toEqual([]);
  expect(await home.run(['task', 'submit', 'x', '--repo', 'bare.git'])).toMatchObject({ code: 0 });
  expect(hub.asked[0]?.input).toMatchObject({ repository: join(home.root, 'bare.git') });
});

test('doctor finds a healthy machine healthy, and a token that is refused not', async () => {
  const nowMs = Date.now();
  const hub = await localHub({
    'hub.whoami': () => ({ name: 'admin', role: 'admin', project: 'default', scopes: [] }),
    'hub.status': () => ({ ...status, nowMs }),
  });
  const healthy = await home.run(['doctor', '--json']);
  const Findings = z.object({
    findings: z.array(z.object({ name: z.string(), state: z.string() })),
  });
  const { findings } = Findings.parse(JSON.parse(healthy.stdout));
  expect(findings).toContainEqual(expect.objectContaining({ name: 'hub', state: 'ok' }));
  expect(findings).toContainEqual(expect.objectContaining({ name: 'admin token', state: 'ok' }));
  expect(healthy.code).toBe(0);
  hub.answers['hub.whoami'] = () => {
    throw new SignalboxError('unauthenticated', 'The token is not known.');
  };
  const ill = await home.run(['doctor']);
  expect(ill.code).toBe(1);
  expect(ill.stdout).toMatch(/fail {4}token .*does not take our token/);
});
