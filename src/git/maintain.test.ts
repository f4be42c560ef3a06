import { createHash } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { makePlace } from './fixture.ts';
import { maintain } from './maintain.ts';
import { addWorktree } from './worktree.ts';

test('much is packed, and what a worktree holds stays', async () => {
  const here = await makePlace();
  onTestFinished(here.remove);
  const mirror = await here.mirror(await here.remote('box'));
  const commit = (await mirror.resolve('main')) ?? '';
  const options = { mirror, branch: 'signalbox/t/1', commit, dir: here.path('w') };
  const { dir } = await addWorktree(options);
  await here.plain(dir, 'checkout', '--quiet', '--detach');
  // git judges how many loose objects there are by those whose id starts with 17.
  const texts = Array.from({ length: 9_000 }, (_, index) => String(10_000_000 + index));
  const files = texts
    .filter((text) => createHash('sha1').update(`blob 8\0${text}`).digest('hex').startsWith('17'))
    .map((text) => `M 100644 inline ${text}\ndata 8\n${text}\n`);
  const input = `commit refs/heads/many\ncommitter A <a@b> 1 +0000\ndata 1\nm\n${files.join('')}`;
  const unpacked = ['-c', 'fastimport.unpackLimit=100000', '-c', 'core.fsync=none'];
  await mirror.git.run([...unpacked, 'fast-import', '--quiet'], { gitDir: mirror.dir, input });
  // A commit by hand would tidy up too, at the wrong time.
  const now = ['-c', 'gc.autoDetach=false'];
  await here.plain(dir, ...now, 'commit', '--quiet', '--allow-empty', '--message=alone');
  const alone = await here.plain(dir, 'rev-parse', 'HEAD');
  const loose = async (): Promise<number> =>
    Number((await here.plain(mirror.dir, 'count-objects')).split(' ')[0]);
  expect(await loose()).toBeGreaterThan(28);
  await maintain(mirror);
  expect(await loose()).toBeLessThan(10);
  expect(await here.plain(mirror.dir, 'cat-file', '-t', alone)).toBe('commit');
});
