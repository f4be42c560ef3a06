/**
 * What may be called a branch, a commit or a repository. Pure.
 *
 * A name that reaches git from outside could be an option (`-x`), a program (`ext::sh …`) or a way
 * out of a folder (`..`). It is refused here, before any command sees it. Branches follow
 * `git check-ref-format --branch`; where we are stricter, the message says what is in the way.
 */
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { GitError, withoutSecrets } from './git-error.ts';

const BRANCH_BYTES_MAX = 240;
const LOCATION_CHARS_MAX = 2_048;
const CONTROL = /\p{Cc}/u;

export function isCommitId(text: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/** The hash that a repository uses, as `git init --object-format` takes it. */
export function objectFormat(commit: string): 'sha1' | 'sha256' {
  return commit.length === 64 ? 'sha256' : 'sha1';
}

/** Why a text is no branch name, or null. */
export function branchProblem(name: string): string | null {
  if (name === '') return 'it is empty';
  if (Buffer.byteLength(name) > BRANCH_BYTES_MAX) return `it is over ${BRANCH_BYTES_MAX} bytes`;
  if (!name.isWellFormed()) return 'it is not valid Unicode';
  if (CONTROL.test(name)) return 'it holds a control character';
  if (name.startsWith('-')) return 'it starts with "-"';
  const sign = /[ ~^:?*[\\]|\.\.|@\{|\/\//.exec(name);
  if (sign !== null) return `it holds "${sign[0]}"`;
  if (name.startsWith('/') || name.endsWith('/')) return 'it starts or ends with "/"';
  if (name.endsWith('.')) return 'it ends with "."';
  if (name === '@' || name === 'HEAD') return 'git keeps this word for itself';
  if (/^refs(\/|$)/.test(name)) return 'it starts with "refs"; give the name without it';
  if (isCommitId(name)) return 'it looks like a commit';
  const parts = name.split('/');
  if (parts.some((part) => part.startsWith('.'))) return 'a part of it starts with "."';
  if (parts.some((part) => part.endsWith('.lock'))) return 'a part of it ends with ".lock"';
  return null;
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

export interface RepositoryLocation {
  isLocal: boolean;
  /** What git is given; may hold credentials, so it is never shown. */
  url: string;
  /** For people: without user and password. */
  shown: string;
  /** Two texts with the same canonical form name the same repository. Not to be given to git. */
  canonical: string;
}

/** Reads an https, http, ssh, git or file URL, `host:path` as ssh takes it, or an absolute path. */
export function parseLocation(text: string): RepositoryLocation {
  if (text === '') throw badLocation('it is empty');
  if (text.length > LOCATION_CHARS_MAX) throw badLocation('it is too long');
  if (CONTROL.test(text)) throw badLocation('it holds a control character or a line end');
  if (!text.isWellFormed()) throw badLocation('it is not valid Unicode');
  if (text.startsWith('-')) throw badLocation('it starts with "-"');
  if (/^[A-Za-z0-9+.-]*::/.test(text)) throw badLocation('it would start a program ("::")');
  if (text.startsWith('/')) return localLocation(text);
  const file = /^file:\/\/(localhost)?(\/.*)$/i.exec(text);
  if (file?.[2] !== undefined) return localLocation(decoded(file[2]));
  return remoteLocation(text);
}

/** `.git` at the end stays here: `PATH` and its bare copy `PATH.git` lie beside each other. */
function localLocation(text: string): RepositoryLocation {
  if (CONTROL.test(text)) throw badLocation('it holds a control character or a line end');
  if (hasDots(text)) throw badLocation('it holds ".."');
  const path = posix.normalize(text).replace(/\/+$/, '');
  if (path === '') throw badLocation('it is the root of the file system');
  return { isLocal: true, url: path, shown: path, canonical: path };
}

const HOST = /^([A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?\.?|\[[0-9A-Fa-f:.]+\])$/;
const USER = /^[^\s@/-][^\s@/]*$/;
const URL_FORM =
  /^(https?|ssh|git\+ssh|ssh\+git|git):\/\/(?:([^/]*)@)?([^/@]*?)(?::(\d{1,5}))?\/(.+)$/i;
const SCP_FORM = /^(?:([^@/:]+)@)?(\[[^\]]*\]|[^/:@[\]]+):(?!\/\/)(.+)$/;
const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  http: '80',
  https: '443',
  ssh: '22',
  git: '9418',
};

function remoteLocation(text: string): RepositoryLocation {
  const url = URL_FORM.exec(text);
  if (url !== null) {
    const [, scheme = '', user, host = '', port, path = ''] = url;
    return remote({ text, scheme: scheme.toLowerCase(), user, host, port, path });
  }
  const scp = text.includes('://') ? null : SCP_FORM.exec(text);
  if (scp === null) throw badLocation('it is neither a URL nor an absolute path');
  const [, user, host = '', path = ''] = scp;
  if (path.startsWith('-')) throw badLocation('its path starts with "-"');
  return remote({ text, scheme: 'ssh', user, host, port: undefined, path });
}

interface RemoteParts {
  text: string;
  scheme: string;
  user: string | undefined;
  host: string;
  port: string | undefined;
  path: string;
}

function remote(parts: RemoteParts): RepositoryLocation {
  const { text, user, port } = parts;
  if (!HOST.test(parts.host)) throw badLocation('its host is not one');
  if (user !== undefined && !USER.test(user)) throw badLocation('its user is not one');
  if (/\s/.test(text)) throw badLocation('it holds a space');
  if (hasDots(decoded(parts.path))) throw badLocation('it holds ".."');
  if (CONTROL.test(decoded(parts.path))) throw badLocation('it holds a control character');
  const scheme = /ssh/.test(parts.scheme) ? 'ssh' : parts.scheme;
  const portText = port === undefined || port === DEFAULT_PORTS[scheme] ? '' : `:${port}`;
  const path = parts.path.replace(/\/{2,}/g, '/').replace(/^\//, '');
  const bare = path.replace(/(\/|\.git)+$/, '');
  if (bare === '') throw badLocation('it names a host and no repository');
  const canonical = `${scheme}://${parts.host.toLowerCase()}${portText}/${bare}`;
  return { isLocal: false, url: text, shown: withoutSecrets(text), canonical };
}

/** A name for the folder of a mirror: readable, and different for different repositories. */
export function mirrorName(location: RepositoryLocation): string {
  const last = posix.basename(location.canonical).replace(/\.git$/, '');
  const word = last.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 40);
  const hash = createHash('sha256').update(location.canonical).digest('hex').slice(0, 12);
  return `${word}-${hash}`;
}

function hasDots(path: string): boolean {
  return path.split('/').includes('..');
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw badLocation('its "%" signs do not stand for characters');
  }
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
