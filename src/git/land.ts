/**
 * Pushing: a tested commit onto the base branch, and an attempt's commit onto its own branch.
 *
 * Landing is a compare-and-swap: it succeeds only while the branch stands where the test said
 * (`expected`), and `expected` is in the history of the commit, so nothing is ever rewritten. What
 * a failed push means is not guessed from its words: the branch is read again. Both calls can be
 * made again after a crash and then find what the first one did.
 *
 * A verifier: `fetch`, `readBase`, `rebaseOnto`, `exportCommit`, the checks, `push`; on `moved` the
 * same again.
 */
import { GitError, isGitError } from './git-error.ts';
import { containsCommit, mustHave } from './history.ts';
import { patiently } from './locks.ts';
import type { Waiting } from './mirror-copy.ts';
import type { Mirror } from './mirror.ts';
import { checkBranch, checkCommit } from './names.ts';
import { writingOptions } from './peer.ts';
import { readHead } from './remote.ts';

export interface PushOptions extends Waiting {
  commit: string;
  branch: string;
}

export interface LandOptions extends PushOptions {
  /** Where the branch stood when the commit was tested. */
  expected: string;
}

/** Where a branch of the remote stands now; null if it is not there. */
export async function readBase(
  mirror: Mirror,
  branch = mirror.baseBranch,
  signal?: AbortSignal,
): Promise<string | null> {
  const { git, location } = mirror;
  return readHead({ git, location, signal }, branch);
}

/**
 * Lands a commit. `landed`: the branch has it, from this call or an earlier one. `moved`: the
 * branch is elsewhere; fetch, test again. Throws `rejected` where the other side refuses (its hook
 * says why), and `auth`, `unreachable` or `locked`: then nobody knows yet, ask again.
 */
export async function push(mirror: Mirror, options: LandOptions): Promise<'landed' | 'moved'> {
  const { commit, expected, signal } = options;
  const branch = checkBranch(options.branch);
  await mustForward(mirror, checkCommit(expected), checkCommit(commit));
  const lease = `--force-with-lease=refs/heads/${branch}:${expected}`;
  try {
    await patiently(mirror, () => send(mirror, options, ['--atomic', lease]));
    return 'landed';
  } catch (error) {
    if (!isGitError(error) || !['rejected', 'locked', 'other'].includes(error.kind)) throw error;
    const now = await readBase(mirror, branch, signal);
    if (now === expected) throw error.kind === 'rejected' ? refusal(error, branch) : error;
    if (now === null) return 'moved';
    await mirror.fetch({ branches: [branch], signal });
    const tip = (await mirror.resolve(branch)) ?? now;
    return (await containsCommit(mirror, { base: tip, commit })) ? 'landed' : 'moved';
  }
}

/**
 * Pushes a commit to a branch of its own (`attemptBranch`): makes it or moves it forward. Where the
 * branch has other commits it throws `rejected`; it never overwrites.
 */
export async function pushBranch(mirror: Mirror, options: PushOptions): Promise<void> {
  const branch = checkBranch(options.branch);
  const commit = checkCommit(options.commit);
  await mustHave(mirror, commit);
  try {
    await patiently(mirror, () => send(mirror, options, []));
  } catch (error) {
    if (!isGitError(error, 'rejected')) throw error;
    throw refusal(error, branch);
  }
  // As git does for a named remote, so that it is known here without a fetch.
  const args = ['update-ref', `refs/remotes/origin/${branch}`, commit];
  await patiently(mirror, () => mirror.git.run(args, { gitDir: mirror.dir }));
}

async function send(mirror: Mirror, options: PushOptions, flags: string[]): Promise<void> {
  const { git, location, dir } = mirror;
  const fixed = ['--porcelain', '--progress', '--no-verify'];
  const receive = await writingOptions(git, location);
  const { signal, onProgress } = options;
  const spec = `${options.commit}:refs/heads/${options.branch}`;
  const args = ['push', ...fixed, ...flags, ...receive, '--', location.url, spec];
  await git.run(args, { gitDir: dir, isRemote: true, signal, onProgress });
}

async function mustForward(mirror: Mirror, expected: string, commit: string): Promise<void> {
  if (await containsCommit(mirror, { base: commit, commit: expected })) return;
  throw new GitError({
    kind: 'rejected',
    message: `${commit} is not built on ${expected}; landing it would rewrite the branch.`,
    hint: 'Rebase the change onto the base first (rebaseOnto), test that, and land it.',
  });
}

/** Says what the other side said: its hook, a protected branch, a name that is in the way. */
function refusal(error: GitError, branch: string): GitError {
  const { args, exitCode, stderr } = error;
  const message = `The push to ${branch} was refused. ${error.message}`;
  const hint = 'Look at the rules and hooks of that repository, or whether the name is taken.';
  return new GitError({ kind: 'rejected', message, hint, args, exitCode, stderr });
}
