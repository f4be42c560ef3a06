/** Reading tasks, and what a person does to them. */
import { limits, nameKey, type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import { lockProject } from '../agent/index.ts';
import { overBudget } from '../budget/index.ts';
import type { CommandContext, QueryContext } from '../event/index.ts';
import { rankMs } from './assign.ts';
import { findLog, listAttempts } from './attempt-queries.ts';
import { factsOf, requireTask, unknownTask } from './facts.ts';
import { listChildren, listUnmet } from './family-queries.ts';
import { decide, isEnded } from './lifecycle.ts';
import { declareIntents } from './locks.ts';
import { moveTask } from './move.ts';
import { findTaskWithRepository, listTasks, type TaskRow } from './queries.ts';
import { matchTask } from './schedule.ts';
import { findTwin, waitsFor } from './submit.ts';
import { toAttempt, toProgress, toTask } from './view.ts';
import { dropDeadline } from './write-queries.ts';

export async function show(
  context: QueryContext,
  input: Parsed<'task.show'>,
): Promise<Output<'task.show'>> {
  const row = await findTaskWithRepository(context.db, context.actor.project, input.id);
  if (row === undefined) throw unknownTask(input.id);
  const attempts = await listAttempts(context.db, row.id);
  return {
    task: toTask(row),
    attempts: attempts.map((attempt) => toAttempt(attempt, row)),
    children: await listChildren(context.db, { parentId: row.id, limit: limits.pageMax }),
  };
}

export async function list(
  context: QueryContext,
  input: Parsed<'task.list'>,
): Promise<Output<'task.list'>> {
  const { rows, isMore } = await listTasks(context.db, {
    project: context.actor.project,
    beforeId: input.cursor ?? '~',
    limit: input.limit,
    state: input.state,
    agentKey: input.agent === undefined ? undefined : nameKey(input.agent),
    repositoryId: input.repositoryId,
    parentId: input.parent,
  });
  const nextCursor = isMore ? (rows.at(-1)?.id ?? null) : null;
  return { items: rows.map(toTask), nextCursor };
}

export async function log(
  context: QueryContext,
  input: Parsed<'task.log'>,
): Promise<Output<'task.log'>> {
  const task = await findTaskWithRepository(context.db, context.actor.project, input.id);
  if (task === undefined) throw unknownTask(input.id);
  const attempt = input.attempt ?? task.attempt;
  const row = await findLog(context.db, task.id, attempt);
  if (row === undefined) {
    throw new SignalboxError('not_found', `task ${task.id} has no attempt ${attempt}`, {
      hint: `It has had ${task.attempt} so far.`,
    });
  }
  return { attempt, log: row.log ?? '' };
}

/** A dead, failed or cancelled task starts over, with all its retries; no late deadline ends it. */
export async function retry(
  context: CommandContext,
  input: Parsed<'task.retry'>,
): Promise<Output<'task.retry'>> {
  await lockProject(context.tx, context.actor.project);
  const row = await requireTask(context, input.id);
  await refuseTwin(context, row);
  refuseOverspent(row);
  await refuseOrphaned(context, row);
  const unmet = await listUnmet(context.tx, row.id);
  const verdict = decide(factsOf(row, unmet.length), { type: 'retry' });
  if (verdict.is !== 'move') throw notOver(row);
  const availableAtMs = Math.max(row.available_at_ms, context.nowMs);
  const next = await moveTask(context, row, {
    ...verdict,
    reason: unmet.length === 0 ? 'put back by hand' : waitsFor(unmet),
    fields: {
      failures: 0,
      conflicts: 0,
      attempts_max: row.attempt + limits.attemptsMax,
      rank_ms: rankMs(row.lane, availableAtMs),
      turn: null,
      available_at_ms: availableAtMs,
    },
  });
  await declareIntents(context, next);
  const { deadline_ms: deadlineMs } = row;
  // Whoever puts it back knows that it is late.
  if (deadlineMs !== null && deadlineMs <= context.nowMs) await dropDeadline(context.tx, row.id);
  await matchTask(context, await requireTask(context, row.id));
  return toProgress(next);
}

async function refuseTwin(
  context: CommandContext,
  { id, unique_key: key }: TaskRow,
): Promise<void> {
  const twin = key === null ? undefined : await findTwin(context, key);
  if (twin === undefined || twin.id === id) return;
  throw new SignalboxError('conflict', `task ${twin.id} has its unique key by now`, {
    hint: `Only one of them can be open: \`signalbox task show ${twin.id}\` tells of that one.`,
  });
}

/** It would be cancelled with its parent again. */
async function refuseOrphaned(context: CommandContext, row: TaskRow): Promise<void> {
  const parent = row.parent_id === null ? undefined : await requireTask(context, row.parent_id);
  if (parent === undefined || !isEnded(parent.state) || parent.state === 'done') return;
  const message = `task ${parent.id}, its parent, is ${parent.state}: put that back first`;
  throw new SignalboxError('conflict', message, {
    hint: `\`signalbox task retry ${parent.id}\` puts it back.`,
  });
}

/** It would be stopped at its first word. */
function refuseOverspent(row: TaskRow): void {
  const over = overBudget(row);
  if (over === null) return;
  throw new SignalboxError('conflict', `task ${row.id} is ${over}`, {
    hint: `An operator allows more first: \`signalbox budget set --task ${row.id}\`.`,
  });
}

function notOver({ id, state }: TaskRow): SignalboxError {
  return new SignalboxError('conflict', `task ${id} is ${state}`, {
    hint: 'Only a dead, failed or cancelled task can be put back.',
  });
}
