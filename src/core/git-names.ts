/**
 * What may be called a branch, a commit or a repository: one rule for the hub, which takes names,
 * and for those who give them to git. Pure, and the same in a browser.
 *
 * A name that reaches git from outside could be an option (`-x`), a program (`ext::sh …`) or a way
 * out of a folder (`..`). Branches follow `git check-ref-format --branch`; where we are stricter,
 * the words say what is in the way.
 */
const BRANCH_BYTES_MAX = 240;
const LOCATION_CHARS_MAX = 2_048;
const CONTROL = /\p{Cc}/u;

export function isCommitId(text: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/** Why a text is no branch name, or null. */
export function branchProblem(name: string): string | null {
  if (name === '') return 'it is empty';
  if (new TextEncoder().encode(name).length > BRANCH_BYTES_MAX)
    return `it is over ${BRANCH_BYTES_MAX} bytes`;
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

export interface Location {
  isLocal: boolean;
  /** What git is given; may hold credentials. */
  url: string;
  /** Two texts with the same canonical form name the same repository. Not to be given to git. */
  canonical: string;
}

/**
 * Reads an https, http, ssh, git or file URL, `host:path` as ssh takes it, or an absolute path.
 * Else answers why it is none, without the text: it may hold a password in a form that is not
 * understood.
 */
export function readLocation(text: string): Location | string {
  if (text === '') return 'it is empty';
  if (text.length > LOCATION_CHARS_MAX) return 'it is too long';
  if (CONTROL.test(text)) return CONTROL_PROBLEM;
  if (!text.isWellFormed()) return 'it is not valid Unicode';
  if (text.startsWith('-')) return 'it starts with "-"';
  if (/^[A-Za-z0-9+.-]*::/.test(text)) return 'it would start a program ("::")';
  if (text.startsWith('/')) return localLocation(text);
  const file = /^file:\/\/(localhost)?(\/.*)$/i.exec(text);
  if (file?.[2] === undefined) return remoteLocation(text);
  const path = decoded(file[2]);
  return path === null ? ESCAPE_PROBLEM : localLocation(path);
}

/** Why a text is no location of a repository, or null. */
export function locationProblem(text: string): string | null {
  const read = readLocation(text);
  return typeof read === 'string' ? read : null;
}

const CONTROL_PROBLEM = 'it holds a control character or a line end';
const ESCAPE_PROBLEM = 'its "%" signs do not stand for characters';

/** `.git` at the end stays here: `PATH` and its bare copy `PATH.git` lie beside each other. */
function localLocation(text: string): Location | string {
  if (CONTROL.test(text)) return CONTROL_PROBLEM;
  if (hasDots(text)) return 'it holds ".."';
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.length === 0) return 'it is the root of the file system';
  const path = `/${parts.join('/')}`;
  return { isLocal: true, url: path, canonical: path };
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

function remoteLocation(text: string): Location | string {
  const url = URL_FORM.exec(text);
  if (url !== null) {
    const [, scheme = '', user, host = '', port, path = ''] = url;
    return remote({ text, scheme: scheme.toLowerCase(), user, host, port, path });
  }
  const scp = text.includes('://') ? null : SCP_FORM.exec(text);
  if (scp === null) return 'it is neither a URL nor an absolute path';
  const [, user, host = '', path = ''] = scp;
  if (path.startsWith('-')) return 'its path starts with "-"';
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

function remote(parts: RemoteParts): Location | string {
  const { text, user, port } = parts;
  if (!HOST.test(parts.host)) return 'its host is not one';
  if (user !== undefined && !USER.test(user)) return 'its user is not one';
  if (/\s/.test(text)) return 'it holds a space';
  const plain = decoded(parts.path);
  if (plain === null) return ESCAPE_PROBLEM;
  if (hasDots(plain)) return 'it holds ".."';
  if (CONTROL.test(plain)) return 'it holds a control character';
  const scheme = /ssh/.test(parts.scheme) ? 'ssh' : parts.scheme;
  const portText = port === undefined || port === DEFAULT_PORTS[scheme] ? '' : `:${port}`;
  const path = parts.path.replace(/\/{2,}/g, '/').replace(/^\//, '');
  const bare = path.replace(/(\/|\.git)+$/, '');
  if (bare === '') return 'it names a host and no repository';
  const canonical = `${scheme}://${parts.host.toLowerCase()}${portText}/${bare}`;
  return { isLocal: false, url: text, canonical };
}

function hasDots(path: string): boolean {
  return path.split('/').includes('..');
}

function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}
