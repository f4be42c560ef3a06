/**
 * Ends what a check left running: a server it started, a child that moved to a session of its own.
 *
 * They are known by the variable that every check has in its environment, or, where a process has
 * wiped that, by a working folder inside the check's own (without a terminal, so that a person who
 * looks around there keeps their shell). On a system without /proc there is only the process group.
 */
import { readdir, readFile, readlink } from 'node:fs/promises';
import type { Clock } from '../core/clock.ts';

/** Holds the folder of the run; two runs never have the same. */
export const MARKER = 'SIGNALBOX_CHECK_DIR';

const ROUNDS_MAX = 100;
const ROUND_MS = 20;

/** Answers when none is left, or how many could not be ended (asleep in the kernel). */
export async function endLeftovers(directory: string, clock: Clock): Promise<number> {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const left = await leftovers(directory);
    if (left.length === 0) return 0;
    for (const pid of left) kill(pid);
    await clock.sleep(ROUND_MS);
  }
  return (await leftovers(directory)).length;
}

async function leftovers(directory: string): Promise<number[]> {
  const names = await readdir('/proc').catch(() => []);
  const pids = names.map(Number).filter((pid) => pid > 1 && pid !== process.pid);
  const isLeft = await Promise.all(pids.map((pid) => belongs(pid, directory)));
  return pids.filter((_, index) => isLeft[index] === true);
}

async function belongs(pid: number, directory: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, 'latin1').catch(() => '');
  if (environment.split('\0').includes(`${MARKER}=${directory}`)) return true;
  const folder = await readlink(`/proc/${pid}/cwd`).catch(() => '');
  if (!`${folder}/`.startsWith(`${directory}/`)) return false;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // After the name in parentheses come: state, parent, group, session, terminal.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[4] === '0';
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself.
  }
}
