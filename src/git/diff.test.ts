import { chmod, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { diffSummary } from './diff.ts';
import { makePlace } from './fixture.ts';

const LONG = Array.from({ length: 50 }, (_, line) => `line ${line}\n`).join('');

test('every kind of change is told with its lines', async () => {
  const here = await makePlace();
  onTestFinished(here.remove);
  const url = await here.remote('box', {
    'gone.txt': 'a\nb\n',
    'old name.txt': LONG,
    'to-link': 'x\n',
    'run.sh': 'x\n',
    'same.txt': 'same\n',
    'edit.txt': 'one\ntwo\n',
    'line\nend"\t\'.txt': 'one\n',
  });
  const work = here.path('work');
  await here.plain(here.dir, 'clone', '--quiet', url, work);
  await rm(join(work, 'gone.txt'));
  await rename(join(work, 'old name.txt'), join(work, 'new\tname.txt'));
  await here.write(join(work, 'new\tname.txt'), `${LONG}more\n`);
  await rm(join(work, 'to-link'));
  await symlink('same.txt', join(work, 'to-link'));
  await chmod(join(work, 'run.sh'), 0o755);
  await here.write(join(work, 'edit.txt'), 'one\nTWO\nthree\n');
  await here.write(join(work, 'line\nend"\t\'.txt'), 'two\n');
  await here.write(join(work, 'bytes.bin'), Buffer.from([0, 1, 2, 255]));
  await here.write(join(work, '-dash'), 'x');
  await here.plain(work, 'add', '--all');
  const head = await here.plain(work, 'rev-parse', 'HEAD');
  await here.plain(work, 'update-index', '--add', '--cacheinfo', `160000,${head},module`);
  await here.plain(work, 'commit', '--quiet', '--message=all');
  await here.plain(work, 'push', '--quiet', 'origin', 'HEAD:refs/heads/side');
  const mirror = await here.mirror(url);
  const base = (await mirror.resolve('main')) ?? '';
  const summary = await diffSummary(mirror, { base, head: (await mirror.resolve('side')) ?? '' });
  const lines = summary.files.map(({ path, status, fromPath, fileKind, additions, deletions }) => [
    path,
    status,
    fileKind,
    additions,
    deletions,
    ...(fromPath === null ? [] : [fromPath]),
  ]);
  expect(Object.fromEntries(lines.map(([path, ...rest]) => [path, rest]))).toEqual({
    '-dash': ['added', 'file', 1, 0],
    'bytes.bin': ['added', 'file', null, null],
    'edit.txt': ['modified', 'file', 2, 1],
    'gone.txt': ['deleted', 'file', 0, 2],
    'line\nend"\t\'.txt': ['modified', 'file', 1, 1],
    module: ['added', 'submodule', 1, 0],
    'new\tname.txt': ['renamed', 'file', 1, 0, 'old name.txt'],
    'run.sh': ['modified', 'executable', 0, 0],
    'to-link': ['type_changed', 'symlink', 1, 1],
  });
  expect(summary).toMatchObject({ additions: 7, deletions: 5 });
  expect(await diffSummary(mirror, { base, head: base })).toEqual({
    files: [],
    additions: 0,
    deletions: 0,
  });
});
