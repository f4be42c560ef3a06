/**
 * Processes of this machine, told apart beyond their pid: a pid is used again, a pid together with
 * the moment of its start is not. On Linux both come from /proc, elsewhere from `ps`.
 *
 * A command's processes are found in two ways, because a sidecar can be killed between starting a
 * command and writing its pid down, and because a process may leave its group: by the group that
 * the command leads, and by a marker in their environment (the path of the attempt's task file).
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';

export const ProcessId = z.strictObject({ pid: z.int().min(1), startedAt: z.string() });
export type ProcessId = z.infer<typeof ProcessId>;

interface Entry extends ProcessId {
  group: number;
  isZombie: boolean;
}

/** Who a pid is now, also where it has just ended and is not reaped yet. */
export function identify(pid: number): ProcessId | null {
  const entry = find(pid);
  return entry === null ? null : { pid: entry.pid, startedAt: entry.startedAt };
}

export function isAlive(id: ProcessId): boolean {
  const entry = find(id.pid);
  return entry !== null && entry.startedAt === id.startedAt && !entry.isZombie;
}

/** Sends a signal to a whole process group; nothing happens where the group has ended. */
export function signalGroup(group: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-group, signal);
  } catch {
    // ESRCH: all of it has ended. EPERM: none of it is ours any more.
  }
}

/** Zombies do not count: where nobody reaps orphans they stay for ever. */
export function isGroupAlive(leader: ProcessId | null): boolean {
  if (leader === null) return false;
  return listAll().some(({ group, isZombie }) => group === leader.pid && !isZombie);
}

export interface Leftovers {
  leader: ProcessId | null;
  /** `NAME=value`, as it stands in their environment. */
  marker: string;
}

/**
 * Kills what is left of a command and answers the pids it killed. A group whose leader is somebody
 * else by now is not touched: as long as one of ours lives in it, the number cannot be given away.
 */
export function killLeftovers({ leader, marker }: Leftovers): number[] {
  const found = listAll();
  const isGroupOurs = leader !== null && !isTaken(found, leader);
  const ours = found.filter(
    (entry) =>
      !entry.isZombie &&
      entry.pid !== process.pid &&
      ((isGroupOurs && entry.group === leader.pid) || isMarked(entry.pid, marker)),
  );
  for (const { pid } of ours) kill(pid);
  return ours.map(({ pid }) => pid);
}

const isLinux = process.platform === 'linux';

function isTaken(found: Entry[], leader: ProcessId): boolean {
  if (leader.startedAt.split('/')[0] !== bootId()) return true;
  return found.some(({ pid, startedAt }) => pid === leader.pid && startedAt !== leader.startedAt);
}

function isMarked(pid: number, marker: string): boolean {
  const environment = isLinux
    ? readText(`/proc/${pid}/environ`)
    : psText(['-E', '-ww', '-o', 'command=', '-p', String(pid)]);
  return environment.split(isLinux ? '\0' : ' ').includes(marker);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}

function find(pid: number): Entry | null {
  return isLinux ? readProc(pid) : (listByPs(['-p', String(pid)]).at(0) ?? null);
}

function listAll(): Entry[] {
  return isLinux ? listProc() : listByPs(['-ax']);
}

function listProc(): Entry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProc(Number(name)))
    .filter((entry) => entry !== null);
}

/** See proc(5): the name in parentheses may hold anything, so fields count from its last `)`. */
function readProc(pid: number): Entry | null {
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, , group] = fields;
  const ticks = fields[19];
  if (state === undefined || ticks === undefined) return null;
  return {
    pid,
    group: Number(group),
    isZombie: state === 'Z' || state === 'X',
    startedAt: `${bootId()}/${ticks}`,
  };
}

/** Start times in /proc count from the start of the machine, so they are unique only within one. */
function bootId(): string {
  return isLinux ? readText('/proc/sys/kernel/random/boot_id').trim() : '';
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function listByPs(which: string[]): Entry[] {
  return psText([...which, '-o', 'pid=,pgid=,stat=,lstart='])
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, group, state = '', startedAt = '']) => ({
      pid: Number(pid),
      group: Number(group),
      isZombie: state.startsWith('Z'),
      startedAt: `/${startedAt}`,
    }));
}

/** Start times in one language and one time zone, whoever asks. */
const PS_ENV = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

function psText(args: string[]): string {
  try {
    return execFileSync('ps', args, { env: PS_ENV, encoding: 'utf8', stdio: 'pipe' });
  } catch {
    return '';
  }
}
