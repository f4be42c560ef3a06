import { chmod, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { commitElsewhere, makePlace } from './fixture.ts';
import { removeTree } from './remove-tree.ts';
import { exportCommit } from './sandbox.ts';

async function place() {
  const here = await makePlace();
  onTestFinished(here.remove);
  const url = await here.remote('box', {
    'README.md': 'one\n',
    '.gitattributes': 'x export-ignore',
  });
  await commitElsewhere(here, url, { files: { 'between.txt': 'x' } });
  const commit = await commitElsewhere(here, url, { files: { 'src/a.ts': 'a\n', x: 'x' } });
  const mirror = await here.mirror(url);
  const baseCommit = await here.plain(url, 'rev-parse', `${commit}~2`);
  const options = { commit, baseCommit, dir: here.path('checks', "it's one %41") };
  return { ...here, mirror, commit, baseCommit, options };
}

test('a check finds the files of the commit, and the base to compare with', async () => {
  const here = await place();
  const dir = await exportCommit(here.mirror, here.options);
  expect((await readdir(dir)).toSorted()).toEqual(
    ['.git', '.gitattributes', 'README.md', 'between.txt', 'src', 'x'].toSorted(),
  );
  expect(await here.plain(dir, 'rev-parse', 'HEAD')).toBe(here.commit);
  expect(await here.plain(dir, 'status', '--porcelain')).toBe('');
  const names = await here.plain(dir, 'diff', '--name-only', 'refs/signalbox/base', 'HEAD');
  expect(names).toBe('between.txt\nsrc/a.ts\nx');
  expect(await here.plain(dir, 'rev-list', '--count', '--all')).toBe('2');
  expect(await readdir(here.path('checks'))).toEqual([here.options.dir.split('/').at(-1)]);
});

test('nothing in it leads back to the mirror', async () => {
  const here = await place();
  const dir = await exportCommit(here.mirror, here.options);
  expect(await here.plain(dir, 'remote')).toBe('');
  const { stdout } = await execa('grep', ['-rlF', here.mirror.dir, dir], { reject: false });
  expect(stdout).toBe('');
  const links = await execa('find', [join(dir, '.git', 'objects'), '-type', 'f', '-links', '+1']);
  expect(links.stdout).toBe('');
  await removeTree(join(dir, '.git', 'objects'));
  await here.plain(here.mirror.dir, 'fsck', '--strict');
});

test('a folder that is there is not taken, and a failed export leaves none', async () => {
  const here = await place();
  await here.write(join(here.options.dir, 'mine'), 'mine');
  await expect(exportCommit(here.mirror, here.options)).rejects.toThrow('exists already');
  const gone = { ...here.options, commit: 'a'.repeat(40), dir: here.path('checks', 'two') };
  await expect(exportCommit(here.mirror, gone)).rejects.toMatchObject({ kind: 'not_found' });
  const dir = here.path('checks', 'three');
  const off = exportCommit(here.mirror, { ...here.options, dir, signal: AbortSignal.abort() });
  await expect(off).rejects.toMatchObject({ kind: 'aborted' });
  expect(await readdir(here.path('checks'))).toHaveLength(1);
});

test.skipIf(process.getuid?.() !== 0)('another user may own it and work in it', async () => {
  const here = await place();
  await chmod(here.dir, 0o755);
  const owner = { uid: 65_534, gid: 65_534 };
  const dir = await exportCommit(here.mirror, { ...here.options, owner });
  expect((await stat(join(dir, 'src/a.ts'))).uid).toBe(owner.uid);
  const env = { PATH: here.env['PATH'] ?? '', HOME: '/nonexistent' };
  const as = { ...owner, cwd: dir, env, extendEnv: false };
  const { stdout } = await execa('sh', ['-c', 'git status --short; echo b > src/a.ts; id -u'], as);
  expect(stdout).toBe('65534');
  const peek = await execa('ls', [here.mirror.dir], { ...as, reject: false });
  expect(peek.exitCode).not.toBe(0);
  await removeTree(dir);
});

test('hooks and templates of the user do not reach it', async () => {
  const here = await place();
  await here.write(here.path('template', 'hooks', 'post-checkout'), '#!/bin/sh\nexit 1\n');
  await chmod(here.path('template', 'hooks', 'post-checkout'), 0o755);
  await here.plain(here.dir, 'config', '--global', 'init.templateDir', here.path('template'));
  const dir = await exportCommit(here.mirror, here.options);
  expect(await readdir(join(dir, '.git'))).not.toContain('hooks');
  expect(await readFile(join(dir, 'README.md'), 'utf8')).toBe('one\n');
});
