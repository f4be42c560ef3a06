/** Questions about commits that are in the mirror. Nothing here writes, but for `keepCommit`. */
import { GitError } from './git-error.ts';
import { checkCommit } from './names.ts';
import type { Git } from './run.ts';

/** Anything with a git and a bare repository: a `Mirror`, or one that is being made. */
export interface Store {
  git: Git;
  dir: string;
}

/** The commit behind a full ref name or a commit id, or null where there is none. */
export async function commitOf(store: Store, ref: string): Promise<string | null> {
  const args = ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`];
  const found = await store.git.text(args, { gitDir: store.dir, okCodes: [0, 1, 128] });
  return found === '' ? null : found;
}

/** Is `commit` in the history of `base` (or the same)? Both must be in the mirror: fetch first. */
export async function containsCommit(
  store: Store,
  pair: { base: string; commit: string },
): Promise<boolean> {
  const args = ['merge-base', '--is-ancestor', checkCommit(pair.commit), checkCommit(pair.base)];
  try {
    const { exitCode } = await store.git.run(args, { gitDir: store.dir, okCodes: [0, 1] });
    return exitCode === 0;
  } catch (error) {
    await mustHave(store, pair.commit);
    await mustHave(store, pair.base);
    throw error;
  }
}

/** The newest commit that both have, or null for unrelated histories. */
export async function mergeBase(store: Store, one: string, other: string): Promise<string | null> {
  const args = ['merge-base', checkCommit(one), checkCommit(other)];
  const found = await store.git.text(args, { gitDir: store.dir, okCodes: [0, 1] });
  return found === '' ? null : found;
}

/** The tree of a commit: equal trees are equal files. */
export async function treeOf(store: Store, commit: string): Promise<string> {
  await mustHave(store, checkCommit(commit));
  return store.git.text(['rev-parse', '--verify', `${commit}^{tree}`], { gitDir: store.dir });
}

/** Throws `not_found` for a commit that is not in the mirror. */
export async function mustHave(store: Store, commit: string): Promise<void> {
  if ((await commitOf(store, checkCommit(commit))) !== null) return;
  throw new GitError({
    kind: 'not_found',
    message: `The commit ${commit} is not in the local copy of the repository.`,
    hint: 'Fetch first; if it is still missing, it was never pushed.',
  });
}

/** Holds a commit that nothing else names any more, under `refs/signalbox/kept/`. */
export async function keepCommit(store: Store, commit: string): Promise<string> {
  const ref = `refs/signalbox/kept/${checkCommit(commit)}`;
  await store.git.run(['update-ref', ref, commit], { gitDir: store.dir });
  return ref;
}
