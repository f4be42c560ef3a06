/**
 * Ends what a command left running.
 *
 * Its processes are found in several ways, because whoever started it can be killed before its pid
 * is written down, and because a process may leave its group and wipe its environment: by the group
 * that the command leads, by a marker in their environment, and by a working folder inside that of
 * the command (without a terminal, so that a person who looks around there keeps their shell). On
 * a system without /proc the folder tells nothing.
 */
import { readFile, readlink } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';
import {
  type Entry,
  isLinux,
  isOfThisBoot,
  listProcesses,
  type ProcessId,
  psText,
} from './identity.ts';

/** A process can start another while it is being killed, and take a moment to end. */
const ROUNDS_MAX = 100;
const ROUND_MS_MAX = 20;

export interface Leftovers {
  leader: ProcessId | null;
  /** `NAME=value`, as it stands in their environment. */
  marker: string;
  /** An absolute path without links in it, where nobody else works. */
  folder?: string | undefined;
}

/** Sends a signal to a whole process group; nothing happens where the group has ended. */
export function signalGroup(group: number | undefined, signal: NodeJS.Signals): void {
  if (group === undefined) return;
  try {
    process.kill(-group, signal);
  } catch {
    // ESRCH: all of it has ended. EPERM: none of it is ours any more.
  }
}

/** Zombies do not count: where nobody reaps orphans they stay for ever. */
export async function isGroupAlive(leader: ProcessId | null): Promise<boolean> {
  if (leader === null) return false;
  return (await listProcesses()).some(({ group, isZombie }) => group === leader.pid && !isZombie);
}

/**
 * Kills until there is nobody left to kill; answers how many there were. One that sleeps in the
 * kernel is not waited for without end.
 */
export async function endLeftovers(leftovers: Leftovers, clock: Clock): Promise<number> {
  const killed = new Set<number>();
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const found = await killLeftovers(leftovers);
    if (found.length === 0) break;
    for (const pid of found) killed.add(pid);
    await clock.sleep(Math.min(round, ROUND_MS_MAX));
  }
  return killed.size;
}

/**
 * Kills what is left now and answers the pids. A group whose leader is somebody else by now is not
 * touched: as long as one of ours lives in it, the number cannot be given away.
 */
export async function killLeftovers(leftovers: Leftovers): Promise<number[]> {
  const { leader } = leftovers;
  const found = await listProcesses();
  const isGroupOurs = leader !== null && !isTaken(found, leader);
  const known = await knownBy(found, leftovers);
  const ours = found.filter(
    (entry) =>
      !entry.isZombie &&
      entry.pid !== process.pid &&
      ((isGroupOurs && entry.group === leader.pid) || known.has(entry.pid)),
  );
  for (const { pid } of ours) kill(pid);
  return ours.map(({ pid }) => pid);
}

function isTaken(found: readonly Entry[], leader: ProcessId): boolean {
  if (!isOfThisBoot(leader)) return true;
  return found.some(({ pid, startedAt }) => pid === leader.pid && startedAt !== leader.startedAt);
}

/** The pids of those that carry the marker or work in the folder. */
async function knownBy(found: readonly Entry[], leftovers: Leftovers): Promise<Set<number>> {
  const { marker, folder } = leftovers;
  if (!isLinux) return markedByPs(marker);
  const pids = await Promise.all(
    found.map(async ({ pid, hasTerminal }) => {
      const environment = await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '');
      if (environment.split('\0').includes(marker)) return pid;
      if (folder === undefined || hasTerminal) return null;
      const at = await readlink(`/proc/${pid}/cwd`).catch(() => '');
      return `${at}/`.startsWith(`${folder}/`) ? pid : null;
    }),
  );
  return new Set(pids.filter((pid) => pid !== null));
}

async function markedByPs(marker: string): Promise<Set<number>> {
  const lines = (await psText(['-axww', '-E', '-o', 'pid=,command='])).split('\n');
  const marked = lines.filter((line) => line.split(' ').includes(marker));
  return new Set(marked.map((line) => Number.parseInt(line, 10)));
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}
