/**
 * A program of an attempt. It is started from its argument list, never through a shell, as the
 * leader of a process group of its own.
 *
 * When it has ended, everything it started ends with it: its group, and whoever left the group but
 * still carries the marker in its environment. Nobody is waited for who merely holds a pipe open.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { limits } from '../../contract/index.ts';
import type { Clock } from '../../core/clock.ts';
import { identify } from '../../process/identity.ts';
import { endLeftovers, isGroupAlive, signalGroup } from '../../process/leftovers.ts';
import type { ProcessExit, Running } from '../adapter.ts';
import { within } from '../waiting.ts';

/** Between the request to end and the end that cannot be refused. */
export const STOP_GRACE_MS = 5_000;
/** How long what was printed last may still be on its way through the pipes. */
const DRAIN_MS = 500;
/** How often it is looked whether a group that was asked to end has done so. */
const POLL_MS = 50;

export interface Program {
  command: readonly string[];
  folder: string;
  environment: Record<string, string>;
  /** All that it reads; undefined: its input is at its end. Null: it is written to later. */
  input?: string | null | undefined;
}

export interface ProgramPorts {
  clock: Clock;
  /** An entry in the environment of this program's processes and of no others. */
  marker: string;
  onOutput: (chunk: Uint8Array, from: 'stdout' | 'stderr') => void;
}

export interface StartedProgram extends Omit<Running, 'exit'> {
  exit: Promise<ProcessExit>;
  /**
   * Never throws: who has closed its input reads no more. False where it was not taken, because too
   * much of what was written before is unread.
   */
  write: (text: string) => boolean;
  closeInput: () => void;
}

export function startProgram(program: Program, ports: ProgramPorts): StartedProgram {
  const { clock, marker, onOutput } = ports;
  const startedMs = clock.nowMs();
  const child = tryToSpawn(program);
  if (!('pid' in child) || child.pid === undefined) return neverRan(child);
  const { pid } = child;
  const leader = identify(pid);
  const collected = collect(child, onOutput);
  const { write, closeInput } = inputOf(child, program.input);
  let cancelKill: (() => void) | undefined;
  let graceEndsMs = startedMs;
  const exit = ended(child).then(async ({ code, signal }): Promise<ProcessExit> => {
    while (clock.nowMs() < graceEndsMs && (await isGroupAlive(leader))) await clock.sleep(POLL_MS);
    cancelKill?.();
    await endLeftovers({ leader, marker }, clock);
    await within(DRAIN_MS, clock, collected);
    child.stdout?.destroy();
    child.stderr?.destroy();
    return { code, signal, error: null, durationMs: clock.nowMs() - startedMs };
  });
  const stop = (): void => {
    if (cancelKill !== undefined) return;
    graceEndsMs = clock.nowMs() + STOP_GRACE_MS;
    signalGroup(pid, 'SIGTERM');
    // A stopped process hears nothing but this and SIGKILL.
    signalGroup(pid, 'SIGCONT');
    cancelKill = clock.after(STOP_GRACE_MS, () => signalGroup(pid, 'SIGKILL'));
  };
  return { pid, process: leader, exit, stop, write, closeInput };
}

function tryToSpawn(program: Program): ChildProcess | { error: unknown } {
  const { command, folder, environment, input } = program;
  const [name = '', ...args] = command;
  try {
    return spawn(name, args, {
      cwd: folder,
      env: environment,
      detached: true,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
  } catch (error) {
    return { error };
  }
}

/** The reason comes with an event, or was thrown at once: Node does either. */
function neverRan(child: ChildProcess | { error: unknown }): StartedProgram {
  const nothing = { code: null, signal: null, durationMs: 0 };
  const exit =
    'error' in child
      ? Promise.resolve({ ...nothing, error: child.error })
      : once(child, 'error').then(([error]: unknown[]) => ({ ...nothing, error }));
  const ignore = (): void => {};
  const write = (): boolean => true;
  return { pid: null, process: null, exit, stop: ignore, write, closeInput: ignore };
}

function ended(child: ChildProcess): Promise<Pick<ProcessExit, 'code' | 'signal'>> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}

function collect(child: ChildProcess, onOutput: ProgramPorts['onOutput']): Promise<unknown> {
  for (const from of ['stdout', 'stderr'] as const) {
    child[from]?.on('data', (chunk: Buffer) => onOutput(chunk, from));
    child[from]?.on('error', () => {});
  }
  return once(child, 'close');
}

function inputOf(
  { stdin }: ChildProcess,
  input: Program['input'],
): Pick<StartedProgram, 'write' | 'closeInput'> {
  // EPIPE: it has ended, or does not read what it was given.
  stdin?.on('error', () => {});
  if (typeof input === 'string') stdin?.end(input);
  return {
    write(text) {
      if (stdin?.writable !== true) return true;
      if (stdin.writableLength > limits.programInputBytesMax) return false;
      stdin.write(text);
      return true;
    },
    closeInput: () => void stdin?.end(),
  };
}
