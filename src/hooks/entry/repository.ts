/**
 * Which repository a file lies in, and where in it: what its lock is called. The hooks, the command
 * line and the MCP server all ask here, so that they mean the same lock.
 *
 * git is not started for it: a hook has no time for another process. What `.git`, `commondir` and
 * `config` say is read as git reads it, in the part that names a repository.
 */
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

export interface RepositoryAt {
  /** As tasks and locks name it. */
  url: string;
  /** Top of the worktree, without symbolic links. */
  top: string;
}

export interface PathInRepository {
  repository: string;
  path: string;
}

/** Undefined for what lies in no repository, or in its `.git`. The file need not exist. */
export function placeOf(file: string, cwd: string): PathInRepository | undefined {
  const path = real(resolve(cwd, file));
  const found = repositoryOf(dirname(path));
  if (found === undefined) return undefined;
  const inside = relative(found.top, path).split(sep).join('/');
  if (inside === '.git' || inside.startsWith('.git/')) return undefined;
  return { repository: found.url, path: inside };
}

/** The repository in whose worktree this folder lies; the folder need not exist. */
export function repositoryOf(folder: string): RepositoryAt | undefined {
  for (let at = real(resolve(folder)); ; at = dirname(at)) {
    const common = commonFolder(join(at, '.git'));
    if (common !== undefined) return { url: urlOf(common, at), top: at };
    if (dirname(at) === at) return undefined;
  }
}

/** A path as a pattern that means just that path. */
export function escapePath(path: string): string {
  return path.replace(/[*?{}\\]|^!|(?<=^[A-Za-z]):/g, String.raw`\$&`);
}

/** With symbolic links resolved, as far as it exists. */
function real(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const above = dirname(path);
    return above === path ? path : join(real(above), basename(path));
  }
}

/** The folder with the configuration, which the worktrees of a repository share. */
function commonFolder(dotGit: string): string | undefined {
  const stat = statSync(dotGit, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const folder = stat.isDirectory() ? dotGit : linked(dotGit);
  if (folder === undefined) return undefined;
  if (statSync(join(folder, 'HEAD'), { throwIfNoEntry: false }) === undefined) return undefined;
  const common = content(join(folder, 'commondir'))?.trim();
  return common === undefined ? folder : real(resolve(folder, common));
}

/** A linked worktree and a submodule have a file there: `gitdir: …`. */
function linked(dotGit: string): string | undefined {
  const target = /^gitdir: *(.+)$/m.exec(content(dotGit) ?? '')?.[1]?.trim();
  return target === undefined ? undefined : resolve(dirname(dotGit), target);
}

function urlOf(common: string, top: string): string {
  const main = mainTop(common, top);
  const url = originIn(content(join(common, 'config')) ?? '');
  return url === undefined ? main : asLocation(url, main);
}

/** The folder that all worktrees of the repository agree on. */
function mainTop(common: string, top: string): string {
  if (basename(common) === '.git') return dirname(common);
  return common.includes(`${sep}.git${sep}`) ? top : common;
}

/** `remote.origin.url`: the last one counts, as git has it where a key may have one value. */
function originIn(config: string): string | undefined {
  let isOrigin = false;
  let url: string | undefined;
  for (const line of config.split(/\r?\n/)) {
    const section = /^\s*\[([^\]]*)\]\s*/.exec(line);
    if (section !== null) isOrigin = /^remote\s+"origin"$/i.test(section[1]?.trim() ?? '');
    const rest = section === null ? line : line.slice(section[0].length);
    const value = isOrigin ? /^\s*url\s*=\s*(.*)$/i.exec(rest)?.[1] : undefined;
    if (value !== undefined) url = plainValue(value);
  }
  return url === '' ? undefined : url;
}

/** Quotes and escapes as git writes them, and a comment behind the value. */
function plainValue(written: string): string {
  let [text, isQuoted] = ['', false];
  for (let at = 0; at < written.length; at++) {
    const sign = written.charAt(at);
    if (!isQuoted && (sign === '#' || sign === ';')) break;
    if (sign === '"') isQuoted = !isQuoted;
    else text += sign === '\\' ? written.charAt(++at) : sign;
  }
  return text.trim();
}

/** What is no address of a server is a path, which git takes from the top of the worktree. */
export function asLocation(url: string, main: string): string {
  const http = /^(https?:\/\/)[^/@]*@(.*)$/i.exec(url);
  // Who asks is not part of what is asked for, and may be a secret.
  if (http !== null) return `${http[1]}${http[2]}`;
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(url)) return url;
  const remote = /^([^/:]+):(.+)$/.exec(url);
  if (remote !== null) return url.includes('@') ? url : `ssh://${remote[1]}/${remote[2]}`;
  return real(isAbsolute(url) ? url : resolve(main, url));
}

function content(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
