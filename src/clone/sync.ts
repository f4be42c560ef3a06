/**
 * Brings the branch of an attempt up to its base branch.
 *
 * Own commits are rebased while nobody else can have them. Once they were pushed, or hold merges,
 * the base is merged instead: a rebase would make the next push one by force, or ask for the same
 * conflicts again. A conflict leaves git's own state, with git's own ways on and back.
 */
import { SignalboxError } from '../contract/errors.ts';
import { isGitError } from '../git/git-error.ts';
import { type Clone, commitAt } from './open.ts';
import { refused } from './refusal.ts';
import { stateOf, type Unfinished, waysOn } from './state.ts';

export interface Distance {
  /** Commits of the base that the branch does not have. */
  behind: number;
  /** Own commits. */
  ahead: number;
}

/** Null where they share no history, or a shallow clone does not have it. */
export async function distance(
  { git, top }: Clone,
  { base, head }: { base: string; head: string },
): Promise<Distance | null> {
  const common = await git.text(['merge-base', base, head], { cwd: top, okCodes: [0, 1] });
  if (common === '') return null;
  const args = ['rev-list', '--left-right', '--count', `${base}...${head}`];
  const [behind = '0', ahead = '0'] = (await git.text(args, { cwd: top })).split(/\s+/);
  return { behind: Number(behind), ahead: Number(ahead) };
}

export interface SyncOptions {
  /** Commit of the base branch, fetched just now. */
  base: string;
  /** Where the branch stands at the remote; null where it was never pushed. */
  pushed: string | null;
  /** Asked for, whatever the commits are. */
  wantsMerge: boolean;
  /** Who commits, where the user has told git no name. */
  env: Record<string, string>;
}

export type Synced =
  | { kind: 'current' }
  | { kind: 'rebased' | 'merged'; head: string; why: 'plain' | 'asked' | 'pushed' | 'merges' };

/** In a worktree where everything is committed and nothing unfinished. */
export async function syncBranch(clone: Clone, options: SyncOptions): Promise<Synced> {
  const head = (await commitAt(clone, 'HEAD')) ?? '';
  const apart = await distance(clone, { base: options.base, head });
  if (apart === null) throw noHistory();
  if (apart.behind === 0) return { kind: 'current' };
  const why = await whyMerge(clone, options);
  const isMerge = why !== 'plain';
  const args = isMerge
    ? ['merge', '--quiet', '--no-edit', '--ff', options.base]
    : ['rebase', '--quiet', options.base];
  await carryOut(clone, isMerge ? 'merge' : 'rebase', { args, env: options.env });
  return { kind: isMerge ? 'merged' : 'rebased', head: (await commitAt(clone, 'HEAD')) ?? '', why };
}

async function whyMerge(
  { git, top }: Clone,
  { base, pushed, wantsMerge }: SyncOptions,
): Promise<'plain' | 'asked' | 'pushed' | 'merges'> {
  if (wantsMerge) return 'asked';
  if (pushed !== null) return 'pushed';
  const merges = await git.text(['rev-list', '--count', '--merges', `${base}..HEAD`], { cwd: top });
  return merges === '0' ? 'plain' : 'merges';
}

async function carryOut(
  clone: Clone,
  what: 'merge' | 'rebase',
  { args, env }: { args: readonly string[]; env: Record<string, string> },
): Promise<void> {
  try {
    await clone.git.run(args, { cwd: clone.top, env });
  } catch (error) {
    if (!isGitError(error)) throw error;
    const { unfinished, conflicts } = await stateOf(clone);
    throw unfinished === null ? refused(what, error) : stopped(unfinished, conflicts, error);
  }
}

function stopped(what: Unfinished, conflicts: string[], cause: unknown): SignalboxError {
  const where = conflicts.slice(0, 10).map((path) => JSON.stringify(path).slice(1, -1));
  const words =
    where.length === 0 ? 'It stopped before its end' : `In conflict: ${where.join(', ')}`;
  return new SignalboxError('conflict', `The ${what} onto the base is unfinished. ${words}.`, {
    hint: `${waysOn(what)}. Nothing is lost either way; then run \`signalbox git sync\` again.`,
    details: { conflicts: conflicts.slice(0, 200) },
    cause,
  });
}

export function noHistory(): SignalboxError {
  return new SignalboxError('conflict', 'This branch shares no history with the base branch.', {
    hint: 'In a shallow clone get the rest of it: git fetch --unshallow. Else cut a branch anew.',
  });
}
