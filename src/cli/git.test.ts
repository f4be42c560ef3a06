/** `signalbox git` against a real hub with its verifier, in real clones. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { connect, type Client } from '../client/index.ts';
import type { TaskState } from '../contract/index.ts';
import { commitElsewhere, makePlace, type Place } from '../git/fixture.ts';
import { type Ended, makeHome, type Home, type RunOptions, type Running } from './fixture.ts';
import { hubStateFile } from './place/places.ts';

const State = z.object({ url: z.string(), dataDir: z.string() });
const Started = z.object({
  task: z.object({ id: z.string(), fence: z.number() }),
  branch: z.string(),
  folder: z.string(),
  isResumed: z.boolean(),
});

let home: Home;
let place: Place;
let remote: string;
let clone: string;
let hub: Client;
let server: Running;

beforeEach(async () => {
  home = await makeHome();
  place = await makePlace();
  remote = await place.remote('app');
  clone = place.path('clone of ada');
  await place.plain(place.dir, 'clone', '--quiet', remote, clone);
  await startHub();
});
afterEach(async () => {
  hub.close();
  await home.close();
  await place.remove();
});

/** At a port of its own each time. */
async function startHub(): Promise<void> {
  server = home.start(['start', '--port', '0']);
  await server.until('answers at');
  const { url, dataDir } = State.parse(JSON.parse(await readFile(hubStateFile(home.env), 'utf8')));
  const token = (await readFile(join(dataDir, 'admin.token'), 'utf8')).trim();
  hub = connect({ url, token, transport: 'http' });
}

/** As ada, in her clone. */
function sb(...args: string[]): Promise<Ended> {
  return as('ada', args);
}

function as(agent: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const env = { ...options.env, AGENT_ID: agent, SESSION_ID: `session-of-${agent}` };
  return home.run(['git', ...args], { cwd: clone, ...options, env });
}

async function start(...args: string[]): Promise<z.infer<typeof Started>> {
  const { code, stdout, stderr } = await sb('start', '--json', ...args);
  expect(code, stderr).toBe(0);
  return Started.parse(JSON.parse(stdout));
}

const git = (...args: string[]): Promise<string> => place.plain(clone, ...args);
const write = (file: string, text: string): Promise<void> => place.write(join(clone, file), text);

async function untilState(id: string, state: TaskState): Promise<void> {
  const wait = { timeout: 30_000, interval: 50 };
  await vi.waitUntil(async () => (await hub.task.show({ id })).task.state === state, wait);
}

test('a task of the queue is taken, worked on, handed in, and lands', async () => {
  const { id } = await hub.task.submit({
    title: 'Fix the login',
    body: 'It asks twice.',
    repository: remote,
    checks: ['test -f fix.txt'],
    paths: ['fix.txt'],
  });
  await commitElsewhere(place, remote, { files: { 'new.txt': 'new\n' } });
  const begun = await sb('start');
  expect(begun).toMatchObject({ code: 0 });
  expect(begun.stdout).toMatch(/cut from origin\/main at [0-9a-f]{10}/);
  expect(begun.stdout).toContain('<task id=');
  expect(begun.stdout).toMatch(/yours +fix\.txt\nmust pass +test -f fix\.txt/);
  expect(await git('branch', '--show-current')).toBe(`signalbox/${id}/1`);
  expect(await git('ls-files')).toContain('new.txt');
  const { stdout: status } = await sb('status');
  expect(status).toMatch(/state +● running|state +running/);
  expect(status).toMatch(/locked +fix\.txt/);

  await write('fix.txt', 'fixed\n');
  const dirty = await sb('hand-in');
  expect(dirty.code).toBe(75);
  expect(dirty.stderr).toContain('Not committed yet: fix.txt');
  const handed = await sb('hand-in', '--all', '-m', 'Ask once');
  expect(handed).toMatchObject({ code: 0 });
  expect(handed.stdout).toContain('tested now');
  await untilState(id, 'done');
  expect(await place.plain(remote, 'show', '-s', '--format=%B', 'main')).toBe(
    `Ask once\n\nSignalbox-Task: ${id}\nSignalbox-Attempt: 1\nSignalbox-Agent: ada\n`,
  );
  const { task } = await hub.task.show({ id });
  expect(task).toMatchObject({ agent: 'ada', report: 'Ask once' });
  expect((await sb('hand-in')).stderr).toMatch(/on the base branch/);
});

test('a task of one’s own goes to nobody else, and comes back with what failed', async () => {
  const idle = await hub.token.create({ agent: 'bob' });
  const { url } = State.parse(JSON.parse(await readFile(hubStateFile(home.env), 'utf8')));
  const bob = connect({ url, token: idle.secret, transport: 'socket' });
  await bob.agent.connect({});
  const { task, branch } = await start('--title', 'Mine', '--check', 'test -f second.txt');
  expect(branch).toBe(`signalbox/${task.id}/1`);
  await write('first.txt', 'first\n');
  const back = await sb('hand-in', '--all', '--wait');
  expect(back.code).toBe(1);
  expect(back.stdout).toMatch(/tested now[^]*change\.rejected[^]*task\.queued/);
  expect(back.stderr).toContain(`It came back: signalbox git start ${task.id}`);
  bob.close();
  const lost = await sb('status', '--json');
  expect(JSON.parse(lost.stdout)).toMatchObject({ isHeld: false, task: { state: 'queued' } });
  expect((await sb('status')).stdout).toContain(`It came back, for another attempt`);

  await expect.poll(async () => (await sb('start', task.id)).code, { timeout: 20_000 }).toBe(0);
  const again = await sb('start');
  expect(again.stdout).toContain('The attempt before failed:');
  expect(again.stdout).toContain(`git merge signalbox/${task.id}/1`);
  expect(await git('branch', '--show-current')).toBe(`signalbox/${task.id}/2`);
  await git('merge', '--quiet', `signalbox/${task.id}/1`);
  await write('second.txt', 'second\n');
  expect((await sb('hand-in', '--draft', '--wait')).stderr).toContain('neither --draft');
  const landed = await sb('hand-in', '-a', '-m', 'Both', '--wait');
  expect(landed).toMatchObject({ code: 0 });
  expect(landed.stdout).toMatch(/task\.done[^]*landed/);
});

test('begun again in the middle of the work it goes on, with what is uncommitted', async () => {
  const { task } = await start('--title', 'Mine');
  await write('half.txt', 'half\n');
  expect(await start()).toMatchObject({ isResumed: true, task: { id: task.id } });
  expect(await git('status', '--porcelain')).toBe('?? half.txt');
  await hub.task.cancel({ id: task.id });
  await hub.task.submit({ title: 'next', repository: remote });
  const next = await sb('start');
  expect(next.stderr).toContain('Not committed yet: half.txt');
  expect(await git('branch', '--show-current')).toBe(`signalbox/${task.id}/1`);
});

test('nothing is taken where the clone is not ready, and what is in the way is named', async () => {
  await hub.task.submit({ title: 'first', repository: remote });
  await write('scratch.txt', 'mine\n');
  const dirty = await sb('start');
  expect(dirty.code).toBe(75);
  expect(dirty.stderr).toMatch(/scratch\.txt.*--worktree/s);
  expect((await hub.task.list({ state: 'queued' })).items).toHaveLength(1);
  const beside = await start('--worktree');
  expect(beside.folder).toBe(place.path(`clone of ada-${beside.task.id}-1`));
  expect(await git('status', '--porcelain')).toBe('?? scratch.txt');
  expect(await git('branch', '--show-current')).toBe('main');
  const other = await sb('hand-in');
  expect(other.stderr).toContain(`git switch signalbox/${beside.task.id}/1`);
  await place.write(join(beside.folder, 'x.txt'), 'x\n');
  expect((await as('ada', ['hand-in', '--all'], { cwd: beside.folder })).code).toBe(0);
  await untilState(beside.task.id, 'done');
});

test('without a clone one is made, and found again', async () => {
  const { id } = await hub.task.submit({ title: 'first', repository: remote });
  const options = { cwd: place.dir };
  const first = await as('ada', ['start', '--json', '--repo', remote, '--folder', 'w'], options);
  const made = Started.parse(JSON.parse(first.stdout));
  expect(made).toMatchObject({ folder: place.path('w'), isResumed: false, task: { id } });
  const again = await as('ada', ['start', '--json', '--repo', remote, '--folder', 'w'], options);
  expect(Started.parse(JSON.parse(again.stdout))).toMatchObject({ isResumed: true });
  const other = await place.remote('other');
  const wrong = await as('ada', ['start', '--repo', other, '--folder', 'w'], options);
  expect(wrong.code).toBe(75);
});

test('no task is no failure of anything, and a task of another place is not taken', async () => {
  const none = await sb('start');
  expect(none).toMatchObject({ code: 75 });
  const { id } = await hub.task.submit({ title: 'far', repository: 'https://example.org/a.git' });
  expect((await sb('start')).code).toBe(75);
  const named = await sb('start', id);
  expect(named.stderr).toMatch(/is about https:\/\/example\.org\/a\.git.*--repo/s);
  const { id: loose } = await hub.task.submit({ title: 'no repository' });
  expect((await sb('start', loose)).stderr).toContain('has no repository');
  expect((await hub.task.list({ state: 'queued' })).items).toHaveLength(2);
});

test('who lost a task is told who has it, and the work is kept', async () => {
  const { task, branch } = await start('--title', 'Mine');
  await write('x.txt', 'x\n');
  await hub.task.cancel({ id: task.id });
  const late = await sb('hand-in', '--all');
  expect(late.code).toBe(75);
  expect(late.stderr).toContain(`kept on the branch ${branch}`);
  expect(await place.plain(remote, 'ls-tree', '--name-only', branch)).toContain('x.txt');
  expect((await sb('give-back')).code).toBe(75);
});

test('what comes after a hand-in is not left out without a word', async () => {
  const { task } = await start('--title', 'Mine', '--check', 'sleep 60');
  await write('x.txt', 'x\n');
  expect((await sb('hand-in', '--all')).code).toBe(0);
  const again = await sb('hand-in', '--json', '-m', 'said differently');
  expect(JSON.parse(again.stdout)).toMatchObject({ task: { state: 'verifying' } });
  await write('more.txt', 'more\n');
  const more = await sb('hand-in', '--all');
  expect(more.code).toBe(75);
  expect(more.stderr).toContain(`${task.id} is handed in, at`);
  expect(await git('status', '--porcelain')).toBe('?? more.txt');
  expect((await hub.task.show({ id: task.id })).task.state).toBe('verifying');
  await hub.task.cancel({ id: task.id });
});

test('a hub that is down is told, the work is pushed, and handed in when it is back', async () => {
  const { task, branch } = await start('--title', 'Mine');
  await write('x.txt', 'x\n');
  const state = await readFile(hubStateFile(home.env), 'utf8');
  server.child.kill('SIGTERM');
  await server.ended;
  await place.write(hubStateFile(home.env), state);
  const down = await sb('hand-in', '--all');
  expect(down.code).toBe(69);
  expect(down.stderr).toContain(`kept on the branch ${branch}`);
  expect(await place.plain(remote, 'ls-tree', '--name-only', branch)).toContain('x.txt');
  const status = await sb('status');
  expect(status.code).toBe(69);
  expect(status.stdout).toContain('1 commit of your own');
  await startHub();
  expect((await sb('hand-in')).code).toBe(0);
  await untilState(task.id, 'done');
});

test('a task that is given back is offered to others, and the branch stays', async () => {
  const { id } = await hub.task.submit({ title: 'first', repository: remote });
  const { branch } = await start(id);
  await write('x.txt', 'x\n');
  const back = await sb('give-back', '--reason', 'not mine to do');
  expect(back.stdout).toContain(`stays on ${branch}`);
  expect((await hub.task.show({ id })).task).toMatchObject({ state: 'queued', agent: null });
  expect(await git('status', '--porcelain')).toBe('?? x.txt');
  await write('x.txt', 'x\n');
  expect((await sb('hand-in', '--all')).stderr).toContain('moved on');
});

test('a branch is synced, a draft is pushed, and what was pushed is merged from then on', async () => {
  const { task, branch } = await start('--title', 'Mine');
  await write('mine.txt', 'mine\n');
  await git('add', '--all');
  await git('commit', '--quiet', '--message=mine');
  await commitElsewhere(place, remote, { files: { 'one.txt': '1\n' } });
  expect((await sb('status')).stdout).toContain('1 commit behind');
  expect((await sb('sync')).stdout).toBe(
    'origin/main was 1 commit ahead. 1 commit of yours now stand on it.\n',
  );
  const draft = await sb('hand-in', '--draft', '--pr-body', 'body.md');
  expect(draft.stdout).toContain('The task stays with you');
  expect(await readFile(join(clone, 'body.md'), 'utf8')).toContain(`Task ${task.id}`);
  await rm(join(clone, 'body.md'));
  expect((await hub.task.show({ id: task.id })).task.state).toBe('running');
  const head = await git('rev-parse', 'HEAD');
  expect(await place.plain(remote, 'rev-parse', branch)).toBe(head);
  await commitElsewhere(place, remote, { files: { 'two.txt': '2\n' } });
  await write('two.txt', 'mine\n');
  expect((await sb('sync')).stderr).toContain('Not committed yet: two.txt');
  await rm(join(clone, 'two.txt'));
  expect((await sb('sync')).stdout).toContain('nothing is pushed by force');
  expect((await sb('sync')).stdout).toContain('Nothing to do');
  expect((await sb('hand-in')).code).toBe(0);
  await untilState(task.id, 'done');
});

test('a conflict says how to go on, and is gone on with as in any clone', async () => {
  const { task } = await start('--title', 'Mine');
  await write('README.md', 'mine\n');
  await git('commit', '--quiet', '--all', '--message=mine');
  await commitElsewhere(place, remote, { files: { 'README.md': 'theirs\n' } });
  const sync = await sb('sync');
  expect(sync.code).toBe(75);
  expect(sync.stderr).toMatch(/README\.md.*git rebase --continue.*git rebase --abort/s);
  expect((await sb('hand-in')).stderr).toContain('rebase is unfinished');
  expect((await sb('status')).stdout).toContain('git rebase --continue');
  await write('README.md', 'both\n');
  await git('add', '--all');
  await git('-c', 'core.editor=true', 'rebase', '--continue');
  expect((await sb('hand-in')).code).toBe(0);
  await untilState(task.id, 'done');
});

test('the convention of the repository words the pull request', async () => {
  const template = '---\ntitle: "[{task.id}] {task.title}"\n---\n{commits}\nfor {base}\n';
  const files = { '.signalbox/pull-request.md': template };
  await commitElsewhere(place, remote, { files });
  const { task } = await start('--title', 'Say {agent}');
  await write('x.txt', 'x\n');
  // The change may not word its own review.
  await write('.signalbox/pull-request.md', 'other words');
  await git('add', '--all');
  await git('commit', '--quiet', '--message=Say it');
  const { code, stdout } = await sb('pull-request', '--json');
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toEqual({
    title: `[${task.id}] Say {agent}`,
    body: expect.stringMatching(/^- [0-9a-f]{7,} Say it\nfor main\n$/),
    head: `signalbox/${task.id}/1`,
    base: 'main',
  });
  expect((await sb('pull-request', '--title-only')).stdout).toBe(`[${task.id}] Say {agent}\n`);
  const wrong = { '.signalbox/pull-request.md': 'by {author}\n' };
  await commitElsewhere(place, remote, { files: wrong });
  const refused = await sb('hand-in', '--pr-body', 'body.md');
  expect(refused).toMatchObject({ code: 64 });
  expect(refused.stderr).toMatch(/\{author\}.*\{task\.id\}/s);
  expect(await place.plain(remote, 'branch', '--list', `signalbox/${task.id}/1`)).toBe('');
});

test('any branch can be pushed with trailers and without a hub, but not the base', async () => {
  const off = { env: { SIGNALBOX_URL: 'http://127.0.0.1:9' } };
  await write('x.txt', 'x\n');
  const onBase = await as('ada', ['hand-in', '--no-task', '--all'], off);
  expect(onBase).toMatchObject({ code: 75 });
  expect(onBase.stderr).toContain('main is the base branch itself');
  await git('switch', '--quiet', '--create', 'topic');
  const pushed = await as('ada', ['hand-in', '--no-task', '--all', '-m', 'Topic'], off);
  expect(pushed).toMatchObject({ code: 0 });
  expect(await place.plain(remote, 'show', '-s', '--format=%B', 'topic')).toBe(
    'Topic\n\nSignalbox-Agent: ada\n',
  );
});

test('hooks that guard locks let the holder of the task through, in any terminal', async () => {
  const cwd = clone;
  await home.run(['hooks', 'install', 'git', '--agent', 'ada'], { cwd });
  const { task } = await start('--title', 'Mine', '--path', 'src/**');
  await write('src/a.ts', 'a\n');
  await write('theirs.txt', 'b\n');
  const lock = ['lock', 'acquire', 'theirs.txt', '--as', 'bob', '--session', 'one'];
  expect((await home.run(lock, { cwd })).code).toBe(0);
  const env = { AGENT_ID: 'ada', SESSION_ID: 'another-terminal' };
  const barred = await home.run(['git', 'hand-in', '--all'], { cwd, env });
  expect(barred).toMatchObject({ code: 75 });
  expect(barred.stderr).toMatch(/theirs\.txt: held by bob/);
  expect(barred.stderr).not.toContain('src/a.ts: held');
  await rm(join(clone, 'theirs.txt'));
  const handed = await home.run(['git', 'hand-in', '--all'], { cwd, env });
  expect(handed).toMatchObject({ code: 0 });
  await untilState(task.id, 'done');
});

test('in an attempt of a sidecar the sidecar does it', async () => {
  const env = { SIGNALBOX_TASK_ID: `tsk_${'0'.repeat(21)}`, SIGNALBOX_FENCE: '1' };
  for (const word of ['start', 'hand-in', 'give-back']) {
    const { code, stderr } = await as('ada', [word], { env });
    expect({ word, code }).toEqual({ word, code: 75 });
    expect(stderr).toContain('A sidecar runs this attempt');
  }
});
