/**
 * The branch of an attempt: cut from the base branch as it was fetched a moment ago, never from
 * whatever happens to be checked out. Made again it is the same branch, with what is on it.
 */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { SignalboxError } from '../contract/errors.ts';
import { identityEnv } from '../git/identity.ts';
import { type Clone, commitAt, openClone } from './open.ts';
import type { Base, Remote } from './remote.ts';
import { fetchBranch } from './remote.ts';

export interface CutOptions {
  branch: string;
  base: Base;
  remote: Remote;
  /** A folder for a worktree of its own; null: in this one. */
  worktree: string | null;
}

export interface Cut {
  /** Where the branch is checked out now. */
  clone: Clone;
  /** The branch was there already, here or at the remote. */
  isResumed: boolean;
}

export async function cutBranch(clone: Clone, options: CutOptions): Promise<Cut> {
  const { branch, worktree } = options;
  const elsewhere = await worktreeWith(clone, branch);
  if (elsewhere !== null) {
    return { clone: await openClone(clone.git, elsewhere), isResumed: true };
  }
  const isHere = (await commitAt(clone, `refs/heads/${branch}`)) !== null;
  if (!isHere) await mustBeFree(clone, branch);
  const isThere = !isHere && options.base.heads.has(branch);
  const from = isThere ? await fetchBranch(clone, options.remote, branch) : options.base.commit;
  const { git, top } = clone;
  const isResumed = isHere || isThere;
  if (worktree === null) {
    const args = isHere ? [branch] : ['--no-track', '--create', branch, from];
    await git.run(['switch', '--quiet', ...args], { cwd: top });
    return { clone, isResumed };
  }
  await mustBeEmpty(worktree);
  const args = isHere
    ? ['--', worktree, branch]
    : ['--no-track', '-b', branch, '--', worktree, from];
  await git.run(['worktree', 'add', '--quiet', ...args], { cwd: top });
  return { clone: await openClone(git, worktree), isResumed };
}

/** A worktree stands beside the clone, so that no build or editor of the clone looks into it. */
export function besides(clone: Clone, task: { id: string; attempt: number }): string {
  const main = basename(clone.commonDir) === '.git' ? dirname(clone.commonDir) : clone.top;
  return join(dirname(main), `${basename(main)}-${task.id}-${task.attempt}`);
}

/** What lies in the way is not touched. */
async function mustBeEmpty(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw inTheWay(folder, error);
  });
  if (names.length > 0) throw inTheWay(folder);
}

function inTheWay(folder: string, cause?: unknown): SignalboxError {
  return new SignalboxError('conflict', `${folder} is there already, with something else in it.`, {
    hint: 'Name another place: --folder PATH',
    cause,
  });
}

/** A branch `a` leaves no room for a branch `a/b`: git keeps both as paths. */
async function mustBeFree(clone: Clone, branch: string): Promise<void> {
  const parts = branch.split('/');
  for (let length = 1; length < parts.length; length++) {
    const name = parts.slice(0, length).join('/');
    if ((await commitAt(clone, `refs/heads/${name}`)) === null) continue;
    throw new SignalboxError('conflict', `The branch ${name} is in the way of ${branch}.`, {
      hint: `Give it another name: git branch -m ${name} NEW-NAME`,
    });
  }
}

/** Where a branch is checked out already; null where nowhere. */
async function worktreeWith({ git, top }: Clone, branch: string): Promise<string | null> {
  const { stdout } = await git.run(['worktree', 'list', '--porcelain', '-z'], { cwd: top });
  for (const entry of stdout.toString('utf8').split('\0\0')) {
    const fields = entry.split('\0');
    const path = fields.find((field) => field.startsWith('worktree '))?.slice(9);
    if (path === undefined || !fields.includes(`branch refs/heads/${branch}`)) continue;
    if (!fields.some((field) => field.startsWith('prunable'))) return path;
  }
  return null;
}

/** A clone of its own, where there is none yet. */
export async function makeClone(
  git: Clone['git'],
  { url, folder }: { url: string; folder: string },
): Promise<Clone> {
  await mustBeEmpty(folder);
  const args = ['clone', '--quiet', '--origin', 'origin', '--', url, folder];
  await git.run(args, { cwd: dirname(folder), isRemote: true });
  return openClone(git, folder);
}

/** Variables for commits, where the user has told git no name. */
export function committerEnv(clone: Clone, agent: string): Promise<Record<string, string>> {
  const identity = { name: agent, email: 'signalbox@localhost' };
  return identityEnv(clone.git, { gitDir: clone.gitDir, identity });
}
