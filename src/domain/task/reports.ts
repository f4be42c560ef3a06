/**
 * What agents say of the task in their hand. Each report names the fence of its hand-out; one whose
 * fence has moved on is refused, naming the present holder, and a result that it brought is kept.
 */
import type { z } from 'zod';
import {
  type Assignment,
  type operations,
  type Output,
  type Parsed,
  SignalboxError,
} from '../../contract/index.ts';
import { present } from '../../core/assert.ts';
import { newId } from '../../core/ids.ts';
import { assignTask, findAgent, lockProject } from '../agent/index.ts';
import { type CommandContext, record } from '../event/index.ts';
import { decide, inHand, type TaskCommand, type Verdict } from './lifecycle.ts';
import { factsOf, requireTask } from './facts.ts';
import { type Move, type MoveDetails, moveTask } from './move.ts';
import {
  findAttemptByFence,
  findTaskWithRepository,
  insertOrphan,
  type TaskRow,
  type TaskWithRepository,
} from './queries.ts';
import { releaseDependents } from './dependents.ts';
import { matchFreed, matchTask } from './schedule.ts';
import { toProgress, toTask } from './view.ts';

type HeldCommand = Extract<TaskCommand, { fence: number }>;
/** Of a union, each member without the field that the caller's token tells. */
type WithoutAgent<T> = T extends unknown ? Omit<T, 'agentKey'> : never;

type Hearing = { row: TaskRow; move: Move | undefined } | SignalboxError;

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
  if (row.state === 'done') await releaseDependents(context, row.id);
  await matchFreed(context, context.actor.key);
  return { row, isNew: true };
}

/** Whether the report counts. Stale is answered, not thrown: what is kept of it must be written. */
async function hear(
  context: CommandContext,
  taskId: string,
  command: WithoutAgent<HeldCommand>,
): Promise<Hearing> {
  const row = await requireTask(context, taskId);
  const verdict = decide(factsOf(row), { ...command, agentKey: context.actor.key });
  const isReturning =
    row.state === 'queued' && verdict.is === 'move' && inHand.includes(verdict.to);
  if (isReturning && !(await takeBack(context, row))) return staleError(row);
  return verdictToHearing(row, verdict);
}

function verdictToHearing(row: TaskRow, verdict: Verdict): Hearing {
  switch (verdict.is) {
    case 'move':
      return { row, move: verdict };
    case 'same':
      return { row, move: undefined };
    case 'stale':
      return staleError(row);
    case 'refuse':
      throw new SignalboxError('conflict', verdict.message, {
        hint: '`signalbox why` tells what the task waits for now.',
        details: { state: row.state, fence: row.fence },
      });
  }
}

/** An agent that was only presumed gone takes its work up again, if its hand is free. */
async function takeBack(context: CommandContext, row: TaskRow): Promise<boolean> {
  const agent = await findAgent(context.tx, context.actor.project, context.actor.key);
  return agent !== undefined && assignTask(context.tx, agent, row.id);
}

async function carryOut(
  context: CommandContext,
  heard: { row: TaskRow; move: Move | undefined },
  details: MoveDetails = {},
): Promise<TaskRow> {
  if (heard.move === undefined) return heard.row;
  return moveTask(context, heard.row, { ...heard.move, ...details });
}

function staleError(row: TaskRow): SignalboxError {
  const holder = row.agent ?? 'nobody';
  return new SignalboxError(
    'stale_fence',
    `task ${row.id} is ${row.state}, held by ${holder} with fence ${row.fence}`,
    { details: { state: row.state, holder: row.agent, fence: row.fence, attempt: row.attempt } },
  );
}

interface Late {
  operation: 'task.complete' | 'task.fail';
  input: Result;
}

type Result = z.output<(typeof operations)['task.complete' | 'task.fail']['input']>;

/** The late result of an attempt that really was the caller's is kept beside the task. */
async function keepOrphan(context: CommandContext, late: Late): Promise<void> {
  const { operation, input } = late;
  const { tx, actor, nowMs, random } = context;
  const attempt = await findAttemptByFence(tx, input.taskId, input.fence);
  if (attempt?.agent !== actor.name) return;
  await insertOrphan(tx, {
    id: newId('orp', nowMs, random),
    project: actor.project,
    task_id: input.taskId,
    fence: input.fence,
    agent: actor.name,
    operation,
    input: JSON.stringify(input),
    at_ms: nowMs,
  });
  await record(context, {
    type: 'task.orphaned',
    subject: input.taskId,
    data: { agent: actor.name, attempt: attempt.number, fence: input.fence },
  });
}

export async function assignmentOf(context: CommandContext, row: TaskRow): Promise<Assignment> {
  return { task: toTask(await withRepository(context, row)), lastFailure: row.last_failure };
}

async function withRepository(context: CommandContext, row: TaskRow): Promise<TaskWithRepository> {
  if (row.repository_id === null) return { ...row, repository_url: null, repository_base: null };
  const found = await findTaskWithRepository(context.tx, row.project, row.id);
  return present(found, 'the task in hand');
}
