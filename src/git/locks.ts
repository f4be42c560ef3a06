/**
 * Lock files of git in our own mirror.
 *
 * git guards a file `x` by creating `x.lock`. Two at once is normal with several worktrees: wait
 * and try again. A git that was killed leaves its lock for ever: it may go when no git that could
 * have made it lives. The list of locks is taken before the look at the processes, so that a lock
 * on it was made by a process of before; where processes cannot be seen, only age tells.
 */
import type { Stats } from 'node:fs';
import { lstat, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { backoffMs } from '../core/backoff.ts';
import { isGitError } from './git-error.ts';
import type { Git } from './run.ts';

const RETRIES = 6;
const BACKOFF = { firstMs: 50, mostMs: 2_000 };
const OLD_MS = 10 * 60_000;

export interface Locked {
  git: Git;
  /** The bare repository. */
  dir: string;
}

/** Calls, and calls again while another git holds a lock, for some seconds at most. */
export async function patiently<T>(mirror: Locked, call: () => Promise<T>): Promise<T> {
  const { clock, random } = mirror.git;
  for (let retry = 1; ; retry++) {
    try {
      return await call();
    } catch (error) {
      if (!isGitError(error, 'locked') || retry > RETRIES) throw error;
      await removeStaleLocks(mirror);
      await clock.sleep(backoffMs(BACKOFF, retry, random.fraction()));
    }
  }
}

/** Removes what killed gits left; answers the paths. */
export async function removeStaleLocks(mirror: Locked): Promise<string[]> {
  const locks = await listLocks(mirror.dir);
  if (locks.length === 0) return [];
  const isBusy = await gitLivesIn(await foldersOf(mirror.dir));
  const nowMs = mirror.git.clock.nowMs();
  const stale = locks.filter(({ path, seen }) => {
    const isOld = nowMs - seen.mtimeMs > OLD_MS && !path.endsWith('/index.lock');
    return isBusy === false || isOld;
  });
  for (const { path, seen } of stale) {
    const now = await lstat(path).catch(() => null);
    if (now?.ino === seen.ino && now.mtimeMs === seen.mtimeMs) await rm(path, { force: true });
  }
  return stale.map(({ path }) => path);
}

async function listLocks(dir: string): Promise<{ path: string; seen: Stats }[]> {
  const worktrees = await names(join(dir, 'worktrees'));
  const places = await Promise.all([
    below(dir, false),
    below(join(dir, 'refs'), true),
    ...worktrees.map((name) => below(join(dir, 'worktrees', name), true)),
  ]);
  const found = await Promise.all(
    places.flat().map(async (path) => ({ path, seen: await lstat(path).catch(() => null) })),
  );
  return found.flatMap(({ path, seen }) => (seen?.isFile() === true ? [{ path, seen }] : []));
}

async function below(dir: string, recursive: boolean): Promise<string[]> {
  const found = await readdir(dir, { recursive }).catch(() => []);
  return found.filter((name) => name.endsWith('.lock')).map((name) => join(dir, name));
}

async function names(dir: string): Promise<string[]> {
  return readdir(dir).catch(() => []);
}

/** The bare repository and the folders of its worktrees: where a git at work on it may stand. */
async function foldersOf(dir: string): Promise<string[]> {
  const admins = (await names(join(dir, 'worktrees'))).map((name) => join(dir, 'worktrees', name));
  const links = await Promise.all(
    admins.map((admin) => readFile(join(admin, 'gitdir'), 'utf8').catch(() => '')),
  );
  return [dir, ...links.map((link) => link.trim().replace(/\/\.git$/, ''))].filter(Boolean);
}

/** Null where processes cannot be seen (no /proc). */
async function gitLivesIn(folders: readonly string[]): Promise<boolean | null> {
  const pids = (await names('/proc')).filter((name) => /^\d+$/.test(name));
  if (pids.length === 0) return null;
  const lives = await Promise.all(
    pids.map(async (pid) => {
      const command = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
      if (!command.startsWith('git')) return false;
      const told = await Promise.all([
        readlink(`/proc/${pid}/cwd`).catch(() => ''),
        readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''),
        readFile(`/proc/${pid}/environ`, 'utf8').catch(() => ''),
      ]);
      return folders.some((folder) => told.some((text) => text.includes(folder)));
    }),
  );
  return lives.includes(true);
}
