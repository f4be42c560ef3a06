/**
 * The end of an attempt: what a command left in its worktree becomes one commit on our branch.
 *
 * The result is everything that HEAD of the worktree reaches, wherever the command has moved it
 * (another branch, no branch, a rebase without an end), and what is not committed as one commit on
 * top. What our branch held and HEAD does not reach any more (rewritten, or left behind by a broken
 * rebase) is kept under a ref and named. Called again it gives the same commit.
 */
import { lstat, mkdir, readdir, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { commitOf, containsCommit, keepCommit, mergeBase, treeOf } from './history.ts';
import { identityEnv } from './identity.ts';
import { patiently } from './locks.ts';
import { messageWithTrailers } from './message.ts';
import type { Identity } from './run.ts';
import type { Folder, Staged } from './stage.ts';
import { copyIndex, stageAll } from './stage.ts';
import type { Worktree } from './worktree.ts';
import { headOf } from './worktree.ts';

export interface CommitOptions {
  worktree: Worktree;
  message: string;
  /** `{'Signalbox-Task': 'tsk_…'}`; on the commit that is made here, not on the command's own. */
  trailers: Readonly<Record<string, string>>;
  /** Who commits where git has no identity configured. */
  identity?: Identity;
}

export type CommitOutcome =
  | {
      kind: 'commit';
      commit: string;
      /** Where the change leaves the base branch as it was last fetched. */
      base: string;
      /** Commits of the branch that the result leaves out; safe under `refs/signalbox/kept`. */
      leftBehind: string[];
      /** What git could not take (its words), such as a file without read rights; null mostly. */
      skipped: string | null;
    }
  | { kind: 'no_change'; skipped: string | null }
  | {
      /** The command deleted or replaced its worktree. */
      kind: 'lost';
      /** What it had committed before, on our branch; null if nothing. */
      commit: string | null;
      reason: string;
    };

/** Call it when no process of the command lives any more. */
export async function commitAll(options: CommitOptions): Promise<CommitOutcome> {
  const { worktree } = options;
  const { mirror, base } = worktree;
  const tip = await commitOf(mirror, branchRef(worktree));
  const head = (await headOf(worktree)) ?? tip ?? base;
  const reason = await whyLost(worktree);
  if (reason !== null) {
    return { kind: 'lost', commit: await rescue(worktree, tip, head), reason };
  }
  const scratch = await scratchIndex(worktree);
  try {
    const staged = await stage(worktree, head, scratch);
    const commit = await commitOn({ options, head, tip, tree: staged.tree });
    const leftBehind = await moveBranch(worktree, tip, commit);
    await settle(worktree, scratch);
    const { skipped } = staged;
    if (!(await isWork(worktree, commit))) return { kind: 'no_change', skipped };
    const from = await mergeBase(mirror, await newestBase(worktree), commit);
    return { kind: 'commit', commit, base: from ?? base, leftBehind, skipped };
  } finally {
    await rm(scratch, { force: true });
    await rm(`${scratch}.lock`, { force: true });
  }
}

function branchRef(worktree: Worktree): string {
  return `refs/heads/${worktree.branch}`;
}

async function whyLost({ dir, mirror, base }: Worktree): Promise<string | null> {
  const found = await lstat(dir).catch(() => null);
  if (found === null) return 'The folder of the worktree is gone.';
  if (!found.isDirectory()) return 'The folder of the worktree was replaced by something else.';
  if ((await realpath(dir)) !== dir) return 'The way to the worktree leads elsewhere now.';
  if ((await readdir(dir)).length > 0) return null;
  const empty = await mirror.git.text(['mktree'], { gitDir: mirror.dir, input: '' });
  const isEmpty = (await treeOf(mirror, base)) === empty;
  return isEmpty ? null : "All of the worktree was deleted, with git's own file in it.";
}

/** What the command had committed, on our branch. */
async function rescue(
  worktree: Worktree,
  tip: string | null,
  head: string,
): Promise<string | null> {
  for (const commit of [head, tip]) {
    if (commit === null || !(await isWork(worktree, commit))) continue;
    await moveBranch(worktree, tip, commit);
    return commit;
  }
  return null;
}

async function scratchIndex({ mirror, gitDir }: Worktree): Promise<string> {
  const chance = Buffer.from(mirror.git.random.bytes(6)).toString('hex');
  const folder = (await lstat(gitDir).catch(() => null)) === null ? mirror.dir : gitDir;
  await mkdir(join(folder, 'signalbox'), { recursive: true });
  return join(folder, 'signalbox', `index-${chance}`);
}

/** Goes on from the command's own index, unless that is gone or broken. */
async function stage(worktree: Worktree, head: string, index: string): Promise<Staged> {
  const { mirror, dir, base } = worktree;
  const { git } = mirror;
  const hasNotes = (await headOf(worktree)) !== null;
  const gitDir = hasNotes ? worktree.gitDir : mirror.dir;
  const folder = { git, gitDir, workTree: dir, index, base };
  if (await copyIndex(join(worktree.gitDir, 'index'), index)) {
    if (await isReadable(folder)) return stageAll(folder);
    await rm(index, { force: true });
  }
  await git.run(['read-tree', head], { gitDir, workTree: dir, indexFile: index });
  return stageAll(folder);
}

/** Asks for a path that no index has: 1 means not found, 128 that the index makes no sense. */
async function isReadable({ git, gitDir, workTree, index }: Folder): Promise<boolean> {
  const args = ['ls-files', '--error-unmatch', '--', ':(top,literal).git'];
  const options = { gitDir, workTree, indexFile: index, okCodes: [1, 128] };
  return (await git.run(args, options)).exitCode === 1;
}

interface CommitOn {
  options: CommitOptions;
  head: string;
  tip: string | null;
  tree: string;
}

async function commitOn({ options, head, tip, tree }: CommitOn): Promise<string> {
  const { mirror, gitDir } = options.worktree;
  if (tree === (await treeOf(mirror, head))) return head;
  // A run that was killed after it had moved the branch: its commit is the one we would make.
  if (tip !== null && (await commitOf(mirror, `${tip}^`)) === head) {
    if ((await treeOf(mirror, tip)) === tree) return tip;
  }
  const notes = (await lstat(gitDir).catch(() => null)) === null ? mirror.dir : gitDir;
  const env = await identityEnv(mirror.git, { gitDir: notes, identity: options.identity });
  const input = messageWithTrailers(options.message, options.trailers);
  const args = ['commit-tree', tree, '-p', head, '-F', '-'];
  return mirror.git.text(args, { gitDir: mirror.dir, env, input });
}

/** Sets our branch; answers what would have been lost by it. */
async function moveBranch(
  worktree: Worktree,
  tip: string | null,
  commit: string,
): Promise<string[]> {
  const { mirror } = worktree;
  const isLeft = tip !== null && !(await containsCommit(mirror, { base: commit, commit: tip }));
  if (isLeft) await keepCommit(mirror, tip);
  const args = ['update-ref', branchRef(worktree), commit];
  await patiently(mirror, () => mirror.git.run(args, { gitDir: mirror.dir }));
  return isLeft ? [tip] : [];
}

/** The worktree shows the same: on our branch, nothing left to commit. For a person who looks. */
async function settle(worktree: Worktree, scratch: string): Promise<void> {
  const { mirror, gitDir } = worktree;
  if ((await lstat(gitDir).catch(() => null)) === null) return;
  const args = ['symbolic-ref', 'HEAD', branchRef(worktree)];
  await patiently(mirror, () => mirror.git.run(args, { gitDir }));
  await rename(scratch, join(gitDir, 'index'));
}

async function newestBase({ mirror, base }: Worktree): Promise<string> {
  return (await mirror.resolve(mirror.baseBranch)) ?? base;
}

/** Work is what the base does not have: other files than at the start, and not fetched ones. */
async function isWork(worktree: Worktree, commit: string): Promise<boolean> {
  const { mirror, base } = worktree;
  if ((await treeOf(mirror, commit)) === (await treeOf(mirror, base))) return false;
  return !(await containsCommit(mirror, { base: await newestBase(worktree), commit }));
}
