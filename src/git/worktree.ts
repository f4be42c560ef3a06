/**
 * Worktrees for attempts at tasks.
 *
 * A command that nobody watches works in there. It may switch branches, break a rebase off, delete
 * `.git`, the worktree or git's own notes on it. So we keep our own record beside git's (folder,
 * branch, base), written when the worktree is whole: no record, and no command has ever run there.
 * Our commands name the repository themselves and never read the `.git` in the worktree.
 *
 * A sidecar: `openMirror`, `fetch`, `addWorktree`, the command, `commitAll`, `pushBranch`,
 * `removeWorktree`; after a restart `openWorktree` finds what is in hand.
 */
import { lstat, mkdir, readdir, readFile, realpath, rm } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { GitError } from './git-error.ts';
import { commitOf, containsCommit, keepCommit, mustHave } from './history.ts';
import { patiently } from './locks.ts';
import type { Mirror } from './mirror.ts';
import { checkBranch, checkCommit } from './names.ts';
import { removeTree } from './remove-tree.ts';
import type { WorktreeRecord } from './worktree-record.ts';
import { readRecord, removeRecord, writeRecord } from './worktree-record.ts';

export interface Worktree {
  mirror: Mirror;
  /** Absolute; its parent without links. */
  dir: string;
  /** Ours, whatever the command checks out. */
  branch: string;
  /** The commit it was cut from. */
  base: string;
  /** The folder of git's notes on it: HEAD, index. May be gone. */
  gitDir: string;
}

export interface WorktreeOptions {
  mirror: Mirror;
  /** See `attemptBranch`. */
  branch: string;
  /** The commit to cut it from: mostly the freshly fetched base branch. */
  commit: string;
  /** Absolute; not there yet, or made by an earlier call. */
  dir: string;
  signal?: AbortSignal | undefined;
}

/**
 * Cuts a worktree. Asked again for the same branch, commit and folder, it answers the one that is
 * there, with all that a command has left in it. What an earlier call left half made is removed.
 */
export async function addWorktree(options: WorktreeOptions): Promise<Worktree> {
  const { mirror, signal } = options;
  const branch = checkBranch(options.branch);
  await mustHave(mirror, checkCommit(options.commit));
  const dir = await placeOf(options.dir);
  const there = await openWorktree({ mirror, dir });
  if (there !== null) {
    if (there.branch === branch && there.base === options.commit) return there;
    throw taken(dir, `it is the worktree of ${there.branch}; remove that first`);
  }
  await clearHalfMade(mirror, dir);
  await keepOldTip(mirror, branch, options.commit);
  const flags = ['--no-track', '--lock', '--reason', 'signalbox', '-B', branch];
  const args = ['worktree', 'add', ...flags, '--', dir, options.commit];
  await patiently(mirror, async () => {
    await clearHalfMade(mirror, dir);
    await mirror.git.run(args, { gitDir: mirror.dir, signal });
  });
  const [admin] = await adminsOf(mirror, dir);
  if (admin === undefined) throw taken(dir, 'git made no worktree there');
  const record = { dir, branch, base: options.commit };
  await writeRecord(mirror, { ...record, admin, isLeaving: false });
  return { mirror, ...record, gitDir: adminPath(mirror, admin) };
}

/** The worktree that was made in this folder and not yet removed, or null. */
export async function openWorktree(at: { mirror: Mirror; dir: string }): Promise<Worktree | null> {
  const dir = await placeOf(at.dir);
  const record = await readRecord(at.mirror, dir);
  return record === null ? null : standing(at.mirror, record);
}

/**
 * Removes the folder, git's notes and, where the remote has all of it, the local branch. Push
 * first: what only the folder holds is gone. Safe to call again, and whatever the command made of
 * the folder: deleted, read-only, a link, a file.
 */
export async function removeWorktree(worktree: Worktree): Promise<void> {
  const { mirror, dir, branch, base, gitDir } = worktree;
  await writeRecord(mirror, { dir, branch, base, admin: basename(gitDir), isLeaving: true });
  await removeTree(dir);
  const head = await headOf(worktree);
  if (head !== null) await keepUnlessNamed(worktree, head);
  await rm(gitDir, { recursive: true, force: true });
  const tip = await commitOf(mirror, `refs/heads/${branch}`);
  if (tip !== null && (await isOnRemote(mirror, tip))) {
    const args = ['update-ref', '-d', `refs/heads/${branch}`, tip];
    await patiently(mirror, () => mirror.git.run(args, { gitDir: mirror.dir }));
  }
  await removeRecord(mirror, dir);
}

/** What HEAD of the worktree stands on: null when git's notes are gone or it has no commit. */
export async function headOf(worktree: Worktree): Promise<string | null> {
  const { git } = worktree.mirror;
  if ((await lstat(worktree.gitDir).catch(() => null)) === null) return null;
  return commitOf({ git, dir: worktree.gitDir }, 'HEAD');
}

async function keepUnlessNamed(worktree: Worktree, commit: string): Promise<void> {
  const { mirror, branch } = worktree;
  const tip = await commitOf(mirror, `refs/heads/${branch}`);
  if (tip !== null && (await containsCommit(mirror, { base: tip, commit }))) return;
  if (!(await isOnRemote(mirror, commit))) await keepCommit(mirror, commit);
}

async function isOnRemote(mirror: Mirror, commit: string): Promise<boolean> {
  const args = ['for-each-ref', '--count=1', `--contains=${commit}`, 'refs/remotes/origin'];
  return (await mirror.git.text(args, { gitDir: mirror.dir })) !== '';
}

async function placeOf(dir: string): Promise<string> {
  if (!isAbsolute(dir) || basename(dir).startsWith('-')) throw taken(dir, 'give an absolute path');
  await mkdir(dirname(dir), { recursive: true });
  return join(await realpath(dirname(dir)), basename(dir));
}

/** Without a record nothing ran there: an empty folder, or one that git has begun to fill. */
async function clearHalfMade(mirror: Mirror, dir: string): Promise<void> {
  const admins = await adminsOf(mirror, dir);
  const entries = await readdir(dir).catch(() => null);
  const isFree = entries === null && (await lstat(dir).catch(() => null)) === null;
  const link = await readFile(join(dir, '.git'), 'utf8').catch(() => '');
  const isBegun = link.startsWith(`gitdir: ${join(mirror.dir, 'worktrees')}/`);
  if (!isFree && entries?.length !== 0 && !isBegun) throw taken(dir, 'there is something else');
  await removeTree(dir);
  for (const admin of admins) await rm(adminPath(mirror, admin), { recursive: true, force: true });
}

/** A branch of an earlier run is set anew; what it held stays reachable. */
async function keepOldTip(mirror: Mirror, branch: string, commit: string): Promise<void> {
  const tip = await commitOf(mirror, `refs/heads/${branch}`);
  if (tip === null || (await containsCommit(mirror, { base: commit, commit: tip }))) return;
  await keepCommit(mirror, tip);
}

function adminPath(mirror: Mirror, admin: string): string {
  return join(mirror.dir, 'worktrees', admin);
}

/** The names under `worktrees/` that git has for a folder. */
async function adminsOf(mirror: Mirror, dir: string): Promise<string[]> {
  const names = await readdir(join(mirror.dir, 'worktrees')).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const link = await readFile(join(adminPath(mirror, name), 'gitdir'), 'utf8').catch(() => '');
      return link.trimEnd() === join(dir, '.git') ? [name] : [];
    }),
  );
  return found.flat();
}

/** The worktree of a record; one whose removal was cut off is removed now. */
async function standing(
  mirror: Mirror,
  { admin, isLeaving, ...record }: WorktreeRecord,
): Promise<Worktree | null> {
  const worktree = { mirror, ...record, gitDir: adminPath(mirror, admin) };
  if (!isLeaving) return worktree;
  await removeWorktree(worktree);
  return null;
}

function taken(dir: string, reason: string): GitError {
  return new GitError({
    kind: 'other',
    message: `${dir} cannot hold a worktree: ${reason}.`,
    hint: 'Remove what is there or name another folder.',
  });
}
