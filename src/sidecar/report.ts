/** The one report that an attempt ends in: what it says, and under which key. */
import { z } from 'zod';
import { limits, workOperations } from '../contract/index.ts';
import { unreachable } from '../core/assert.ts';
import { verdict } from './lifecycle.ts';
import type { AttemptRecord } from './record.ts';
import { cutToTail } from '../process/tail.ts';

const report = <Name extends 'task.complete' | 'task.fail' | 'task.decline'>(operation: Name) =>
  z.strictObject({
    operation: z.literal(operation),
    /** Always the same for an attempt, so the hub takes it once however often it is sent. */
    key: z.string().max(limits.keyCharsMax),
    input: workOperations[operation].input,
  });

export const Report = z.discriminatedUnion('operation', [
  report('task.complete'),
  report('task.fail'),
  report('task.decline'),
]);
export type Report = z.infer<typeof Report>;
export type Reported = 'handed_in' | 'failed' | 'no_change' | 'released';

/** The report of an attempt that has ended; null where the hub itself has ended it. */
export function reportOf(record: AttemptRecord): Report | null {
  const { taskId, fence, log, ending, task } = record;
  if (ending === null) return null;
  const key = `${taskId}.${fence}.report`;
  const use = record.told?.use ?? null;
  const held = { taskId, fence, log, ...(use === null ? {} : { use }) };
  const hasRepository = task.repository !== null;
  const said = verdict({
    ending,
    hasRepository,
    work: workKind(record),
    isPushed: isPushed(record),
    hasAnswer: record.told?.hasAnswer ?? true,
  });
  switch (said) {
    case 'complete':
      return { operation: 'task.complete', key, input: { ...held, ...result(record) } };
    case 'no_change':
    case 'fail': {
      const outcome = said === 'fail' ? 'failed' : 'no_change';
      const nothing = said === 'no_change' ? ` ${nothingInWords(hasRepository)}` : '';
      const reason = withOutput(`${inWords(record)}${nothing}`, log);
      return {
        operation: 'task.fail',
        key,
        input: { ...held, outcome, reason, isRetryable: true },
      };
    }
    case 'decline':
      return { operation: 'task.decline', key, input: { ...held, reason: inWords(record) } };
    case 'silent':
      return null;
    default:
      return unreachable(said);
  }
}

/** What the hub is told that the attempt came to. */
export function outcomeOf({ operation, input }: Report): Reported {
  if ('outcome' in input) return input.outcome;
  return operation === 'task.complete' ? 'handed_in' : 'released';
}

function workKind({ work }: AttemptRecord): 'none' | 'change' | 'broken' {
  return work?.kind === 'unsaved' ? 'broken' : (work?.kind ?? 'none');
}

function isPushed({ stage }: AttemptRecord): boolean {
  return stage === 'pushed';
}

function nothingInWords(hasRepository: boolean): string {
  return hasRepository ? 'It left no difference to its base.' : 'It gave no answer.';
}

function result({ work, branch, log, told }: AttemptRecord): Partial<Completion> {
  const words = told?.result ?? null;
  if (work?.kind === 'change') {
    const said = words === null ? {} : { report: words };
    return { ...said, change: { branch, base: work.base, head: work.head } };
  }
  return { report: words ?? cutToTail(log, { charsMax: limits.reasonCharsMax }) };
}

type Completion = z.output<(typeof workOperations)['task.complete']['input']>;

/** What happened, what is wrong with the work, and where it is. */
function inWords(record: AttemptRecord): string {
  const { reason, work } = record;
  const flaw = work?.kind === 'broken' || work?.kind === 'unsaved' ? work.reason : '';
  const text = [reason, flaw, whereabouts(record)]
    .filter((part) => part !== '')
    .join(' ')
    .replaceAll('\0', '')
    .toWellFormed();
  return cutToTail(text, { charsMax: limits.reasonCharsMax / 2 });
}

function whereabouts(record: AttemptRecord): string {
  const { work, branch, unpushed } = record;
  if (work === null || work.kind === 'none') return '';
  if (work.kind === 'unsaved' || !isPushed(record)) {
    const why = unpushed === null || work.kind === 'unsaved' ? '.' : `: ${unpushed}`;
    return `What it made is kept on the machine of the agent until it can be pushed${why}`;
  }
  return work.kind === 'broken' && work.head === null ? '' : `What it made is on branch ${branch}.`;
}

/** The next attempt learns most from what was printed last. */
function withOutput(reason: string, log: string): string {
  const room = limits.reasonCharsMax - reason.length - 2;
  const output = cutToTail(log.trimEnd(), { charsMax: room });
  return output === '' ? reason : `${reason}\n\n${output}`;
}
