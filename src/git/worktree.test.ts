import { chmod, mkdir, readdir, readFile, rename, rm, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { asOrdinaryUser, makePlace } from './fixture.ts';
import { attemptBranch } from './names.ts';
import { removeTree } from './remove-tree.ts';
import { addWorktree, openWorktree, removeWorktree } from './worktree.ts';

const BRANCH = attemptBranch('tsk_1', 1);

async function place() {
  const here = await makePlace();
  onTestFinished(here.remove);
  const url = await here.remote('box', { 'README.md': 'one\n', 'src/a.ts': 'a\n' });
  const mirror = await here.mirror(url);
  const commit = (await mirror.resolve('main')) ?? '';
  const options = { mirror, branch: BRANCH, commit, dir: here.path('work', 'tsk_1-1') };
  return { ...here, url, mirror, commit, options };
}

test('a worktree has the files of its base on a branch of its own', async () => {
  const here = await place();
  const worktree = await addWorktree(here.options);
  expect(await readFile(join(worktree.dir, 'src/a.ts'), 'utf8')).toBe('a\n');
  expect(await here.plain(worktree.dir, 'symbolic-ref', 'HEAD')).toBe(`refs/heads/${BRANCH}`);
  expect(await here.plain(worktree.dir, 'rev-parse', 'HEAD')).toBe(here.commit);
  expect(await here.plain(worktree.dir, 'status', '--porcelain')).toBe('');
  expect(await here.plain(worktree.dir, 'rev-parse', 'origin/main')).toBe(here.commit);
});

test('asked again, it answers the worktree that is there with what is in it', async () => {
  const here = await place();
  const first = await addWorktree(here.options);
  await here.write(join(first.dir, 'made.txt'), 'made');
  const second = await addWorktree(here.options);
  expect(second.dir).toBe(first.dir);
  expect(await readFile(join(second.dir, 'made.txt'), 'utf8')).toBe('made');
  expect(await openWorktree({ mirror: here.mirror, dir: first.dir })).toEqual(first);
  const other = addWorktree({ ...here.options, branch: attemptBranch('tsk_1', 2) });
  await expect(other).rejects.toThrow(`it is the worktree of ${BRANCH}`);
});

test('several are cut from one mirror at once', async () => {
  const here = await place();
  const worktrees = await Promise.all(
    Array.from({ length: 6 }, (_, index) => {
      const branch = attemptBranch('tsk_1', index + 1);
      return addWorktree({ ...here.options, branch, dir: here.path('work', `w${index}`, 'same') });
    }),
  );
  expect(new Set(worktrees.map(({ gitDir }) => gitDir)).size).toBe(6);
  await Promise.all(worktrees.map(removeWorktree));
  expect(await readdir(join(here.mirror.dir, 'signalbox'))).toEqual([]);
});

test('a folder with something in it is not taken', async () => {
  const here = await place();
  await here.write(join(here.options.dir, 'mine.txt'), 'mine');
  await expect(addWorktree(here.options)).rejects.toThrow('there is something else');
  await expect(addWorktree({ ...here.options, dir: 'relative' })).rejects.toThrow('absolute');
  expect(await readdir(here.options.dir)).toEqual(['mine.txt']);
  const unknown = addWorktree({ ...here.options, commit: 'a'.repeat(40) });
  await expect(unknown).rejects.toMatchObject({ kind: 'not_found' });
});

test('what a killed call left half made is made again', async () => {
  const here = await place();
  const { dir, mirror } = here.options;
  // As git leaves it when it is killed while it writes the files.
  await here.plain(mirror.dir, 'worktree', 'add', '--lock', '-b', BRANCH, dir, here.commit);
  await rm(join(dir, 'src'), { recursive: true });
  const worktree = await addWorktree(here.options);
  expect(await readdir(dir)).toEqual(['.git', 'README.md', 'src']);
  expect(await here.plain(worktree.dir, 'status', '--porcelain')).toBe('');
  expect(await readdir(join(mirror.dir, 'worktrees'))).toHaveLength(1);
});

test('a removed worktree leaves nothing, and removing it again is harmless', async () => {
  const here = await place();
  const worktree = await addWorktree(here.options);
  await removeWorktree(worktree);
  await removeWorktree(worktree);
  expect(await readdir(here.path('work'))).toEqual([]);
  expect(await openWorktree({ mirror: here.mirror, dir: worktree.dir })).toBeNull();
  expect(await here.plain(here.mirror.dir, 'branch', '--list')).toBe('');
  expect(await here.plain(here.mirror.dir, 'worktree', 'list')).not.toContain('tsk_1-1');
  expect((await addWorktree(here.options)).branch).toBe(BRANCH);
});

test('a removal that was cut off is gone on with', async () => {
  const here = await place();
  const worktree = await addWorktree(here.options);
  const folder = join(here.mirror.dir, 'signalbox');
  const [name = ''] = await readdir(folder);
  const record = await readFile(join(folder, name), 'utf8');
  await removeWorktree(worktree);
  await here.write(join(folder, name), record.replace('"isLeaving":false', '"isLeaving":true'));
  expect(await openWorktree({ mirror: here.mirror, dir: worktree.dir })).toBeNull();
  expect(await readdir(folder)).toEqual([]);
  await here.write(join(folder, name), '{"dir":"/etc"}');
  const damaged = openWorktree({ mirror: here.mirror, dir: worktree.dir });
  await expect(damaged).rejects.toThrow('is damaged');
});

test('commits that the remote does not have stay reachable after the removal', async () => {
  const here = await place();
  const worktree = await addWorktree(here.options);
  const empty = ['commit', '--quiet', '--allow-empty'];
  await here.plain(worktree.dir, ...empty, '--message=on our branch');
  const ours = await here.plain(worktree.dir, 'rev-parse', 'HEAD');
  await here.plain(worktree.dir, 'checkout', '--quiet', '--detach', here.commit);
  await here.plain(worktree.dir, ...empty, '--message=alone');
  const alone = await here.plain(worktree.dir, 'rev-parse', 'HEAD');
  await removeWorktree(worktree);
  for (const commit of [ours, alone]) {
    expect(await here.plain(here.mirror.dir, 'for-each-ref', '--contains', commit)).toContain(
      commit,
    );
  }
});

test('nothing outside is deleted, whatever the command made of its folder', async () => {
  const here = await place();
  await here.write(here.path('outside', 'precious'), 'precious');
  const tricks: ((dir: string) => Promise<unknown>)[] = [
    (dir) => rm(dir, { recursive: true }),
    async (dir) => {
      await rm(dir, { recursive: true });
      await symlink(here.path('outside'), dir);
    },
    async (dir) => {
      await rm(dir, { recursive: true });
      await here.write(dir, 'a file');
    },
    (dir) => symlink(here.path('outside'), join(dir, 'link')),
    (dir) => rm(join(dir, '.git')),
    async (dir) => {
      await mkdir(join(dir, 'closed/in'), { recursive: true });
      await chmod(join(dir, 'closed'), 0o500);
    },
  ];
  for (const [index, trick] of tricks.entries()) {
    const branch = attemptBranch('tsk_1', index + 1);
    const dir = here.path('work', `w${index}`);
    const worktree = await addWorktree({ ...here.options, branch, dir });
    await trick(dir);
    await removeWorktree(worktree);
    expect(await readdir(here.path('work'))).toEqual([]);
    expect(await readFile(here.path('outside', 'precious'), 'utf8')).toBe('precious');
  }
});

test('a parent that became a link stops the removal', async () => {
  const here = await place();
  const worktree = await addWorktree(here.options);
  await here.write(here.path('outside', 'tsk_1-1', 'precious'), 'precious');
  await rename(here.path('work'), here.path('moved'));
  await symlink(here.path('outside'), here.path('work'));
  await expect(removeWorktree(worktree)).rejects.toThrow('its parent leads to');
  expect(await openWorktree(worktree)).toBeNull();
  expect((await stat(here.path('outside', 'tsk_1-1', 'precious'))).isFile()).toBe(true);
});

test('a read-only folder is removed by its owner', async () => {
  const here = await place();
  const dir = here.path('closed');
  await here.write(join(dir, 'in', 'file'), 'x');
  await chmod(join(dir, 'in'), 0o500);
  await chmod(dir, 0);
  await asOrdinaryUser(here.dir, () => removeTree(dir));
  expect(await readdir(here.dir)).not.toContain('closed');
});

test('a command that removes its own worktree from git does not stop the removal', async () => {
  const here = await place();
  const worktree = await addWorktree(here.options);
  const { dir } = worktree;
  await here.plain(here.mirror.dir, 'worktree', 'remove', '--force', '--force', dir);
  await removeWorktree(worktree);
  expect(await readdir(join(here.mirror.dir, 'signalbox'))).toEqual([]);
});

test('pruning by a command spares the worktrees of others', async () => {
  const here = await place();
  const worktree = await addWorktree(here.options);
  await rename(worktree.dir, here.path('away'));
  await here.plain(here.mirror.dir, 'worktree', 'prune', '--expire=now');
  await rename(here.path('away'), worktree.dir);
  expect(await here.plain(worktree.dir, 'status', '--porcelain')).toBe('');
});

test('hooks of the user do not run and LF stays LF where git is left alone', async () => {
  const here = await place();
  await here.write(here.path('hooks', 'post-checkout'), `#!/bin/sh\ntouch ${here.path('ran')}\n`);
  await chmod(here.path('hooks', 'post-checkout'), 0o755);
  await here.plain(here.dir, 'config', '--global', 'core.hooksPath', here.path('hooks'));
  await addWorktree(here.options);
  expect(await readdir(here.dir)).not.toContain('ran');
});
