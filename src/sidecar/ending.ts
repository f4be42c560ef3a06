/** Why an attempt ended, with the sentence about it that people and the next agent read. */
import { isGitError } from '../git/git-error.ts';
import type { Exit } from './adapter.ts';
import { errnoOf, isMachineAtFault } from './errno.ts';
import type { Ending } from './lifecycle.ts';

export interface End {
  ending: Ending;
  reason: string;
  log: string;
}

/** How a command ended that nobody stopped. */
export function endOfCommand(exit: Exit): End {
  const { error, code, signal, log, durationMs } = exit;
  if (error === null) {
    const how = signal === null ? `exited with code ${code}` : `was ended by ${signal}`;
    const ending = code === 0 ? 'succeeded' : 'failed';
    return { ending, reason: `The command ${how} after ${span(durationMs)}.`, log };
  }
  const reason = `The command did not start. ${errorInWords(error)}`;
  // The task is part of the environment: what is too much of it would be so on any machine.
  return errnoOf(error) === 'E2BIG' ? { ending: 'failed', reason, log } : unfit(reason);
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
  'timed_out' | 'stopped' | 'interrupted' | 'cancelled' | 'fenced'
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
