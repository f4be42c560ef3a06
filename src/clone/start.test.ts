/** Finding a clone, its state and its remote, and cutting a branch: with the real git. */
import { readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, expect, test } from 'vitest';
import { createGit } from '../git/run.ts';
import { besides, cutBranch, makeClone } from './cut.ts';
import { BRANCH, type Desk, makeDesk } from './fixture.ts';
import { commitAt, fileAt, openClone } from './open.ts';
import { chooseRemote, fetchBase, isSameRepository } from './remote.ts';
import { mustBeClean, mustBeFinished, stateOf } from './state.ts';

let desk: Desk;
afterEach(() => desk.remove());

async function cut(from: Desk, more: { worktree?: string; base?: string } = {}) {
  const remote = await chooseRemote(from.clone, {});
  const base = await fetchBase(from.clone, remote, more.base ?? null);
  const options = { branch: BRANCH, base, remote, worktree: more.worktree ?? null };
  return { ...(await cutBranch(from.clone, options)), base };
}

test('a clone is found from any folder in it, whatever signs its path holds', async () => {
  desk = await makeDesk('two words/and a\nline');
  await desk.write('deep/er/x.txt', 'x\n');
  const found = await openClone(desk.git, join(desk.clone.top, 'deep/er'));
  expect(found.top).toBe(desk.place.path('two words/and a\nline'));
  expect(found.commonDir).toBe(join(found.top, '.git'));
});

test('what is no clone is refused with what to do, and so is one without files', async () => {
  desk = await makeDesk();
  await expect(openClone(desk.git, desk.place.dir)).rejects.toMatchObject({
    code: 'invalid_input',
    message: expect.stringContaining('is in no clone'),
    hint: expect.stringContaining('--repo'),
  });
  await expect(openClone(desk.git, desk.remote)).rejects.toMatchObject({
    message: expect.stringContaining('bare'),
  });
  await expect(openClone(desk.git, join(desk.clone.top, '.git'))).rejects.toMatchObject({
    code: 'invalid_input',
  });
});

test('each kind of uncommitted work is seen, with paths as they are', async () => {
  desk = await makeDesk();
  await desk.commit({ 'a b.txt': 'a\n', '? old\nname.txt': 'some text\nmore\n', 'c.txt': 'c\n' });
  await desk.write('a b.txt', 'changed\n');
  await desk.type('mv', '? old\nname.txt', 'new name.txt');
  await desk.type('rm', '--quiet', '--cached', 'c.txt');
  await desk.write('dir/untracked.txt', 'u\n');
  await desk.type('config', 'status.showUntrackedFiles', 'no');
  const state = await stateOf(desk.clone);
  expect(state.uncommitted.toSorted()).toEqual([
    'a b.txt',
    'c.txt',
    'c.txt',
    'dir/',
    'new name.txt',
  ]);
  expect(() => mustBeClean(state, 'do this')).toThrow(
    expect.objectContaining({ code: 'conflict', hint: 'do this' }),
  );
});

test('a worktree where all is committed is clean, whatever is ignored in it', async () => {
  desk = await makeDesk();
  await desk.commit({ '.gitignore': 'out\n' });
  await desk.write('out/x', 'x\n');
  const state = await stateOf(desk.clone);
  expect(state).toMatchObject({ branch: 'main', uncommitted: [], unfinished: null });
  mustBeClean(state, '');
  mustBeFinished(state);
});

test('an unfinished rebase is told with its branch, its conflicts and the ways on', async () => {
  desk = await makeDesk();
  await desk.type('switch', '--quiet', '--create', 'mine');
  await desk.commit({ 'README.md': 'mine\n' });
  await desk.type('switch', '--quiet', 'main');
  await desk.commit({ 'README.md': 'theirs\n' });
  await desk.type('switch', '--quiet', 'mine');
  await expect(desk.type('rebase', 'main')).rejects.toThrow();
  const state = await stateOf(desk.clone);
  expect(state).toMatchObject({ branch: 'mine', unfinished: 'rebase', conflicts: ['README.md'] });
  expect(() => mustBeFinished(state)).toThrow(
    expect.objectContaining({ hint: expect.stringMatching(/rebase --continue.*rebase --abort/) }),
  );
});

test.each([
  ['merge', ['merge', 'main']],
  ['cherry-pick', ['cherry-pick', 'main']],
  ['revert', ['revert', '--no-edit', 'HEAD~1']],
])('an unfinished %s is told by its name', async (name, args) => {
  desk = await makeDesk();
  await desk.type('switch', '--quiet', '--create', 'mine');
  await desk.commit({ 'README.md': 'mine\n' });
  await desk.commit({ 'README.md': 'mine again\n' });
  await desk.type('switch', '--quiet', 'main');
  await desk.commit({ 'README.md': 'theirs\n' });
  await desk.type('switch', '--quiet', 'mine');
  await expect(desk.type(...args)).rejects.toThrow();
  expect((await stateOf(desk.clone)).unfinished).toBe(name);
});

test('a bisect and a detached HEAD are told', async () => {
  desk = await makeDesk();
  await desk.type('bisect', 'start');
  expect((await stateOf(desk.clone)).unfinished).toBe('bisect');
  await desk.type('bisect', 'reset');
  await desk.type('switch', '--quiet', '--detach');
  expect(await stateOf(desk.clone)).toMatchObject({ branch: null, unfinished: null });
});

test('a repository without a commit has no head', async () => {
  desk = await makeDesk();
  const top = desk.place.path('young');
  await desk.place.plain(desk.place.dir, 'init', '--quiet', '--initial-branch=main', top);
  const young = await openClone(desk.git, top);
  expect(await stateOf(young)).toMatchObject({ branch: 'main', head: null });
  await expect(chooseRemote(young, {})).rejects.toMatchObject({
    hint: expect.stringContaining('git remote add'),
  });
});

test('the remote is the one named, or that of the task, or origin, or the only one', async () => {
  desk = await makeDesk();
  const { clone, type, remote } = desk;
  expect(await chooseRemote(clone, {})).toEqual({ name: 'origin', url: remote });
  await type('remote', 'add', 'fork', 'https://me:secret@example.org/me/app.git');
  const fork = { name: 'fork', url: 'https://example.org/me/app.git' };
  expect(await chooseRemote(clone, { name: 'fork' })).toEqual(fork);
  expect(await chooseRemote(clone, { url: 'https://example.org/me/app' })).toEqual(fork);
  expect(await chooseRemote(clone, {})).toMatchObject({ name: 'origin' });
  await expect(chooseRemote(clone, { name: 'nope' })).rejects.toMatchObject({
    hint: 'There is: fork, origin',
  });
  await expect(
    chooseRemote(clone, { url: 'https://x:y@example.org/other.git' }),
  ).rejects.toMatchObject({ code: 'conflict', message: expect.not.stringContaining('x:y') });
  await type('remote', 'rename', 'origin', 'upstream');
  await expect(chooseRemote(clone, {})).rejects.toMatchObject({
    hint: expect.stringContaining('--remote NAME'),
  });
  await type('remote', 'remove', 'fork');
  expect(await chooseRemote(clone, {})).toMatchObject({ name: 'upstream' });
});

test('one repository is the same in all the ways in which it is written', () => {
  const same = [
    'git@example.org:org/app.git',
    'ssh://git@example.org/org/app',
    'ssh://git@example.org:22/org/app.git/',
  ];
  for (const url of same) expect(isSameRepository(url, same[0] ?? ''), url).toBe(true);
  expect(isSameRepository('/srv/app.git', '/srv/app')).toBe(false);
});

test('a branch is cut from the base as it is at the remote, not as it was fetched', async () => {
  desk = await makeDesk();
  await desk.commit({ 'local.txt': 'only here\n' });
  const newest = await desk.elsewhere('new.txt');
  const { isResumed, base } = await cut(desk);
  expect({ isResumed, base: base.commit }).toEqual({ isResumed: false, base: newest });
  const state = await stateOf(desk.clone);
  expect(state).toMatchObject({ branch: BRANCH, head: newest, uncommitted: [] });
  expect(await desk.type('config', '--get-regexp', '^branch.signalbox').catch(() => '')).toBe('');
});

test('a base branch that was renamed is followed where HEAD says so, and else named', async () => {
  desk = await makeDesk();
  const { plain } = desk.place;
  await plain(desk.remote, 'branch', '--move', 'main', 'trunk');
  const remote = await chooseRemote(desk.clone, {});
  expect(await fetchBase(desk.clone, remote, null)).toMatchObject({ branch: 'trunk' });
  await expect(fetchBase(desk.clone, remote, 'main')).rejects.toMatchObject({
    kind: 'not_found',
    hint: expect.stringContaining('trunk'),
  });
});

test('a remote that is gone is told, and nothing is cut', async () => {
  desk = await makeDesk();
  await rm(desk.remote, { recursive: true });
  await expect(cut(desk)).rejects.toMatchObject({ kind: 'not_found' });
  expect((await stateOf(desk.clone)).branch).toBe('main');
});

test('cut again it is the same branch with what is on it, also from another clone', async () => {
  desk = await makeDesk();
  await cut(desk);
  const head = await desk.commit({ 'mine.txt': 'mine\n' });
  await desk.type('switch', '--quiet', 'main');
  expect(await cut(desk)).toMatchObject({ isResumed: true });
  expect((await stateOf(desk.clone)).head).toBe(head);
  await desk.type('push', '--quiet', 'origin', BRANCH);
  const other = await makeClone(desk.git, { url: desk.remote, folder: desk.place.path('other') });
  expect(await cut({ ...desk, clone: other })).toMatchObject({ isResumed: true });
  expect(await stateOf(other)).toMatchObject({ branch: BRANCH, head });
});

test.each(['signalbox', BRANCH.slice(0, BRANCH.lastIndexOf('/'))])(
  'a branch %s in the way is named',
  async (name) => {
    desk = await makeDesk();
    await desk.type('branch', name);
    await expect(cut(desk)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining(`${name} is in the way`),
      hint: expect.stringContaining(`git branch -m ${name}`),
    });
  },
);

test('a worktree of its own leaves the clone as it is, and is found again', async () => {
  desk = await makeDesk();
  await desk.write('dirty.txt', 'not committed\n');
  const task = { id: BRANCH.split('/')[1] ?? '', attempt: 1 };
  const worktree = besides(desk.clone, task);
  expect(worktree).toBe(desk.place.path(`clone-${task.id}-1`));
  const made = await cut(desk, { worktree });
  expect(made.clone).toMatchObject({ top: worktree, commonDir: desk.clone.commonDir });
  expect(await stateOf(made.clone)).toMatchObject({ branch: BRANCH, uncommitted: [] });
  expect(await stateOf(desk.clone)).toMatchObject({ branch: 'main', uncommitted: ['dirty.txt'] });
  expect((await cut(desk, { worktree: desk.place.path('elsewhere') })).clone.top).toBe(worktree);
});

test('files in the way of a worktree are not touched', async () => {
  desk = await makeDesk();
  await desk.place.write(desk.place.path('taken/x.txt'), 'precious\n');
  await expect(cut(desk, { worktree: desk.place.path('taken') })).rejects.toMatchObject({
    code: 'conflict',
    hint: expect.stringContaining('--folder'),
  });
  const file = desk.place.path('file');
  await desk.place.write(file, 'precious\n');
  await expect(cut(desk, { worktree: file })).rejects.toMatchObject({ code: 'conflict' });
  expect(await readFile(desk.place.path('taken/x.txt'), 'utf8')).toBe('precious\n');
  expect(await commitAt(desk.clone, 'HEAD')).not.toBeNull();
});

test('a shallow clone and a sparse checkout get a branch as any other', async () => {
  desk = await makeDesk();
  await desk.elsewhere('kept/one.txt');
  await desk.elsewhere('left/two.txt');
  const top = desk.place.path('small');
  const flags = ['--quiet', '--depth=1', '--sparse'];
  await desk.place.plain(desk.place.dir, 'clone', ...flags, `file://${desk.remote}`, top);
  await desk.place.plain(top, 'sparse-checkout', 'set', 'kept');
  const newest = await desk.elsewhere('kept/three.txt');
  const small = await openClone(desk.git, top);
  await cut({ ...desk, clone: small });
  expect(await stateOf(small)).toMatchObject({ branch: BRANCH, head: newest, uncommitted: [] });
  const files = await desk.place.plain(top, 'ls-files', '-t');
  expect(files).toContain('H kept/three.txt');
  expect(files).toContain('S left/two.txt');
});

test('what is uncommitted inside of a submodule is not ours; the commit it stands at is', async () => {
  desk = await makeDesk();
  const part = await desk.place.remote('part');
  await desk.type('-c', 'protocol.file.allow=always', 'submodule', 'add', '--quiet', part, 'part');
  await desk.commit({});
  await desk.write('part/README.md', 'changed inside\n');
  expect((await stateOf(desk.clone)).uncommitted).toEqual([]);
  const inside = join(desk.clone.top, 'part');
  await desk.place.plain(inside, 'commit', '--quiet', '--all', '--message=inside');
  expect((await stateOf(desk.clone)).uncommitted).toEqual(['part']);
});

test('a file of the base is read from the commit; a folder and a link to elsewhere are none', async () => {
  desk = await makeDesk();
  await desk.write('.signalbox/pull-request.md', 'words\n');
  await symlink('/etc/passwd', join(desk.clone.top, 'link'));
  const commit = await desk.commit({});
  await desk.write('.signalbox/pull-request.md', 'others\n');
  const read = (path: string, bytesMax = 100): Promise<string | null> =>
    fileAt(desk.clone, { commit, path, bytesMax });
  expect(await read('.signalbox/pull-request.md')).toBe('words\n');
  expect(await read('.signalbox')).toBeNull();
  expect(await read('none.md')).toBeNull();
  expect(await read('link')).toBeNull();
  await expect(read('.signalbox/pull-request.md', 3)).rejects.toThrow(/more than is taken/);
});

const isRoot = process.geteuid?.() === 0;
test.runIf(isRoot)("another user's clone is not worked in, for its hooks would run", async () => {
  desk = await makeDesk();
  await execa('chown', ['-R', '65534', desk.clone.top]);
  const git = createGit({ env: { ...desk.place.env, SUDO_UID: '' }, ownership: 'users' });
  await expect(openClone(git, desk.clone.top)).rejects.toMatchObject({
    code: 'forbidden',
    hint: expect.stringContaining('safe.directory'),
  });
});
