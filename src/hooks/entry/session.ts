/**
 * Which conversation asks: one text for all that an agent's process started. Its MCP server, its
 * hooks and the command lines in its shell are one holder of locks, because each of them finds the
 * same process above itself. SESSION_ID says it outright.
 *
 * What only starts others is passed over: shells, `env`, npm, git where it runs a hook, and the
 * script of that hook, which Linux calls by its own name and not by that of its shell. The start of
 * the process stands beside its number, so that a later process of the same number is another
 * session.
 */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Env } from './places.ts';

const SHELLS = 'sh|bash|dash|zsh|ksh|ash|busybox|fish';
const STARTERS = new RegExp(`^-?(${SHELLS}|env|npm|npx|git|pre-commit|pre-push|signalbox)( |$)`);
const HEIGHT_MAX = 64;
const PS_MS = 1_000;

interface Ancestor {
  parent: number;
  start: string;
  name: string;
}

export function sessionKey(env: Env, startPid: number): string {
  const given = env['SESSION_ID']?.trim().replaceAll(/[^\x21-\x7e]+/g, '-') ?? '';
  if (given !== '') return given.slice(0, 200);
  let [pid, found] = [startPid, ancestor(startPid)];
  for (let height = 0; found !== undefined && height < HEIGHT_MAX; height++) {
    if (!STARTERS.test(found.name) || found.parent <= 1) break;
    [pid, found] = [found.parent, ancestor(found.parent)];
  }
  return `p${pid}-${found?.start ?? '0'}`;
}

/** Does the process live that a session goes by? Undefined where it goes by a name. */
export function isProcessOf(session: string): boolean | undefined {
  const [, pid, start] = /^p(\d+)-(.+)$/.exec(session) ?? [];
  return pid === undefined ? undefined : ancestor(Number(pid))?.start === start;
}

function ancestor(pid: number): Ancestor | undefined {
  try {
    return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
  } catch {
    return undefined;
  }
}

/** The name stands in parentheses and may hold any sign, these too; the fields come after it. */
function fromProc(pid: number): Ancestor {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const end = stat.lastIndexOf(')');
  const fields = stat.slice(end + 2).split(' ');
  const name = stat.slice(stat.indexOf('(') + 1, end);
  return { parent: Number(fields[1]), start: fields[19] ?? '0', name };
}

function fromPs(pid: number): Ancestor {
  const args = ['-o', 'ppid=,lstart=,comm=', '-p', String(pid)];
  // Loaded only where it is needed: a hook pays for each module.
  const { execFileSync } = process.getBuiltinModule('node:child_process');
  const line = execFileSync('ps', args, { encoding: 'utf8', timeout: PS_MS }).trim();
  const [, parent = '0', start = '', name = ''] =
    /^(\d+)\s+(\w+\s+\w+\s+\d+\s+[\d:]+\s+\d+)\s+(.*)$/.exec(line) ?? [];
  return { parent: Number(parent), start: start.replaceAll(/\W+/g, ''), name: basename(name) };
}
