/**
 * What agents say of the task in their hand. Each report names the fence of its hand-out; one whose
 * fence has moved on is refused, naming the present holder, and a result that it brought is kept.
 */
import type { z } from 'zod';
import {
  limits,
  nameKey,
  type operations,
  type Output,
  type Parsed,
  SignalboxError,
} from '../../contract/index.ts';
import { newId } from '../../core/ids.ts';
import { lockProject } from '../agent/index.ts';
import { type CommandContext, record } from '../event/index.ts';
import { assignmentOf } from './assignment.ts';
import { countOrphans, findAttemptByFence, insertOrphan } from './attempt-queries.ts';
import { carryOut, hear } from './report-verdict.ts';
import type { TaskRow } from './queries.ts';
import { matchFreed, matchTask } from './schedule.ts';
import { countUse } from './use.ts';
import { toProgress } from './view.ts';

export async function accept(
  context: CommandContext,
  input: Parsed<'task.accept'>,
): Promise<Output<'task.accept'> | SignalboxError> {
  const heard = await hear(context, input.taskId, { type: 'accept', fence: input.fence });
  if (heard instanceof SignalboxError) return heard;
  return assignmentOf(context, await carryOut(context, heard));
}

export async function start(
  context: CommandContext,
  input: Parsed<'task.start'>,
): Promise<Output<'task.start'> | SignalboxError> {
  const heard = await hear(context, input.taskId, { type: 'start', fence: input.fence });
  if (heard instanceof SignalboxError) return heard;
  return toProgress(await carryOut(context, heard));
}

export async function decline(
  context: CommandContext,
  input: Parsed<'task.decline'>,
): Promise<Output<'task.decline'> | SignalboxError> {
  await lockProject(context.tx, context.actor.project);
  await countUse(context, input);
  const heard = await hear(context, input.taskId, { type: 'decline', fence: input.fence });
  if (heard instanceof SignalboxError) return heard;
  const { reason, log } = input;
  const row = await carryOut(context, heard, { reason, log, failure: reason });
  await matchTask(context, row);
  await matchFreed(context, context.actor.key);
  return toProgress(row);
}

export async function fail(
  context: CommandContext,
  input: Parsed<'task.fail'>,
): Promise<Output<'task.fail'> | SignalboxError> {
  await lockProject(context.tx, context.actor.project);
  await countUse(context, input);
  const { fence, outcome, isRetryable } = input;
  const heard = await hear(context, input.taskId, { type: 'fail', fence, outcome, isRetryable });
  if (heard instanceof SignalboxError) {
    await keepOrphan(context, { operation: 'task.fail', input });
    return heard;
  }
  const failure = input.log === '' ? input.reason : `${input.reason}\n\n${input.log}`;
  const details = { reason: input.reason, failure, log: input.log };
  const row = await carryOut(context, heard, details);
  await matchTask(context, row);
  await matchFreed(context, context.actor.key);
  return toProgress(row);
}

export interface Completion {
  row: TaskRow;
  /** True where this report moved the task; false where it had been made before. */
  isNew: boolean;
}

/**
 * Takes the work in. A task with a repository is then verifying and not done, and its change is the
 * caller's to make, with `changeId`.
 */
export async function complete(
  context: CommandContext,
  input: Parsed<'task.complete'>,
  changeId: string | null,
): Promise<Completion | SignalboxError> {
  await lockProject(context.tx, context.actor.project);
  await countUse(context, input);
  const { fence, change } = input;
  const command = { type: 'complete' as const, fence, hasChange: change !== undefined };
  const heard = await hear(context, input.taskId, command);
  if (heard instanceof SignalboxError) {
    await keepOrphan(context, { operation: 'task.complete', input });
    return heard;
  }
  if (heard.move === undefined) return { row: heard.row, isNew: false };
  const fields = { report: input.report ?? null, change_id: changeId };
  const row = await carryOut(context, heard, { log: input.log, fields });
  await matchFreed(context, context.actor.key);
  return { row, isNew: true };
}

interface Late {
  operation: 'task.complete' | 'task.fail';
  input: Result;
}

type Result = z.output<(typeof operations)['task.complete' | 'task.fail']['input']>;

/**
 * The late result of an attempt that really was the caller's is kept beside the task. A refusal has
 * no answer under its key, so what is sent again is known by what it says.
 */
async function keepOrphan(context: CommandContext, late: Late): Promise<void> {
  const { operation, input } = late;
  const { tx, actor, nowMs, random } = context;
  const attempt = await findAttemptByFence(tx, input.taskId, input.fence);
  if (attempt === undefined || nameKey(attempt.agent) !== actor.key) return;
  const orphan = {
    id: newId('orp', nowMs, random),
    project: actor.project,
    task_id: input.taskId,
    fence: input.fence,
    agent: actor.name,
    operation,
    input: JSON.stringify(input),
    at_ms: nowMs,
  };
  const kept = await countOrphans(tx, orphan);
  if (kept.same > 0 || kept.all >= limits.lateResultsMax) return;
  await insertOrphan(tx, orphan);
  await record(context, {
    type: 'task.orphaned',
    subject: input.taskId,
    data: { agent: actor.name, attempt: attempt.number, fence: input.fence },
  });
}
