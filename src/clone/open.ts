/**
 * A clone in which a user works: found from the folder they stand in, and never taken for granted.
 *
 * Nothing in this room overwrites what is not committed, moves a branch that is not the attempt's
 * own, or pushes by force. What is in the way is told with what to do about it.
 */
import { readFile } from 'node:fs/promises';
import { SignalboxError } from '../contract/errors.ts';
import { GitError } from '../git/git-error.ts';
import type { Git } from '../git/run.ts';

export interface Clone {
  git: Git;
  /** Top folder of the worktree. */
  top: string;
  /** What git keeps of this worktree. */
  gitDir: string;
  /** What all worktrees of the clone share. */
  commonDir: string;
}

export async function openClone(git: Git, cwd: string): Promise<Clone> {
  const top = await ask(git, cwd, ['--show-toplevel']).catch((error: unknown) => {
    throw noClone(error, cwd);
  });
  const gitDir = await ask(git, top, ['--absolute-git-dir']);
  const commonDir = await ask(git, top, ['--path-format=absolute', '--git-common-dir']);
  return { git, top, gitDir, commonDir };
}

/** A path may end in any sign: only the line end is git's. */
async function ask(git: Git, cwd: string, args: readonly string[]): Promise<string> {
  const { stdout } = await git.run(['rev-parse', ...args], { cwd });
  return stdout.toString('utf8').replace(/\n$/, '');
}

function noClone(cause: unknown, cwd: string): unknown {
  if (!(cause instanceof GitError)) return cause;
  if (/dubious ownership/.test(cause.stderr)) {
    return new SignalboxError('forbidden', `The clone at ${cwd} belongs to another user.`, {
      hint: 'If you trust it, tell git so: git config --global --add safe.directory FOLDER',
      cause,
    });
  }
  if (/must be run in a work tree/.test(cause.stderr)) {
    return new SignalboxError('invalid_input', `${cwd} has no working files: it is bare.`, {
      hint: 'Go into a clone, or let one be made: signalbox git start --repo URL',
      cause,
    });
  }
  return new SignalboxError('invalid_input', `${cwd} is in no clone of a repository.`, {
    hint: 'Go into one, or let one be made: signalbox git start --repo URL',
    cause,
  });
}

/** The commit behind a name, or null. */
export async function commitAt({ git, top }: Clone, name: string): Promise<string | null> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`];
  const found = await git.text(args, { cwd: top, okCodes: [0, 1, 128] });
  return found === '' ? null : found;
}

/** A file of a commit as text; null where it is not there, or is a link or a folder. */
export async function fileAt(
  { git, top }: Clone,
  file: { commit: string; path: string; bytesMax: number },
): Promise<string | null> {
  const args = ['ls-tree', '-z', '--full-tree', file.commit, '--', file.path];
  const entry = await git.text(args, { cwd: top });
  const id = /^100\d+ blob ([0-9a-f]+)\t/.exec(entry)?.[1];
  if (id === undefined) return null;
  const options = { cwd: top, outputBytesMax: file.bytesMax };
  return (await git.run(['cat-file', 'blob', id], options)).stdout.toString('utf8');
}

export async function contentOf(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
