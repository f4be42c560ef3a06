/** Reads what a remote has, without a local copy. */
import { GitError } from './git-error.ts';
import type { RepositoryLocation } from './names.ts';
import { checkBranch } from './names.ts';
import { readingOptions } from './peer.ts';
import type { Git } from './run.ts';

export interface RemoteHeads {
  /** The branch HEAD points to, if it exists. */
  headBranch: string | null;
  /** Commit by branch. */
  heads: ReadonlyMap<string, string>;
}

export interface Reading {
  git: Git;
  location: RepositoryLocation;
  signal?: AbortSignal | undefined;
}

async function lines(reading: Reading, patterns: readonly string[]): Promise<string[][]> {
  const { git, location, signal } = reading;
  const options = ['--symref', ...readingOptions(location)];
  const args = ['ls-remote', ...options, '--', location.url, ...patterns];
  const text = await git.text(args, { isRemote: true, signal });
  return text.split('\n').map((line) => line.split('\t'));
}

/** Of `ls-remote --symref`: what a full picture needs. */
export const HEADS = ['HEAD', 'refs/heads/*'];

export async function readHeads(reading: Reading): Promise<RemoteHeads> {
  return headsIn(await lines(reading, HEADS));
}

/** What `ls-remote --symref` has answered, split at its tabs. */
export function headsIn(answer: readonly (readonly string[])[]): RemoteHeads {
  const heads = new Map<string, string>();
  let target: string | null = null;
  let headCommit: string | null = null;
  for (const [value = '', ref = ''] of answer) {
    if (ref === 'HEAD' && value.startsWith('ref: refs/heads/')) target = value.slice(16);
    else if (ref === 'HEAD') headCommit = value;
    else if (ref.startsWith('refs/heads/')) heads.set(ref.slice(11), value);
  }
  const headBranch = target ?? detachedBranch(heads, headCommit);
  return { headBranch: headBranch !== null && heads.has(headBranch) ? headBranch : null, heads };
}

/** A detached HEAD still tells: it is the tip of some branch, mostly of the main one. */
function detachedBranch(heads: ReadonlyMap<string, string>, commit: string | null): string | null {
  const same = [...heads].filter(([, tip]) => tip === commit).map(([name]) => name);
  return ['main', 'master'].find((name) => same.includes(name)) ?? same[0] ?? null;
}

/** The commit a branch of the remote stands on now, or null. */
export async function readHead(reading: Reading, branch: string): Promise<string | null> {
  const wanted = `refs/heads/${checkBranch(branch)}`;
  const found = (await lines(reading, [wanted])).find(([, ref]) => ref === wanted);
  return found?.[0] ?? null;
}

/** The base branch: the one asked for, else where HEAD points, else the only likely one. */
export function chooseBase(remote: RemoteHeads, asked: string | undefined, shown: string): string {
  const names = [...remote.heads.keys()];
  if (names.length === 0) {
    throw new GitError({
      kind: 'empty',
      message: `The repository ${shown} has no commit yet.`,
      hint: 'Push a first commit to it: git push URL HEAD:refs/heads/main',
    });
  }
  const likely = ['main', 'master'].find((name) => remote.heads.has(name));
  const found = asked ?? remote.headBranch ?? (names.length === 1 ? names[0] : likely);
  if (found !== undefined && remote.heads.has(found)) return found;
  throw new GitError({
    kind: 'not_found',
    message:
      asked === undefined
        ? `The repository ${shown} does not say which branch is its main one.`
        : `The repository ${shown} has no branch "${asked}".`,
    hint: `Name the base branch; there are: ${ofPeople(names).slice(0, 10).join(', ')}`,
  });
}

/** Without the branches of attempts, which are no base of anything. */
function ofPeople(names: readonly string[]): string[] {
  return names.filter((name) => !name.startsWith('signalbox/'));
}
