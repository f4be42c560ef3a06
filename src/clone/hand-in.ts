/**
 * What a hand-in does to a clone: commits what is left where asked, puts the trailers on the newest
 * commit, and pushes the branch plainly.
 *
 * A commit that was pushed is never rewritten. One without trailers is amended only while it is
 * still here alone, keeps its author and its files, and the user's hooks see it as any other.
 */
import { SignalboxError } from '../contract/errors.ts';
import { isGitError } from '../git/git-error.ts';
import { messageWithTrailers } from '../git/message.ts';
import type { RunOptions } from '../git/run.ts';
import { type Clone, commitAt } from './open.ts';
import type { Remote } from './remote.ts';
import { fetchBranch, readRemote, trackingRef } from './remote.ts';
import { refused } from './refusal.ts';
import { noHistory } from './sync.ts';

/** A user's hooks may run all of their tests. */
const HOOKS_MS = 60 * 60_000;

export interface Author {
  /** Variables, where the user has told git no name. */
  env: Record<string, string>;
  trailers: Readonly<Record<string, string>>;
}

/** Everything that is uncommitted and not ignored, as one commit. */
export async function commitRest(
  clone: Clone,
  message: string,
  { env, trailers }: Author,
): Promise<void> {
  await clone.git.run(['add', '--all'], { cwd: clone.top });
  const input = messageWithTrailers(message, trailers);
  await commit(clone, [], { env, input });
}

/** `sealed` now or before · `pushed`: it has no trailers, and is not ours alone any more. */
export type Seal = 'sealed' | 'pushed';

/** `pushed` is where the branch stands at the remote; null where it was never pushed. */
export async function sealNewest(
  clone: Clone,
  { env, trailers }: Author,
  pushed: string | null,
): Promise<Seal> {
  const { git, top } = clone;
  const { stdout } = await git.run(['show', '-s', '--format=%B', 'HEAD'], { cwd: top });
  const message = stdout.toString('utf8').trimEnd();
  const lines = new Set(message.split('\n'));
  const missing = Object.entries(trailers).filter(([key, value]) => !lines.has(`${key}: ${value}`));
  if (missing.length === 0) return 'sealed';
  const isThere = pushed !== null && (await isWithin(clone, { commit: 'HEAD', tip: pushed }));
  if (isThere) return 'pushed';
  const input = messageWithTrailers(message, Object.fromEntries(missing));
  await commit(clone, ['--amend', '--allow-empty'], { env, input });
  return 'sealed';
}

async function commit(
  { git, top }: Clone,
  more: readonly string[],
  options: Pick<RunOptions, 'env' | 'input'>,
): Promise<void> {
  const args = ['commit', '--quiet', '--cleanup=verbatim', '--file=-', ...more];
  await git.run(args, { cwd: top, timeoutMs: HOOKS_MS, ...options }).catch((error: unknown) => {
    throw refused('commit', error);
  });
}

export interface HandIn {
  base: string;
  head: string;
}

/** Where the work leaves its base, and its end; refuses where there is no work. */
export async function workOf(clone: Clone, tip: string): Promise<HandIn> {
  const { git, top } = clone;
  const head = (await commitAt(clone, 'HEAD')) ?? '';
  const base = await git.text(['merge-base', tip, head], { cwd: top, okCodes: [0, 1] });
  if (base === '') throw noHistory();
  const args = ['diff', '--quiet', '--no-ext-diff', base, head, '--'];
  const { exitCode } = await git.run(args, { cwd: top, okCodes: [0, 1] });
  if (base !== head && exitCode === 1) return { base, head };
  const isOnBase = base === head;
  const what = isOnBase ? 'Every commit here is on the base branch' : 'Its commits change no file';
  throw new SignalboxError('conflict', `There is nothing to hand in. ${what} (no_change).`, {
    hint: 'Commit your work first. If there is none: signalbox git give-back --reason "…"',
    details: { outcome: 'no_change', base, head },
  });
}

/** Never by force: what others pushed to the branch stays, and is told. */
export async function pushHead(
  clone: Clone,
  { remote, branch, head }: { remote: Remote; branch: string; head: string },
): Promise<void> {
  const { git, top } = clone;
  const args = ['push', '--porcelain', '--', remote.name, `${head}:refs/heads/${branch}`];
  try {
    await git.run(args, { cwd: top, isRemote: true });
  } catch (error) {
    if (!isGitError(error)) throw error;
    if (error.kind === 'rejected') await tellMoved(clone, { remote, branch, head });
    throw refused('push', error);
  }
  await git.run(['update-ref', trackingRef(remote.name, branch), head], { cwd: top });
}

/** Has the branch at the remote commits that are not in ours? */
async function tellMoved(
  clone: Clone,
  { remote, branch, head }: { remote: Remote; branch: string; head: string },
): Promise<void> {
  const { heads } = await readRemote(clone, remote);
  if (!heads.has(branch)) return;
  const there = await fetchBranch(clone, remote, branch);
  if (await isWithin(clone, { commit: there, tip: head })) return;
  const tracking = `${remote.name}/${branch}`;
  throw new SignalboxError('conflict', `${tracking} has commits that are not here.`, {
    hint:
      `Look at them: git log HEAD..${tracking}. Take them in: git merge ${tracking}. ` +
      'Then hand in again; nothing is ever pushed by force.',
    details: { there, head },
  });
}

/** Is the commit in the history of the tip? */
export async function isWithin(
  { git, top }: Clone,
  { commit: one, tip }: { commit: string; tip: string },
): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', one, tip];
  // 128: a tip that was never fetched has nothing of ours.
  return (await git.run(args, { cwd: top, okCodes: [0, 1, 128] })).exitCode === 0;
}
