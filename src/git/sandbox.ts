/**
 * A clean checkout for checks, as a small repository of its own.
 *
 * It has one commit of history for the change (HEAD, `refs/signalbox/head`) and one for the base
 * (`refs/signalbox/base`), copied and not linked, and knows no remote: a hostile check can spoil
 * nothing but this folder. Where the folder is, it is whole; what a killed call leaves beside it is
 * called `….partial-…`, so keep checks in a folder of their own and empty that at the start.
 */
import { lchown, lstat, mkdir, readdir, realpath, rename } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { GitError } from './git-error.ts';
import type { Mirror } from './mirror.ts';
import { checkCommit, objectFormat } from './names.ts';
import { mustHave } from './history.ts';
import { removeTree } from './remove-tree.ts';

export interface ExportOptions {
  commit: string;
  /** What the change is compared with: the tip of the base it was rebased onto. */
  baseCommit: string;
  /** Absolute; must not exist. Remove it with `removeTree` (after the check's last process). */
  dir: string;
  /** Gives all of it to this user, for a verifier that runs as root. */
  owner?: { uid: number; gid: number };
  signal?: AbortSignal | undefined;
}

/** Answers the folder, with links in its parents resolved. */
export async function exportCommit(mirror: Mirror, options: ExportOptions): Promise<string> {
  const { git } = mirror;
  const { owner, signal } = options;
  const commit = checkCommit(options.commit);
  const base = checkCommit(options.baseCommit);
  await Promise.all([mustHave(mirror, commit), mustHave(mirror, base)]);
  await mkdir(dirname(options.dir), { recursive: true });
  const dir = join(await realpath(dirname(options.dir)), basename(options.dir));
  if ((await lstat(dir).catch(() => null)) !== null) throw exists(dir);
  const partial = `${dir}.partial-${Buffer.from(git.random.bytes(6)).toString('hex')}`;
  try {
    const format = `--object-format=${objectFormat(commit)}`;
    await git.run(['init', '--quiet', '--template=', format, '--', partial], { signal });
    const at = { gitDir: join(partial, '.git'), workTree: partial, signal };
    const refs = [`${commit}:refs/signalbox/head`, `${base}:refs/signalbox/base`];
    const flags = ['--quiet', '--depth=1', '--no-tags', '--no-write-fetch-head'];
    await git.run(['fetch', ...flags, OURS, '--', mirror.dir, ...refs], at);
    await git.run(['checkout', '--quiet', '--detach', '--force', commit, '--'], at);
    if (owner !== undefined) await give(partial, owner);
    await rename(partial, dir);
  } catch (error) {
    await removeTree(partial);
    throw error;
  }
  return dir;
}

/** Configuration does not reach the other side of a fetch by itself (see peer.ts). */
const OURS = "--upload-pack=git -c 'safe.directory=*' upload-pack";

async function give(path: string, owner: { uid: number; gid: number }): Promise<void> {
  if ((await lstat(path)).isDirectory()) {
    for (const name of await readdir(path)) await give(join(path, name), owner);
  }
  await lchown(path, owner.uid, owner.gid);
}

function exists(dir: string): GitError {
  return new GitError({
    kind: 'other',
    message: `${dir} exists already.`,
    hint: 'Give each check a folder of its own, or remove this one first (removeTree).',
  });
}
