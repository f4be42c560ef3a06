/**
 * Processes of this machine, told apart beyond their pid: a pid is used again, a pid together with
 * the moment of its start is not. On Linux both come from /proc, elsewhere from `ps`.
 */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { z } from 'zod';

export const ProcessId = z.strictObject({ pid: z.int().min(1), startedAt: z.string() });
export type ProcessId = z.infer<typeof ProcessId>;

export interface Entry extends ProcessId {
  group: number;
  isZombie: boolean;
  hasTerminal: boolean;
}

export const isLinux = process.platform === 'linux';

/** Who a pid is now, also where it has just ended and is not reaped yet. */
export function identify(pid: number): ProcessId | null {
  const entry = find(pid);
  return entry === null ? null : { pid: entry.pid, startedAt: entry.startedAt };
}

export function isAlive(id: ProcessId): boolean {
  const entry = find(id.pid);
  return entry !== null && entry.startedAt === id.startedAt && !entry.isZombie;
}

/** All that there are; a hub may run beside whoever asks, so nothing waits for it. */
export async function listProcesses(): Promise<Entry[]> {
  if (!isLinux) return parsePs(await psText(['-ax', ...PS_COLUMNS]));
  const names = await readdir('/proc').catch(() => []);
  const pids = names.filter((name) => /^\d+$/.test(name));
  const boot = bootId();
  const entries = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      return parseStat(Number(pid), stat, boot);
    }),
  );
  return entries.filter((entry) => entry !== null);
}

/** Did this machine start anew since then? */
export function isOfThisBoot({ startedAt }: ProcessId): boolean {
  return startedAt.split('/')[0] === bootId();
}

function find(pid: number): Entry | null {
  if (isLinux) return parseStat(pid, readText(`/proc/${pid}/stat`), bootId());
  try {
    const args = ['-p', String(pid), ...PS_COLUMNS];
    return parsePs(execFileSync('ps', args, { ...PS, stdio: 'pipe' })).at(0) ?? null;
  } catch {
    return null;
  }
}

/** See proc(5): the name in parentheses may hold anything, so fields count from its last `)`. */
function parseStat(pid: number, stat: string, boot: string): Entry | null {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, , group, , terminal] = fields;
  const ticks = fields[19];
  if (state === undefined || ticks === undefined) return null;
  return {
    pid,
    group: Number(group),
    isZombie: state === 'Z' || state === 'X',
    hasTerminal: terminal !== '0',
    startedAt: `${boot}/${ticks}`,
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

const PS_COLUMNS = ['-o', 'pid=,pgid=,stat=,tty=,lstart='];
/** Start times in one language and one time zone, whoever asks. */
const PS = { env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }, encoding: 'utf8' as const };
const PS_BYTES_MAX = 64 * 1024 * 1024;
const execute = promisify(execFile);

export async function psText(args: readonly string[]): Promise<string> {
  const asked = execute('ps', args, { ...PS, maxBuffer: PS_BYTES_MAX });
  return asked.then(({ stdout }) => stdout).catch(() => '');
}

function parsePs(text: string): Entry[] {
  return text
    .split('\n')
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S+)\s+(.+?)\s*$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, group, state = '', terminal = '', startedAt = '']) => ({
      pid: Number(pid),
      group: Number(group),
      isZombie: state.startsWith('Z'),
      hasTerminal: !terminal.startsWith('?'),
      startedAt: `/${startedAt}`,
    }));
}
