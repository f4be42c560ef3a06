/**
 * The folder of a mirror: made under another name and then renamed, so that where it is, it is
 * whole.
 */
import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { GitError, isGitError } from './git-error.ts';
import type { Store } from './history.ts';
import type { RepositoryLocation } from './names.ts';
import { checkBranch } from './names.ts';
import { readingOptions } from './peer.ts';
import type { ProgressCall } from './progress.ts';

export const REMOTE = 'refs/remotes/origin';
const PARTIAL = '.partial-';
const ALL_BRANCHES = `+refs/heads/*:${REMOTE}/*`;

export interface Waiting {
  signal?: AbortSignal | undefined;
  onProgress?: ProgressCall | undefined;
}

export interface FetchOptions extends Waiting {
  /** Only these; all branches of the remote where not given. A missing one is `not_found`. */
  branches?: readonly string[];
}

/** Is there a copy in this folder? Refuses a folder that holds something else. */
export async function isCopy(dir: string): Promise<boolean> {
  const found: string[] = await readdir(dir).catch(() => []);
  if (['HEAD', 'objects', 'refs'].every((part) => found.includes(part))) return true;
  if (found.length === 0 && (await lstat(dir).catch(() => null))?.isFile() !== true) return false;
  throw new GitError({
    kind: 'other',
    message: `${dir} exists and is no copy of a repository.`,
    hint: 'Name another folder for the copy, or move this one away.',
  });
}

export interface Build {
  store: Store;
  location: RepositoryLocation;
  waiting: Waiting;
  format: string;
}

/** Readable by its owner alone: its configuration may hold the credentials of the address. */
export async function buildCopy({ store, location, waiting, format }: Build): Promise<void> {
  const { git, dir } = store;
  const chance = Buffer.from(git.random.bytes(6)).toString('hex');
  const partial = `${dir}${PARTIAL}${process.pid}-${chance}`;
  try {
    await mkdir(partial, { mode: 0o700 });
    const flags = ['--quiet', '--bare', '--template=', `--object-format=${format}`];
    await git.run(['init', ...flags, '--', partial]);
    // Also for what commands run in a worktree: their commits would start a gc in the background.
    await git.run(['config', 'maintenance.auto', 'false'], { gitDir: partial });
    await git.run(['config', 'remote.origin.fetch', ALL_BRANCHES], { gitDir: partial });
    const { signal, onProgress } = waiting;
    await fetchInto({ git, dir: partial }, location, { signal, onProgress });
    await rename(partial, dir);
  } catch (error) {
    // Another process was faster: its copy is as good as ours.
    if (isGitError(error) || !(await isCopy(dir).catch(() => false))) throw error;
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

/** Is this the name of a copy that is being made? */
export function isPartial(name: string): boolean {
  return name.includes(PARTIAL);
}

/** Half copies of processes that were killed. */
export async function removePartials(dir: string): Promise<void> {
  const prefix = `${basename(dir)}${PARTIAL}`;
  const found = await readdir(dirname(dir));
  for (const name of found.filter((other) => other.startsWith(prefix))) {
    const path = join(dirname(dir), name);
    const pid = Number(name.slice(prefix.length).split('-')[0]);
    if (!(await isAtWork(path, pid))) await rm(path, { recursive: true, force: true });
  }
}

/** Also in a container, where each run may have the same pid: then its age tells. */
async function isAtWork(path: string, pid: number): Promise<boolean> {
  if (!Number.isSafeInteger(pid) || pid < 1) return false;
  if (pid === process.pid) {
    const made = await lstat(path).catch(() => null);
    return made !== null && made.ctimeMs >= performance.timeOrigin;
  }
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

export async function fetchInto(
  { git, dir }: Store,
  location: RepositoryLocation,
  options: FetchOptions,
): Promise<void> {
  const names = options.branches?.map(checkBranch) ?? ['*'];
  const wanted = names.map((name) => `+refs/heads/${name}:${REMOTE}/${name}`);
  const flags = ['--prune', '--progress', '--no-write-fetch-head', '--no-recurse-submodules'];
  const args = ['fetch', ...flags, ...readingOptions(location), '--', location.url, ...wanted];
  const { signal, onProgress } = options;
  await git.run(args, { gitDir: dir, isRemote: true, signal, onProgress });
}
