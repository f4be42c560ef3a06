/** Why an attempt ended, with the sentence about it that people and the next agent read. */
import { isGitError } from '../git/git-error.ts';
import type { Exit, Told } from './adapter.ts';
import { errnoOf, isMachineAtFault } from './errno.ts';
import type { Ending } from './lifecycle.ts';
import type { AttemptRecord } from './record.ts';

export interface End {
  ending: Ending;
  reason: string;
  log: string;
  told?: AttemptRecord['told'];
}

/** How a command ended that nobody stopped. */
export function endOfCommand(exit: Exit): End {
  const { error, code, signal, log, durationMs } = exit;
  if (error === null) {
    const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
    const after = `The command ${how} after ${span(durationMs)}.`;
    return { ...judged(code === 0, after, exit.told), log, told: toldOf(exit) };
  }
  const reason = `The command did not start. ${errorInWords(error)}`;
  // The task is part of the environment: what is too much of it would be so on any machine.
  return errnoOf(error) === 'E2BIG' ? { ending: 'failed', reason, log } : unfit(reason);
}

/** Its own word that it failed counts for more than its exit code. */
function judged(isWell: boolean, after: string, told: Told | null): Omit<End, 'log'> {
  const words = told?.failure ?? null;
  const reason = words === null ? after : `${after} It says: ${words}`;
  if (told !== null && told.limit !== null) return { ending: 'limited', reason };
  return { ending: isWell && words === null ? 'succeeded' : 'failed', reason };
}

function toldOf({ told }: Exit): AttemptRecord['told'] {
  if (told === null) return null;
  const { use, hasAnswer, result, limit } = told;
  return { use, hasAnswer, result, limitedUntilMs: limit?.untilMs ?? null };
}

/** How an attempt ended whose place of work could not be made. */
export function endUnprepared(error: unknown): End {
  if (isMachineAtFault(error)) return unfit(errorInWords(error));
  const reason = `The place of work could not be made. ${errorInWords(error)}`;
  return { ending: 'unprepared', reason, log: '' };
}

export function unfit(reason: string): End {
  return { ending: 'unfit', reason: `This machine cannot do it now. ${reason}`, log: '' };
}

export type Stop = Extract<
  Ending,
  'timed_out' | 'stopped' | 'interrupted' | 'cancelled' | 'fenced' | 'over_budget'
>;

/** Why an attempt was ended that did not end by itself. */
export function stopInWords(stop: Stop, timeoutMs: number): string {
  switch (stop) {
    case 'timed_out':
      return `The command was stopped: it took longer than the ${span(timeoutMs)} it is allowed.`;
    case 'stopped':
      return 'The sidecar of the agent was told to stop at once.';
    case 'interrupted':
      return 'The sidecar of the agent or its machine went down while the attempt was going on.';
    case 'cancelled':
      return 'The task was cancelled.';
    case 'fenced':
      return 'The task is held by another attempt now.';
    case 'over_budget':
      return 'The hub asked to stop.';
  }
}

export function errorInWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const hint = isGitError(error) && error.hint !== null ? ` ${error.hint}` : '';
  return `${error.message.replace(/\.?$/, '.')}${hint}`;
}

function span(ms: number): string {
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${(ms / 60_000).toFixed(1)} min`;
  return `${(ms / 3_600_000).toFixed(1)} h`;
}
