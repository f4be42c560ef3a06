/** How the end of a check is told to the agent that tries again, and to people. Pure. */
import { constants } from 'node:os';
import type { CheckEnd, CheckResult } from './run-check.ts';

export interface CheckReport {
  command: string;
  result: CheckResult;
  /** The user that it ran as, where that was not the verifier's own. */
  user: string | null;
}

export function isPassed({ end }: CheckResult): boolean {
  return end.kind === 'exit' && end.code === 0;
}

export function endInWords(end: CheckEnd): string {
  switch (end.kind) {
    case 'exit':
      return `ended with exit code ${end.code}${signalOf(end.code)}`;
    case 'signal':
      return `was ended by ${end.signal}`;
    case 'timeout':
      return `did not end within ${seconds(end.timeoutMs)} and was stopped`;
    case 'flood':
      return `printed more than ${end.bytesMax / 1024 / 1024} MB and was stopped`;
    case 'unstarted':
      return `could not be started (${end.reason}); did an earlier check remove the checkout?`;
    case 'aborted':
      return 'was stopped';
  }
}

/** A shell tells by the exit code which signal ended its command. */
function signalOf(code: number): string {
  const found = Object.entries(constants.signals).find(([, number]) => number === code - 128);
  return found === undefined ? '' : ` (${found[0]})`;
}

/** One check as a part of the log: the command as it would be typed, its output, its end. */
export function section({ command, result, user }: CheckReport): string {
  const { end, output, tookMs } = result;
  const gap = output === '' || output.endsWith('\n') ? '' : '\n';
  const closed = end.kind === 'exit' && (end.code === 126 || end.code === 127) && user !== null;
  const hint = closed
    ? `[it ran as ${user}: programs in folders that are closed to that user are not found]\n`
    : '';
  return `$ ${command}\n${output}${gap}[${endInWords(end)}, after ${seconds(tookMs)}]\n${hint}`;
}

export function failureOf({ command, result }: CheckReport): string {
  const shown = command.length > 200 ? `${command.slice(0, 200)}…` : command;
  return `The check \`${shown}\` ${endInWords(result.end)}.`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
}
