/**
 * Any command. It is started from its argument list, never through a shell, as the leader of a
 * process group of its own, with nothing to read on its input.
 *
 * When it has ended, everything it started ends with it: its group, and whoever left the group but
 * still carries the marker in its environment. Nobody is waited for who merely holds a pipe open.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { limits } from '../../contract/index.ts';
import type { Clock } from '../../core/clock.ts';
import type { Adapter, Exit, Job, Running } from '../adapter.ts';
import {
  identify,
  isGroupAlive,
  killLeftovers,
  signalGroup,
  type ProcessId,
} from '../processes.ts';
import { createTail } from '../tail.ts';
import { within } from '../waiting.ts';

/** Between the request to end and the end that cannot be refused. */
export const STOP_GRACE_MS = 5_000;
/** How long what was printed last may still be on its way through the pipes. */
const DRAIN_MS = 500;
/** How often it is looked whether a group that was asked to end has done so. */
const POLL_MS = 50;
/** A process can start another while it is being killed; nobody does so this often by accident. */
const KILL_ROUNDS = 20;

export interface CommandOptions {
  clock: Clock;
  /** An entry in the environment of this job's processes and of no others. */
  marker: (job: Job) => string;
  /** Hears what is printed, at once and whole. */
  onOutput?: ((chunk: Uint8Array) => void) | undefined;
}

export function commandAdapter({ clock, marker, onOutput }: CommandOptions): Adapter {
  return (job) => {
    const startedMs = clock.nowMs();
    const tail = createTail(limits.outputCharsMax);
    const child = tryToSpawn(job);
    if (!('pid' in child) || child.pid === undefined) return neverRan(child);
    const { pid } = child;
    const leader = identify(pid);
    const collected = collect(child, (chunk) => {
      tail.push(chunk);
      onOutput?.(chunk);
    });
    let cancelKill: (() => void) | undefined;
    let graceEndsMs = startedMs;
    const exit = ended(child).then(async ({ code, signal }): Promise<Exit> => {
      while (clock.nowMs() < graceEndsMs && isGroupAlive(leader)) await clock.sleep(POLL_MS);
      cancelKill?.();
      await endAll({ leader, marker: marker(job) }, clock);
      await within(DRAIN_MS, clock, collected);
      child.stdout?.destroy();
      child.stderr?.destroy();
      const durationMs = clock.nowMs() - startedMs;
      return { code, signal, error: null, log: tail.text(), durationMs };
    });
    const stop = (): void => {
      if (cancelKill !== undefined) return;
      graceEndsMs = clock.nowMs() + STOP_GRACE_MS;
      signalGroup(pid, 'SIGTERM');
      // A stopped process hears nothing but this and SIGKILL.
      signalGroup(pid, 'SIGCONT');
      cancelKill = clock.after(STOP_GRACE_MS, () => signalGroup(pid, 'SIGKILL'));
    };
    return { pid, process: leader, exit, stop };
  };
}

function tryToSpawn({ command, folder, environment }: Job): ChildProcess | { error: unknown } {
  const [program = '', ...args] = command;
  try {
    return spawn(program, args, {
      cwd: folder,
      env: environment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  } catch (error) {
    return { error };
  }
}

/** The reason comes with an event, or was thrown at once: Node does either. */
function neverRan(child: ChildProcess | { error: unknown }): Running {
  const nothing = { code: null, signal: null, log: '', durationMs: 0 };
  const exit =
    'error' in child
      ? Promise.resolve({ ...nothing, error: child.error })
      : once(child, 'error').then(([error]: unknown[]) => ({ ...nothing, error }));
  return { pid: null, process: null, exit, stop: () => {} };
}

function ended(child: ChildProcess): Promise<Pick<Exit, 'code' | 'signal'>> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

function collect(child: ChildProcess, push: (chunk: Buffer) => void): Promise<unknown> {
  const outputs = [child.stdout, child.stderr].filter((output) => output !== null);
  for (const output of outputs) {
    output.on('data', push);
    output.on('error', () => {});
  }
  return once(child, 'close');
}

/** Kills until there is nobody left to kill; answers how many there were. */
export async function endAll(
  { leader, marker }: { leader: ProcessId | null; marker: string },
  clock: Clock,
): Promise<number> {
  const killed = new Set<number>();
  for (let round = 0; round < KILL_ROUNDS; round++) {
    const found = killLeftovers({ leader, marker });
    if (found.length === 0) break;
    for (const pid of found) killed.add(pid);
    await clock.sleep(round);
  }
  return killed.size;
}
