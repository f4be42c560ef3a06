/**
 * A bare local copy of a repository, for a sidecar or verifier.
 *
 * The branches of the remote are `refs/remotes/origin/*`; `refs/heads/*` are those of our own
 * worktrees, so that a fetch never meets a branch that is checked out. The address is given to git
 * with each command and not read from the copy's configuration, which a command in a worktree can
 * write.
 */
import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isCommitId } from '../core/git-names.ts';
import { isGitError } from './git-error.ts';
import type { Store } from './history.ts';
import { commitOf } from './history.ts';
import { patiently, removeStaleLocks } from './locks.ts';
import type { FetchOptions, Waiting } from './mirror-copy.ts';
import { buildCopy, fetchInto, isCopy, REMOTE, removePartials } from './mirror-copy.ts';
import type { RepositoryLocation } from './names.ts';
import { checkBranch, objectFormat, parseLocation } from './names.ts';
import { checkLocation } from './peer.ts';
import { chooseBase, readHeads } from './remote.ts';
import type { Git } from './run.ts';

export interface Mirror extends Store {
  readonly location: RepositoryLocation;
  readonly baseBranch: string;
  /** Brings the branches of the remote up to date; branches deleted there go here too. */
  fetch: (options?: FetchOptions) => Promise<void>;
  /** The commit of a branch (of the remote, else of our own) or of a commit id; null if unknown. */
  resolve: (ref: string) => Promise<string | null>;
}

export interface MirrorOptions extends Waiting {
  git: Git;
  url: string;
  /** The folder of the copy; its parents are made. */
  dir: string;
  /** The remote's HEAD where not given. */
  baseBranch?: string | undefined;
}

/**
 * Opens the copy, or makes it. Refuses with a `GitError`: `bad_name`, `not_found`, `not_bare`,
 * `empty`, `auth`, `unreachable`. An existing copy opens without the remote, if that is away.
 */
export async function openMirror(options: MirrorOptions): Promise<Mirror> {
  const { git } = options;
  const location = parseLocation(options.url);
  const parent = dirname(resolve(options.dir));
  await mkdir(parent, { recursive: true });
  const dir = join(await realpath(parent), basename(options.dir));
  const store = { git, dir };
  const isThere = await isCopy(dir);
  if (isThere) await removeStaleLocks(store);
  const base = await findBase(options, location, isThere ? store : null);
  const baseBranch = base.branch;
  await removePartials(dir);
  if (!isThere) await buildCopy({ store, location, waiting: options, format: base.format });
  await remember(store, location, baseBranch);
  return handle(store, location, baseBranch);
}

function handle(store: Store, location: RepositoryLocation, baseBranch: string): Mirror {
  return {
    ...store,
    location,
    baseBranch,
    fetch: (options = {}) => patiently(store, () => fetchInto(store, location, options)),
    async resolve(ref) {
      if (isCommitId(ref)) return commitOf(store, ref);
      const name = checkBranch(ref);
      const theirs = await commitOf(store, `${REMOTE}/${name}`);
      return theirs ?? commitOf(store, `refs/heads/${name}`);
    },
  };
}

async function findBase(
  options: MirrorOptions,
  location: RepositoryLocation,
  known: Store | null,
): Promise<{ branch: string; format: string }> {
  const { git, signal, baseBranch } = options;
  if (baseBranch !== undefined) checkBranch(baseBranch);
  try {
    await checkLocation(git, location);
    const heads = await readHeads({ git, location, signal });
    const branch = chooseBase(heads, baseBranch, location.shown);
    return { branch, format: objectFormat(heads.heads.get(branch) ?? '') };
  } catch (error) {
    const remembered = known === null ? null : await recall(known);
    if (!isGitError(error, 'unreachable') || remembered === null) throw error;
    return { branch: baseBranch ?? remembered, format: 'unused' };
  }
}

/** Where git itself keeps it: the symbolic ref origin/HEAD. */
async function remember(
  store: Store,
  location: RepositoryLocation,
  baseBranch: string,
): Promise<void> {
  const at = { gitDir: store.dir };
  await patiently(store, async () => {
    await store.git.run(['symbolic-ref', `${REMOTE}/HEAD`, `${REMOTE}/${baseBranch}`], at);
    // For commands in a worktree that say `origin`.
    await store.git.run(['config', 'remote.origin.url', location.url], at);
  });
}

async function recall(store: Store): Promise<string | null> {
  const args = ['symbolic-ref', '--quiet', `${REMOTE}/HEAD`];
  const target = await store.git.text(args, { gitDir: store.dir, okCodes: [0, 1] });
  return target.startsWith(`${REMOTE}/`) ? target.slice(REMOTE.length + 1) : null;
}
