/**
 * Names that are given to git, checked before any command sees them. What may be called a branch
 * or a repository is said in core, for the hub has the same rule.
 */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { branchProblem, isCommitId, readLocation, type Location } from '../core/git-names.ts';
import { GitError, withoutSecrets } from './git-error.ts';

/** The hash that a repository uses, as `git init --object-format` takes it. */
export function objectFormat(commit: string): 'sha1' | 'sha256' {
  return commit.length === 64 ? 'sha256' : 'sha1';
}

export function checkBranch(name: string): string {
  const problem = branchProblem(name);
  if (problem !== null) throw badName(`${show(name)} is no branch name: ${problem}.`);
  return name;
}

export function checkCommit(id: string): string {
  if (!isCommitId(id)) throw badName(`${show(id)} is no full commit id.`);
  return id;
}

/** The branch of one attempt at a task. */
export function attemptBranch(taskId: string, attempt: number): string {
  if (!/^[A-Za-z0-9_-]+$/.test(taskId)) throw badName(`${show(taskId)} is no task id.`);
  if (!Number.isSafeInteger(attempt) || attempt < 1) throw badName(`${attempt} is no attempt.`);
  return checkBranch(`signalbox/${taskId}/${attempt}`);
}

/** `url` may hold credentials, so it is never shown. */
export interface RepositoryLocation extends Location {
  /** For people: without user and password. */
  shown: string;
}

export function parseLocation(text: string): RepositoryLocation {
  const read = readLocation(text);
  if (typeof read === 'string') throw badLocation(read);
  return { ...read, shown: read.isLocal ? read.url : withoutSecrets(read.url) };
}

/** A name for the folder of a mirror: readable, and different for different repositories. */
export function mirrorName(location: RepositoryLocation): string {
  const last = posix.basename(location.canonical).replace(/\.git$/, '');
  const word = last.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 40);
  const hash = createHash('sha256').update(location.canonical).digest('hex').slice(0, 12);
  return `${word}-${hash}`;
}

function show(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}

function badName(message: string): GitError {
  return new GitError({ kind: 'bad_name', message, hint: 'Give another name.' });
}

/** The text itself is not shown: it may hold a password in a form that is not understood. */
function badLocation(problem: string): GitError {
  return new GitError({
    kind: 'bad_name',
    message: `The repository's location is not taken: ${problem}.`,
    hint: 'Give https://host/path, ssh://host/path, user@host:path, or an absolute path.',
  });
}
