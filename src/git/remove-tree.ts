/**
 * Deletes a folder that a foreign command could write in.
 *
 * `rm` goes down by open folders and never follows a link, also when a process that is still alive
 * swaps a folder for a link meanwhile; node's own `rm` works by path and could be led away, which
 * matters where root cleans up after another user.
 */
import { chmod, lstat, readdir, realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { execa } from 'execa';
import { GitError } from './git-error.ts';

/**
 * Deletes `path`, whatever it is by now (a folder, a file, a link, nothing). `path` must be what
 * `realpath` gave for its parent: if a parent is another folder now, nothing is deleted.
 */
export async function removeTree(path: string): Promise<void> {
  const parent = await realpath(dirname(path)).catch(() => null);
  if (parent === null) return;
  if (parent !== dirname(path) || basename(path) === '') {
    throw cannot(path, `its parent leads to ${parent}`);
  }
  if (await isGone(path)) return;
  await runRm(path);
  if (await isGone(path)) return;
  await openUp(path);
  const reason = await runRm(path);
  if (!(await isGone(path))) throw cannot(path, reason);
}

/** Not in the folder of this process: that may be gone, or closed to this user. */
async function runRm(path: string): Promise<string> {
  const options = { cwd: '/', reject: false, stdin: 'ignore' } as const;
  const { stderr, shortMessage } = await execa('rm', ['-rf', '--', path], options);
  return stderr === '' ? (shortMessage ?? '') : stderr;
}

/** Gives the owner all rights below a folder: commands leave read-only folders behind. */
export async function openUp(path: string): Promise<void> {
  const found = await lstat(path).catch(() => null);
  if (found === null || found.isSymbolicLink()) return;
  if (!found.isDirectory()) {
    if ((found.mode & 0o400) === 0) await chmod(path, found.mode | 0o600).catch(() => {});
    return;
  }
  if ((found.mode & 0o700) !== 0o700) await chmod(path, found.mode | 0o700).catch(() => {});
  for (const name of await readdir(path).catch(() => [])) await openUp(join(path, name));
}

async function isGone(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) === null;
}

function cannot(path: string, reason: string): GitError {
  return new GitError({
    kind: 'other',
    message: `${path} could not be deleted: ${reason.slice(0, 300)}`,
    hint: `Look at it and delete it by hand.`,
  });
}
