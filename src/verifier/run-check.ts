/**
 * One check: a command with a clean environment, a limit on its time and on its output, and nothing
 * of it left when it is over.
 *
 * A check that takes too long is asked to end (SIGTERM) and then ended (SIGKILL), as a group. One
 * that prints without end is ended at once, and so is one whose result nobody waits for any more.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import type { Clock } from '../core/clock.ts';
import { endLeftovers, signalGroup } from '../process/leftovers.ts';
import { createTail, type Tail } from '../process/tail.ts';
import type { Launcher } from './launcher.ts';
import { readable } from './readable.ts';
import { leftoversOf } from './scratch.ts';

export const checkLimits = {
  outputCharsKept: 48_000,
  outputBytesMax: 50 * 1024 * 1024,
  graceMsDefault: 5_000,
  /** For the last output of a check that has ended. */
  drainMs: 2_000,
};

export interface CheckJob {
  command: string;
  timeoutMs: number;
  /** Where it runs, inside `directory`, by which its processes are known. */
  cwd: string;
  directory: string;
  env: Record<string, string>;
}

export interface CheckPorts {
  clock: Clock;
  launcher: Launcher;
  /** Aborted when the result is of no use any more. */
  signal: AbortSignal;
  /** Between asking a check to end and ending it; 5 s unless told. */
  graceMs?: number;
}

export type CheckEnd =
  | { kind: 'exit'; code: number }
  | { kind: 'signal'; signal: string }
  | { kind: 'timeout'; timeoutMs: number }
  | { kind: 'flood'; bytesMax: number }
  | { kind: 'unstarted'; reason: string }
  | { kind: 'aborted' };

export interface CheckResult {
  end: CheckEnd;
  output: string;
  tookMs: number;
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

export async function runCheck(job: CheckJob, ports: CheckPorts): Promise<CheckResult> {
  const { clock, signal } = ports;
  const startedMs = clock.nowMs();
  const output = createTail(checkLimits.outputCharsKept);
  const { file, args, ids } = ports.launcher.launch(job.command);
  const { cwd, env } = job;
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  const child: Child = spawn(file, args, { ...ids, cwd, env, stdio: [...stdio], detached: true });
  const closed = new Promise((resolve) => child.once('close', resolve));
  const stopper = stopWhenOver({ child, job, output }, ports);
  const ended = await ending(child);
  stopper.cancel();
  signalGroup(child.pid, 'SIGKILL');
  await endLeftovers(leftoversOf(job.directory), clock);
  await drained(child, closed, clock);
  const end = signal.aborted ? { kind: 'aborted' as const } : (stopper.reason() ?? ended);
  return { end, output: readable(output.text()), tookMs: clock.nowMs() - startedMs };
}

interface Running {
  child: Child;
  job: CheckJob;
  output: Tail;
}

interface Stopper {
  /** Why it was stopped, where it did not end by itself. */
  reason: () => CheckEnd | undefined;
  cancel: () => void;
}

function stopWhenOver({ child, job, output }: Running, ports: CheckPorts): Stopper {
  const { clock, signal, graceMs = checkLimits.graceMsDefault } = ports;
  let reason: CheckEnd | undefined;
  let cancelKill = (): void => {};
  const { timeoutMs } = job;
  const { outputBytesMax: bytesMax } = checkLimits;
  const kill = (): void => signalGroup(child.pid, 'SIGKILL');
  const cancelTimeout = clock.after(timeoutMs, () => {
    reason ??= { kind: 'timeout', timeoutMs };
    signalGroup(child.pid, 'SIGTERM');
    cancelKill = clock.after(graceMs, kill);
  });
  const read = (chunk: Buffer): void => {
    output.push(chunk);
    if (output.printedBytes() <= bytesMax) return;
    reason ??= { kind: 'flood', bytesMax };
    kill();
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  if (signal.aborted) kill();
  signal.addEventListener('abort', kill);
  return {
    reason: () => reason,
    cancel() {
      cancelTimeout();
      cancelKill();
      signal.removeEventListener('abort', kill);
    },
  };
}

function ending(child: Child): Promise<CheckEnd> {
  return new Promise((resolve) => {
    child.on('error', ({ message }) => resolve({ kind: 'unstarted', reason: message }));
    child.on('exit', (code, signal) => {
      resolve(signal === null ? { kind: 'exit', code: code ?? 0 } : { kind: 'signal', signal });
    });
  });
}

/** What is still in the pipes is read; whoever holds them open beyond that is not waited for. */
async function drained(child: Child, closed: Promise<unknown>, clock: Clock): Promise<void> {
  const waiting = new AbortController();
  await Promise.race([closed, clock.sleep(checkLimits.drainMs, waiting.signal)]);
  waiting.abort();
  child.stdout.destroy();
  child.stderr.destroy();
}
