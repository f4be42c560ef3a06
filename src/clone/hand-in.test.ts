/** Syncing, sealing and pushing the branch of an attempt: with the real git. */
import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { workTrailers } from '../git/message.ts';
import { createGit } from '../git/run.ts';
import { committerEnv } from './cut.ts';
import { BRANCH, type Desk, makeDesk } from './fixture.ts';
import { commitRest, pushHead, sealNewest, workOf } from './hand-in.ts';
import { commitAt, openClone } from './open.ts';
import { chooseRemote, fetchBase } from './remote.ts';
import { stateOf } from './state.ts';
import { distance, syncBranch } from './sync.ts';

let desk: Desk;
afterEach(() => desk.remove());

const trailers = workTrailers({ taskId: 'tsk_1', attempt: 1, agent: 'ada' });
const LINES = ['Signalbox-Task: tsk_1', 'Signalbox-Attempt: 1', 'Signalbox-Agent: ada'];

async function begin(...args: Parameters<typeof makeDesk>): Promise<void> {
  desk = await makeDesk(...args);
  await desk.type('switch', '--quiet', '--create', BRANCH);
}

async function sync(wantsMerge = false) {
  const remote = await chooseRemote(desk.clone, {});
  const base = await fetchBase(desk.clone, remote, null);
  const pushed = base.heads.get(BRANCH) ?? null;
  return syncBranch(desk.clone, { base: base.commit, pushed, wantsMerge, env: {} });
}

async function push(): Promise<void> {
  const remote = await chooseRemote(desk.clone, {});
  const head = (await commitAt(desk.clone, 'HEAD')) ?? '';
  await pushHead(desk.clone, { remote, branch: BRANCH, head });
}

const message = (commit = 'HEAD'): Promise<string> =>
  desk.type('show', '-s', '--format=%B', commit);

test('own commits stand on the base as it is now, one by one, and it is told how far', async () => {
  await begin();
  await desk.commit({ 'one.txt': '1\n' }, 'one');
  await desk.commit({ 'two.txt': '2\n' }, 'two');
  expect(await sync()).toEqual({ kind: 'current' });
  const base = await desk.elsewhere('new.txt');
  const remote = await chooseRemote(desk.clone, {});
  await fetchBase(desk.clone, remote, null);
  const head = (await commitAt(desk.clone, 'HEAD')) ?? '';
  expect(await distance(desk.clone, { base, head })).toEqual({ behind: 1, ahead: 2 });
  expect(await sync()).toMatchObject({ kind: 'rebased', why: 'plain' });
  expect(await desk.type('log', '--format=%s', `${base}..HEAD`)).toBe('two\none');
  expect(await sync()).toEqual({ kind: 'current' });
});

test('a sync moves no other branch, whatever the user has set', async () => {
  await begin();
  await desk.commit({ 'one.txt': '1\n' });
  await desk.type('branch', 'beside');
  const beside = await desk.type('rev-parse', 'beside');
  await desk.commit({ 'two.txt': '2\n' });
  await desk.type('config', 'rebase.updateRefs', 'true');
  await desk.elsewhere('new.txt');
  await sync();
  expect(await desk.type('rev-parse', 'beside')).toBe(beside);
});

test('what was pushed, what holds merges and what is asked for is merged, not rebased', async () => {
  await begin();
  const first = await desk.commit({ 'one.txt': '1\n' });
  await push();
  await desk.elsewhere('new.txt');
  expect(await sync()).toMatchObject({ kind: 'merged', why: 'pushed' });
  expect(await desk.type('rev-parse', 'HEAD^1')).toBe(first);
  await push();
  await desk.type('push', '--quiet', 'origin', `:${BRANCH}`);
  await desk.elsewhere('newer.txt');
  expect(await sync()).toMatchObject({ kind: 'merged', why: 'merges' });
  await begin();
  await desk.commit({ 'one.txt': '1\n' });
  await desk.elsewhere('new.txt');
  expect(await sync(true)).toMatchObject({ kind: 'merged', why: 'asked' });
});

test.each([
  ['rebase', false],
  ['merge', true],
])('a conflict leaves an ordinary %s, with the ways on and back', async (name, wantsMerge) => {
  await begin();
  const mine = await desk.commit({ 'README.md': 'mine\n' });
  await desk.elsewhere('README.md');
  await expect(sync(wantsMerge)).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('README.md'),
    hint: expect.stringMatching(new RegExp(`git ${name} --continue.*git ${name} --abort`)),
    details: { conflicts: ['README.md'] },
  });
  expect(await stateOf(desk.clone)).toMatchObject({ branch: BRANCH, unfinished: name });
  await desk.type(name, '--abort');
  expect(await stateOf(desk.clone)).toMatchObject({ head: mine, unfinished: null });
});

test('a sync that a hook of the user forbids changes nothing', async () => {
  await begin();
  const mine = await desk.commit({ 'one.txt': '1\n' });
  await desk.elsewhere('new.txt');
  await desk.hook('pre-rebase', 'echo never >&2; exit 1');
  await expect(sync()).rejects.toThrow(/never/);
  expect(await stateOf(desk.clone)).toMatchObject({ head: mine, unfinished: null });
});

test('a shallow clone that lacks the history says how it is had', async () => {
  await begin();
  await desk.elsewhere('new.txt');
  const top = desk.place.path('small');
  const url = `file://${desk.remote}`;
  await desk.place.plain(desk.place.dir, 'clone', '--quiet', '--depth=1', url, top);
  await desk.place.plain(top, 'switch', '--quiet', '--orphan', BRANCH);
  await desk.place.write(join(top, 'x.txt'), 'x\n');
  await desk.place.plain(top, 'add', '--all');
  await desk.place.plain(top, 'commit', '--quiet', '--message=x');
  desk.clone = await openClone(desk.git, top);
  await expect(sync()).rejects.toMatchObject({ hint: expect.stringContaining('--unshallow') });
  const base = (await commitAt(desk.clone, 'refs/remotes/origin/main')) ?? '';
  await expect(workOf(desk.clone, base)).rejects.toMatchObject({ code: 'conflict' });
});

test('what is left becomes one commit with trailers, by the user, seen by their hooks', async () => {
  await begin();
  await desk.hook('commit-msg', 'echo "Change-Id: 7" >> "$1"');
  await desk.write('.gitignore', 'out\n');
  await desk.write('out', 'ignored\n');
  await desk.write('new file.txt', 'new\n');
  await commitRest(desk.clone, 'Do it\n\nIn two ways.', { env: {}, trailers });
  expect((await message()).trim().split('\n')).toEqual([
    'Do it',
    '',
    'In two ways.',
    '',
    ...LINES,
    'Change-Id: 7',
  ]);
  expect(await desk.type('show', '-s', '--format=%an %ae %cn')).toBe(
    'Grace grace@example.org Grace',
  );
  expect(await desk.type('ls-files')).toBe('.gitignore\nREADME.md\nnew file.txt');
  expect((await stateOf(desk.clone)).uncommitted).toEqual([]);
});

test('a hook that refuses the commit is heard, and the work stays', async () => {
  await begin();
  await desk.hook('pre-commit', 'echo "the tests are red" >&2; exit 1');
  await desk.write('new.txt', 'new\n');
  await expect(commitRest(desk.clone, 'x', { env: {}, trailers })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('the tests are red'),
  });
  expect((await stateOf(desk.clone)).uncommitted).toEqual(['new.txt']);
});

test('the newest commit gets the trailers, keeps its author and files, and only once', async () => {
  await begin();
  await desk.write('x.txt', 'x\n');
  await desk.type('add', '--all');
  const by = ['--author=Alan <alan@example.org>', '--date=2020-02-02T02:02:02Z'];
  await desk.type('commit', '--quiet', ...by, '--message=Fix\n\nCloses: #7');
  const tree = await desk.type('rev-parse', 'HEAD^{tree}');
  expect(await sealNewest(desk.clone, { env: {}, trailers }, null)).toBe('sealed');
  expect((await message()).trim().split('\n')).toEqual(['Fix', '', 'Closes: #7', ...LINES]);
  const about = await desk.type('show', '-s', '--format=%an %as %T');
  expect(about).toBe(`Alan 2020-02-02 ${tree}`);
  const head = await commitAt(desk.clone, 'HEAD');
  expect(await sealNewest(desk.clone, { env: {}, trailers }, null)).toBe('sealed');
  expect(await commitAt(desk.clone, 'HEAD')).toBe(head);
});

test('a commit that was pushed is not rewritten for its trailers', async () => {
  await begin();
  const head = await desk.commit({ 'x.txt': 'x\n' });
  await push();
  expect(await sealNewest(desk.clone, { env: {}, trailers }, head)).toBe('pushed');
  expect(await commitAt(desk.clone, 'HEAD')).toBe(head);
});

test('where git knows nobody, commits are made in the name of the agent', async () => {
  await begin();
  await desk.type('config', '--unset', 'user.name');
  await desk.type('config', '--unset', 'user.email');
  await desk.write('x.txt', 'x\n');
  const env = await committerEnv(desk.clone, 'ada');
  await commitRest(desk.clone, 'x', { env, trailers });
  expect(await desk.type('show', '-s', '--format=%an <%ae>')).toBe('ada <signalbox@localhost>');
});

test('whom the user says they are in this shell is who commits', async () => {
  const person = { GIT_AUTHOR_NAME: 'Joan', GIT_COMMITTER_NAME: 'Joan' };
  await begin('clone', { ...person, GIT_DIR: '/nowhere', GIT_INDEX_FILE: '/nowhere' });
  await desk.write('x.txt', 'x\n');
  await commitRest(desk.clone, 'x', { env: {}, trailers });
  expect(await desk.type('show', '-s', '--format=%an %cn')).toBe('Joan Joan');
});

test('no commits, commits that change nothing, and landed ones are no work', async () => {
  await begin();
  const base = (await commitAt(desk.clone, 'HEAD')) ?? '';
  const refusal = { code: 'conflict', details: { outcome: 'no_change' } };
  await expect(workOf(desk.clone, base)).rejects.toMatchObject(refusal);
  await desk.type('commit', '--quiet', '--allow-empty', '--message=nothing');
  await expect(workOf(desk.clone, base)).rejects.toMatchObject(refusal);
  const head = await desk.commit({ 'x.txt': 'x\n' });
  expect(await workOf(desk.clone, base)).toEqual({ base, head });
  await expect(workOf(desk.clone, head)).rejects.toMatchObject(refusal);
});

test('the branch is pushed as it is, and again, and its tracking branch with it', async () => {
  await begin();
  const head = await desk.commit({ 'x.txt': 'x\n' });
  await desk.type('tag', '--annotate', '--message=t', 'v1');
  await desk.type('config', 'push.followTags', 'true');
  await push();
  await push();
  expect(await desk.place.plain(desk.remote, 'rev-parse', BRANCH)).toBe(head);
  expect(await desk.type('rev-parse', `origin/${BRANCH}`)).toBe(head);
  expect(await desk.place.plain(desk.remote, 'tag')).toBe('');
});

test('what others pushed to the branch stays, and it is told how to take it in', async () => {
  await begin();
  await desk.commit({ 'x.txt': 'x\n' });
  await push();
  const theirs = await desk.elsewhere('theirs.txt', BRANCH, BRANCH);
  await desk.commit({ 'y.txt': 'y\n' });
  await expect(push()).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('commits that are not here'),
    hint: expect.stringContaining(`git merge origin/${BRANCH}`),
  });
  expect(await desk.place.plain(desk.remote, 'rev-parse', BRANCH)).toBe(theirs);
  await desk.type('merge', '--quiet', '--no-edit', `origin/${BRANCH}`);
  await push();
});

test("the repository's rules and the user's own hook refuse a push in their own words", async () => {
  await begin();
  await desk.commit({ 'x.txt': 'x\n' });
  const rule = join(desk.remote, 'hooks', 'pre-receive');
  await desk.place.write(rule, '#!/bin/sh\necho "only on Mondays" >&2\nexit 1\n');
  await chmod(rule, 0o755);
  await expect(push()).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringContaining('only on Mondays'),
  });
  await desk.hook('pre-push', 'echo "run the tests first" >&2; exit 1');
  await expect(push()).rejects.toThrow(/run the tests first/);
  expect(await desk.place.plain(desk.remote, 'branch', '--list', BRANCH)).toBe('');
});

test('commits of a submodule that nobody else could get are not left out', async () => {
  await begin();
  const part = await desk.place.remote('part');
  await desk.type('-c', 'protocol.file.allow=always', 'submodule', 'add', '--quiet', part, 'part');
  await desk.commit({});
  await desk.write('part/inside.txt', 'inside\n');
  const inside = join(desk.clone.top, 'part');
  await desk.place.plain(inside, 'add', '--all');
  await desk.place.plain(inside, 'commit', '--quiet', '--message=inside');
  await desk.commit({}, 'at the new commit');
  await expect(push()).rejects.toThrow(/part/);
  await desk.place.plain(inside, 'push', '--quiet', 'origin', 'HEAD:main');
  await push();
});

test('line ends and file modes are committed as the user has them set', async () => {
  await begin();
  await desk.type('config', 'core.autocrlf', 'input');
  await desk.write('dos.txt', 'a\r\nb\r\n');
  await desk.write('run.sh', '#!/bin/sh\n');
  await chmod(join(desk.clone.top, 'run.sh'), 0o755);
  await commitRest(desk.clone, 'x', { env: {}, trailers });
  expect(await desk.type('show', 'HEAD:dos.txt')).toBe('a\nb');
  expect(await desk.type('ls-tree', 'HEAD', 'run.sh')).toMatch(/^100755 /);
  expect((await stat(join(desk.clone.top, 'dos.txt'))).size).toBe(6);
  expect((await stateOf(desk.clone)).uncommitted).toEqual([]);
});

test('a sparse checkout commits what it shows, and deletes nothing of what it does not', async () => {
  desk = await makeDesk();
  await desk.elsewhere('left/two.txt');
  await desk.type('pull', '--quiet');
  await desk.type('sparse-checkout', 'set', 'kept');
  await desk.type('switch', '--quiet', '--create', BRANCH);
  await desk.write('kept/new.txt', 'new\n');
  await commitRest(desk.clone, 'x', { env: {}, trailers });
  expect(await desk.type('ls-tree', '-r', '--name-only', 'HEAD')).toBe(
    'README.md\nkept/new.txt\nleft/two.txt',
  );
});

test("an ssh command that stands in the user's clone alone is the one that is used", async () => {
  await begin();
  await desk.type('remote', 'set-url', 'origin', 'git@example.org:a/b.git');
  const said = desk.place.path('said');
  await desk.type('config', 'core.sshCommand', `touch ${said}; false`);
  const git = createGit({ env: desk.place.env, ownership: 'users' });
  const clone = { ...desk.clone, git };
  const remote = await chooseRemote(clone, {});
  await expect(fetchBase(clone, remote, null)).rejects.toThrow();
  expect((await stat(said)).isFile()).toBe(true);
});
