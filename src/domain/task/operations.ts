/** Submitting and reading tasks, and what a person does to them. */
import { type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import { newId } from '../../core/ids.ts';
import { lockProject } from '../agent/index.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import { canonicalPattern } from '../lock/index.ts';
import { ensureRepository } from '../repository/index.ts';
import { rankMs } from './assign.ts';
import { decide } from './lifecycle.ts';
import { factsOf, requireTask, unknownTask } from './facts.ts';
import { moveTask } from './move.ts';
import {
  findLog,
  findTask,
  findTaskWithRepository,
  insertDependency,
  insertTask,
  listAttempts,
  listNeeded,
  listTasks,
  type NeededRow,
  type TaskRow,
} from './queries.ts';
import { limits, nameKey } from '../../contract/index.ts';
import { matchTask } from './schedule.ts';
import { toAttempt, toProgress, toTask } from './view.ts';

export async function submit(
  context: CommandContext,
  input: Parsed<'task.submit'>,
): Promise<Output<'task.submit'>> {
  refuseUnheeded(input);
  await lockProject(context.tx, context.actor.project);
  const needed = await requireNeeded(context, input.after);
  const unmet = needed.filter((task) => task.state !== 'done');
  const row = await newTask(context, input, unmet);
  await insertTask(context.tx, row);
  for (const task of needed) await insertDependency(context.tx, row.id, task.id);
  await record(context, {
    type: `task.${row.state === 'blocked' ? 'blocked' : 'queued'}`,
    subject: row.id,
    data: { title: row.title, lane: row.lane },
  });
  await matchTask(context, row);
  return toProgress(row);
}

/** A check that is never run must not seem to have passed. */
function refuseUnheeded(input: Parsed<'task.submit'>): void {
  if (input.repository !== undefined) return;
  const { checks, baseBranch, paths } = input;
  if (checks.length === 0 && baseBranch === undefined && paths.length === 0) return;
  throw new SignalboxError('invalid_input', 'checks, paths and a base branch need a repository', {
    hint: 'Name the repository too, or leave them out: without one a task is done by its report.',
  });
}

async function newTask(
  context: CommandContext,
  input: Parsed<'task.submit'>,
  unmet: NeededRow[],
): Promise<TaskRow> {
  const { nowMs, random, actor } = context;
  const repository =
    input.repository === undefined ? null : await ensureRepository(context, input.repository, null);
  return {
    id: newId('tsk', nowMs, random),
    project: actor.project,
    title: input.title,
    body: input.body,
    lane: input.lane,
    state: unmet.length === 0 ? 'queued' : 'blocked',
    reason: unmet.length === 0 ? null : waitsFor(unmet),
    needs: JSON.stringify([...new Set(input.needs)].toSorted()),
    checks: JSON.stringify(input.checks),
    paths: JSON.stringify([...new Set(input.paths.map(canonicalPattern))]),
    after_ids: JSON.stringify([...new Set(input.after)]),
    repository_id: repository?.id ?? null,
    base_branch: input.baseBranch ?? null,
    submitter: actor.name,
    agent: null,
    agent_key: null,
    preferred_key: null,
    attempt: 0,
    attempts_max: limits.attemptsMax,
    fence: 0,
    failures: 0,
    failures_max: input.failuresMax,
    conflicts: 0,
    timeout_ms: input.timeoutMs,
    last_failure: null,
    change_id: null,
    landed_commit: null,
    report: null,
    rank_ms: rankMs(input.lane, nowMs),
    created_at_ms: nowMs,
    available_at_ms: nowMs,
    offered_at_ms: null,
    accepted_at_ms: null,
    started_at_ms: null,
    ended_at_ms: null,
    next_check_ms: nowMs + limits.recheckMs,
    has_locks: 0,
    version: 1,
  };
}

/** A task can only wait for tasks that exist already, so a cycle cannot be written. */
async function requireNeeded(context: CommandContext, ids: string[]): Promise<NeededRow[]> {
  const needed: NeededRow[] = [];
  for (const id of new Set(ids)) {
    const row = await findTask(context.tx, context.actor.project, id);
    if (row === undefined) throw unknownTask(id);
    needed.push(row);
  }
  return needed;
}

function waitsFor(unmet: readonly NeededRow[]): string {
  const first = unmet
    .slice(0, 3)
    .map((task) => task.id)
    .join(', ');
  return `waits for ${first}${unmet.length > 3 ? ` and ${unmet.length - 3} more` : ''}`;
}

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

/** A dead, failed or cancelled task starts over, with all its retries. */
export async function retry(
  context: CommandContext,
  input: Parsed<'task.retry'>,
): Promise<Output<'task.retry'>> {
  await lockProject(context.tx, context.actor.project);
  const row = await requireTask(context, input.id);
  const needed = await listNeeded(context.tx, row.id);
  const unmet = needed.filter((task) => task.state !== 'done');
  const verdict = decide(factsOf(row, unmet.length), { type: 'retry' });
  if (verdict.is !== 'move') throw refusal(verdict.is === 'refuse' ? verdict.message : 'no retry');
  const next = await moveTask(context, row, {
    ...verdict,
    reason: unmet.length === 0 ? 'put back by hand' : waitsFor(unmet),
    fields: {
      failures: 0,
      conflicts: 0,
      attempts_max: row.attempt + limits.attemptsMax,
      rank_ms: rankMs(row.lane, context.nowMs),
    },
  });
  await matchTask(context, next);
  return toProgress(next);
}

function refusal(message: string): SignalboxError {
  return new SignalboxError('conflict', message, {
    hint: 'Only a dead, failed or cancelled task can be put back.',
  });
}
