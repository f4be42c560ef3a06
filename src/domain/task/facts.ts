/** A task as its life cycle sees it; and where there is none, or it is not as it was read. */
import { SignalboxError } from '../../contract/index.ts';
import type { CommandContext } from '../event/index.ts';
import type { TaskFacts } from './lifecycle.ts';
import { findTask, type TaskRow } from './queries.ts';
import { updateTask } from './write-queries.ts';

export function factsOf(row: TaskRow, unmetDependencies = 0): TaskFacts {
  return {
    state: row.state,
    fence: row.fence,
    attempt: row.attempt,
    attemptsMax: row.attempts_max,
    agentKey: row.agent_key,
    isStarted: row.started_at_ms !== null,
    hasRepository: row.repository_id !== null,
    failures: row.failures,
    failuresMax: row.failures_max,
    conflicts: row.conflicts,
    unmetDependencies,
  };
}

export async function requireTask(context: CommandContext, id: string): Promise<TaskRow> {
  const row = await findTask(context.tx, context.actor.project, id);
  if (row === undefined) throw unknownTask(id);
  return row;
}

export function unknownTask(id: string): SignalboxError {
  return new SignalboxError('not_found', `there is no task ${id}`, {
    hint: '`signalbox task list` shows the tasks of your project.',
  });
}

/** Throws the race that it lost where the task has moved since it was read. */
export async function writeTask(
  { tx }: Pick<CommandContext, 'tx'>,
  row: TaskRow,
  write = updateTask,
): Promise<void> {
  if (!(await write(tx, row))) throw hasMoved(row);
}

export function hasMoved({ id }: Pick<TaskRow, 'id'>): SignalboxError {
  return new SignalboxError('conflict', `task ${id} has just moved`, { retryAfterMs: 50 });
}

/** Who says something of it has it no more. */
export function staleFence(row: TaskRow): SignalboxError {
  const holder = row.agent ?? 'nobody';
  return new SignalboxError(
    'stale_fence',
    `task ${row.id} is ${row.state}, held by ${holder} with fence ${row.fence}`,
    { details: { state: row.state, holder: row.agent, fence: row.fence, attempt: row.attempt } },
  );
}
