/** Which remote of a clone is meant, and what it has now. */
import { dirname } from 'node:path';
import { SignalboxError } from '../contract/errors.ts';
import { withoutSecrets } from '../git/git-error.ts';
import { parseLocation } from '../git/names.ts';
import { chooseBase, HEADS, headsIn, type RemoteHeads } from '../git/remote.ts';
import { asLocation } from '../hooks/entry/repository.ts';
import type { Clone } from './open.ts';

export interface Remote {
  name: string;
  /** As tasks and locks name the repository: absolute, and without user and password. */
  url: string;
}

/** The remote that was asked for, else the one of this URL, else `origin`, else the only one. */
export async function chooseRemote(
  clone: Clone,
  wanted: { name?: string | undefined; url?: string | undefined },
): Promise<Remote> {
  const remotes = await listRemotes(clone);
  const names = remotes.map(({ name }) => name).join(', ');
  if (remotes.length === 0) {
    throw new SignalboxError('invalid_input', 'This clone has no remote to push to.', {
      hint: 'Add the one that the task names: git remote add origin URL',
    });
  }
  if (wanted.name !== undefined) {
    const found = remotes.find(({ name }) => name === wanted.name);
    if (found !== undefined) return found;
    throw new SignalboxError('invalid_input', `There is no remote "${wanted.name}" here.`, {
      hint: `There is: ${names}`,
    });
  }
  if (wanted.url !== undefined) return ofRepository(remotes, wanted.url);
  const found = remotes.find(({ name }) => name === 'origin') ?? remotes[0];
  if (found !== undefined && (found.name === 'origin' || remotes.length === 1)) return found;
  throw new SignalboxError('invalid_input', 'This clone has several remotes, and none is origin.', {
    hint: `Say which one is meant: --remote NAME, one of ${names}`,
  });
}

/** The location of a task's repository may be written in another way than the remote's. */
export function isSameRepository(one: string, other: string): boolean {
  return canonical(one) === canonical(other);
}

function canonical(url: string): string {
  try {
    return parseLocation(url).canonical;
  } catch {
    return url;
  }
}

function ofRepository(remotes: readonly Remote[], url: string): Remote {
  const found = remotes.filter((remote) => isSameRepository(remote.url, url));
  const best = found.find(({ name }) => name === 'origin') ?? found[0];
  if (best !== undefined) return best;
  const there = remotes.map((remote) => `${remote.name} is ${remote.url}`).join(', ');
  throw new SignalboxError('conflict', `The task is about ${withoutSecrets(url)}; here ${there}.`, {
    hint: `Go into a clone of that, or let one be made: signalbox git start --repo ${url}`,
  });
}

async function listRemotes(clone: Clone): Promise<Remote[]> {
  const { git, top, commonDir } = clone;
  const names = (await git.text(['remote'], { cwd: top })).split('\n').filter(Boolean);
  const remotes: Remote[] = [];
  for (const name of names) {
    const args = ['config', '--get-all', `remote.${name}.url`];
    const urls = (await git.text(args, { cwd: top, okCodes: [0, 1] })).split('\n');
    // Where git fetches from; it may push to more.
    const [url = ''] = urls;
    if (url !== '') remotes.push({ name, url: asLocation(url, dirname(commonDir)) });
  }
  return remotes;
}

export async function readRemote({ git, top }: Clone, { name }: Remote): Promise<RemoteHeads> {
  const args = ['ls-remote', '--symref', '--', name, ...HEADS];
  const text = await git.text(args, { cwd: top, isRemote: true });
  return headsIn(text.split('\n').map((line) => line.split('\t')));
}

export interface Base {
  branch: string;
  /** Its tip, as it was fetched just now. */
  commit: string;
  /** The other branches there. */
  heads: RemoteHeads['heads'];
}

/** Fetches the base branch. Without a name it is where HEAD of the remote points now. */
export async function fetchBase(clone: Clone, remote: Remote, asked: string | null): Promise<Base> {
  const there = await readRemote(clone, remote);
  const branch = chooseBase(there, asked ?? undefined, remote.url);
  const commit = await fetchBranch(clone, remote, branch);
  return { branch, commit, heads: there.heads };
}

/** Moves only the one remote-tracking branch. Answers its commit. */
export async function fetchBranch(
  { git, top }: Clone,
  { name }: Remote,
  branch: string,
): Promise<string> {
  const tracking = trackingRef(name, branch);
  const spec = `+refs/heads/${branch}:${tracking}`;
  const args = ['fetch', '--no-tags', '--no-write-fetch-head', '--quiet', '--', name, spec];
  await git.run(args, { cwd: top, isRemote: true });
  return git.text(['rev-parse', '--verify', `${tracking}^{commit}`], { cwd: top });
}

export function trackingRef(remote: string, branch: string): string {
  return `refs/remotes/${remote}/${branch}`;
}
