import { utimes, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { manualClock } from '../core/clock.ts';
import { makePlace } from './fixture.ts';
import { GitError } from './git-error.ts';
import { patiently, removeStaleLocks } from './locks.ts';

async function place() {
  const here = await makePlace();
  onTestFinished(here.remove);
  const mirror = await here.mirror(await here.remote('box'));
  return { ...here, mirror };
}

/** A git that stands in the mirror and waits. */
function livingGit(dir: string) {
  const env = { PATH: process.env['PATH'] };
  const options = { cwd: dir, env, extendEnv: false, reject: false };
  const git = execa('git', ['cat-file', '--batch'], options);
  onTestFinished(async () => {
    git.kill();
    await git;
  });
  return git;
}

test('locks of dead gits are removed, those of living ones stay', async () => {
  const { mirror } = await place();
  const locks = ['packed-refs.lock', 'refs/remotes/origin/main.lock', 'config.lock'];
  for (const name of locks) await writeFile(join(mirror.dir, name), '');
  const git = livingGit(mirror.dir);
  expect(await removeStaleLocks(mirror)).toEqual([]);
  const longAgo = mirror.git.clock.nowMs() / 1_000 - 3_600;
  await utimes(join(mirror.dir, 'config.lock'), longAgo, longAgo);
  expect(await removeStaleLocks(mirror)).toEqual([join(mirror.dir, 'config.lock')]);
  git.kill();
  await git;
  expect(await removeStaleLocks(mirror)).toHaveLength(2);
  for (const name of locks) expect(existsSync(join(mirror.dir, name))).toBe(false);
});

test('a fetch that meets the lock of a dead git comes through', async () => {
  const { mirror, plain, path } = await place();
  await plain(path('box.git'), 'branch', 'new', 'main');
  await writeFile(join(mirror.dir, 'refs/remotes/origin/new.lock'), '');
  await mirror.fetch();
  expect(await mirror.resolve('new')).not.toBeNull();
});

test('patience ends, and other errors are not waited for', async () => {
  const { mirror } = await place();
  const clock = { ...manualClock(), sleep: () => Promise.resolve() };
  const locked = { dir: mirror.dir, git: { ...mirror.git, clock } };
  for (const [kind, calls] of [
    ['locked', 7],
    ['auth', 1],
  ] as const) {
    let called = 0;
    const call = (): Promise<never> => {
      called++;
      return Promise.reject(new GitError({ kind, message: kind }));
    };
    await expect(patiently(locked, call)).rejects.toMatchObject({ kind });
    expect(called).toBe(calls);
  }
});
