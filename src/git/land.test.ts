import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { commitElsewhere, makePlace } from './fixture.ts';
import { containsCommit } from './history.ts';
import { push, pushBranch, readBase } from './land.ts';
import type { Mirror } from './mirror.ts';
import { openMirror } from './mirror.ts';

async function place() {
  const here = await makePlace();
  onTestFinished(here.remove);
  const url = await here.remote('box');
  const mirror = await here.mirror(url);
  const base = (await mirror.resolve('main')) ?? '';
  /** A commit on `parent` that only this mirror has. */
  const commitIn = async (where: Mirror, parent: string, message: string) => {
    const tree = await here.plain(where.dir, 'rev-parse', `${parent}^{tree}`);
    return here.plain(where.dir, 'commit-tree', tree, '-p', parent, '-m', message);
  };
  const hook = async (name: string, script: string, folder = join(url, 'hooks')) => {
    await here.write(join(folder, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(folder, name), 0o755);
  };
  return { ...here, url, mirror, base, commitIn, hook };
}

test('a commit lands while the branch stands as the test said, and again is harmless', async () => {
  const here = await place();
  const commit = await here.commitIn(here.mirror, here.base, 'tested');
  const landing = { commit, branch: 'main', expected: here.base };
  expect(await push(here.mirror, landing)).toBe('landed');
  expect(await readBase(here.mirror)).toBe(commit);
  expect(await push(here.mirror, landing)).toBe('landed');
  await commitElsewhere(here, here.url, { files: { x: 'x' } });
  expect(await push(here.mirror, landing)).toBe('landed');
  expect(await containsCommit(here.mirror, { base: here.base, commit })).toBe(false);
});

test('a branch that has moved is not touched', async () => {
  const here = await place();
  const commit = await here.commitIn(here.mirror, here.base, 'tested');
  const other = await commitElsewhere(here, here.url, { files: { x: 'x' } });
  expect(await push(here.mirror, { commit, branch: 'main', expected: here.base })).toBe('moved');
  expect(await readBase(here.mirror)).toBe(other);
  await here.plain(here.url, 'update-ref', '-d', 'refs/heads/main');
  expect(await push(here.mirror, { commit, branch: 'main', expected: here.base })).toBe('moved');
  expect(await readBase(here.mirror)).toBeNull();
});

test('a commit that is not built on what was expected is never pushed', async () => {
  const here = await place();
  const tip = await commitElsewhere(here, here.url, { files: { x: 'x' } });
  await here.mirror.fetch();
  const commit = await here.commitIn(here.mirror, here.base, 'beside');
  const landing = push(here.mirror, { commit, branch: 'main', expected: tip });
  await expect(landing).rejects.toMatchObject({
    kind: 'rejected',
    message: expect.stringContaining('rewrite'),
  });
  expect(await readBase(here.mirror)).toBe(tip);
});

test('of two that land at once one wins, and the other hears that it moved', async () => {
  const here = await place();
  const second = await openMirror({ git: here.git, url: here.url, dir: here.path('second') });
  for (let round = 0; round < 5; round++) {
    const expected = String(await readBase(here.mirror));
    await Promise.all([here.mirror.fetch(), second.fetch()]);
    const results = await Promise.all(
      [here.mirror, second].map(async (mirror, index) => {
        const commit = await here.commitIn(mirror, expected, `round ${round} of ${index}`);
        return push(mirror, { commit, branch: 'main', expected });
      }),
    );
    expect(results.toSorted()).toEqual(['landed', 'moved']);
  }
});

test('what the other side refuses is told in its words', async () => {
  const here = await place();
  await here.hook('pre-receive', 'echo "no landing on a Friday" >&2; exit 1');
  const commit = await here.commitIn(here.mirror, here.base, 'tested');
  const landing = push(here.mirror, { commit, branch: 'main', expected: here.base });
  await expect(landing).rejects.toMatchObject({
    kind: 'rejected',
    message: expect.stringContaining('no landing on a Friday'),
  });
  await expect(pushBranch(here.mirror, { commit, branch: 'signalbox/t/1' })).rejects.toMatchObject({
    kind: 'rejected',
  });
});

test("hooks of the user do not run on either side, the repository's own do", async () => {
  const here = await place();
  const folder = here.path('hooks');
  await here.hook('pre-push', 'exit 1', folder);
  await here.hook('pre-receive', 'exit 1', folder);
  await here.hook('reference-transaction', 'exit 1', folder);
  await here.hook('post-receive', `touch ${here.path('ran')}`);
  await here.plain(here.dir, 'config', '--global', 'core.hooksPath', folder);
  await here.plain(here.dir, 'config', '--global', 'push.gpgSign', 'true');
  const commit = await here.commitIn(here.mirror, here.base, 'tested');
  expect(await push(here.mirror, { commit, branch: 'main', expected: here.base })).toBe('landed');
  expect((await execa('ls', [here.dir])).stdout).toContain('ran');
  const chosen = here.path('chosen');
  await here.hook('pre-receive', 'exit 1', chosen);
  await here.plain(here.url, 'config', 'core.hooksPath', chosen);
  const next = await here.commitIn(here.mirror, commit, 'next');
  const landing = push(here.mirror, { commit: next, branch: 'main', expected: commit });
  await expect(landing).rejects.toMatchObject({ kind: 'rejected' });
});

test('a lock on the other side is waited for; one that stays is an error, no answer', async () => {
  const here = await place();
  const lock = join(here.url, 'refs/heads/main.lock');
  await writeFile(lock, '');
  const commit = await here.commitIn(here.mirror, here.base, 'tested');
  const landing = { commit, branch: 'main', expected: here.base };
  const during = (sleep: () => Promise<void>): Mirror => {
    const clock = { ...here.git.clock, sleep };
    return { ...here.mirror, git: { ...here.git, clock } };
  };
  const stays = push(
    during(() => Promise.resolve()),
    landing,
  );
  await expect(stays).rejects.toMatchObject({ kind: 'locked' });
  expect(await readBase(here.mirror)).toBe(here.base);
  const goes = during(() => rm(lock, { force: true }));
  expect(await push(goes, landing)).toBe('landed');
});

test("an attempt's branch is made, moved forward, and never overwritten", async () => {
  const here = await place();
  const branch = 'signalbox/tsk_1/1';
  const one = await here.commitIn(here.mirror, here.base, 'one');
  await pushBranch(here.mirror, { commit: one, branch });
  await pushBranch(here.mirror, { commit: one, branch });
  expect(await here.mirror.resolve(branch)).toBe(one);
  const two = await here.commitIn(here.mirror, one, 'two');
  await pushBranch(here.mirror, { commit: two, branch });
  expect(await readBase(here.mirror, branch)).toBe(two);
  const foreign = await here.commitIn(here.mirror, here.base, 'foreign');
  const over = pushBranch(here.mirror, { commit: foreign, branch });
  await expect(over).rejects.toMatchObject({ kind: 'rejected' });
  expect(await readBase(here.mirror, branch)).toBe(two);
  const unknown = pushBranch(here.mirror, { commit: 'a'.repeat(40), branch });
  await expect(unknown).rejects.toMatchObject({ kind: 'not_found' });
  const named = pushBranch(here.mirror, { commit: one, branch: '--mirror' });
  await expect(named).rejects.toMatchObject({ kind: 'bad_name' });
});

test.skipIf(process.getuid?.() !== 0)('a repository of another user can be landed on', async () => {
  const here = await place();
  await execa('chown', ['-R', '65534:65534', here.url]);
  const commit = await here.commitIn(here.mirror, here.base, 'tested');
  expect(await push(here.mirror, { commit, branch: 'main', expected: here.base })).toBe('landed');
});
