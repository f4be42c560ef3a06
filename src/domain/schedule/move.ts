/** What every change of a schedule goes through: its row, its event, and the task of a run. */
import {
  nameKey,
  type Output,
  roleScopes,
  ScheduleId,
  SignalboxError,
  TaskOrder,
} from '../../contract/index.ts';
import { countTokensByRole } from '../agent/index.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import { findTaskWithRepository, isEnded, submitOne } from '../task/index.ts';
import { nextTimeMs } from './cron.ts';
import { findSchedule, findScheduleNamed, type ScheduleRow, updateSchedule } from './queries.ts';
import { timesOf } from './view.ts';

type Where = Pick<QueryContext, 'db' | 'actor'>;

/** By its id, or by its name. */
export function findByRef({ db, actor }: Where, ref: string): Promise<ScheduleRow | undefined> {
  const isId = ScheduleId.safeParse(ref).success;
  if (isId) return findSchedule(db, actor.project, ref);
  return findScheduleNamed(db, actor.project, nameKey(ref));
}

export async function requireSchedule(where: Where, ref: string): Promise<ScheduleRow> {
  const row = await findByRef(where, ref);
  if (row !== undefined) return row;
  throw new SignalboxError('not_found', `there is no schedule ${ref}`, {
    hint: '`signalbox schedule list` shows the schedules there are.',
  });
}

/** Writes the row, and returns it as it stands now. */
export async function save({ tx }: CommandContext, row: ScheduleRow): Promise<ScheduleRow> {
  if (await updateSchedule(tx, row)) return { ...row, version: row.version + 1 };
  throw new SignalboxError('conflict', `schedule ${row.name} has just moved`, {
    retryAfterMs: 50,
  });
}

export async function pauseSchedule(
  context: CommandContext,
  row: ScheduleRow,
  reason: string,
): Promise<ScheduleRow> {
  const next = await save(context, { ...row, state: 'paused', reason, next_check_ms: null });
  const data = { name: row.name, reason };
  await record(context, { type: 'schedule.paused', subject: row.id, data });
  return next;
}

/** The row with its next time, or undefined where the calendar has none left. */
export function planned(row: ScheduleRow, nowMs: number): ScheduleRow | undefined {
  const nextMs = nextTimeMs(timesOf(row), nowMs);
  if (nextMs === null) return undefined;
  return { ...row, state: 'active', reason: null, planned_at_ms: nowMs, next_check_ms: nextMs };
}

/** The task of the run before, where it has not ended. */
export async function openTaskOf(
  { db }: Pick<QueryContext, 'db'>,
  row: ScheduleRow,
): Promise<string | null> {
  if (row.last_task_id === null) return null;
  const task = await findTaskWithRepository(db, row.project, row.last_task_id);
  return task === undefined || isEnded(task.state) ? null : task.id;
}

/** Why its maker can submit nothing any more; null where that one can. */
export async function barOf(
  { tx, nowMs }: CommandContext,
  row: ScheduleRow,
): Promise<string | null> {
  const maker = { project: row.project, key: row.maker_key, nowMs };
  const tokens = await countTokensByRole(tx, maker);
  const isAble = tokens.some(({ role, live }) => live > 0 && roleScopes[role].includes('submit'));
  // Who is known without a token has none that could have ended.
  if (isAble || tokens.length === 0) return null;
  return `${row.maker}, who made it, has no token any more that may submit`;
}

/**
 * Submits its task in the name of its maker. Whoever calls holds the project's row, and writes that
 * of the schedule.
 */
export async function submitTask(
  context: CommandContext,
  row: ScheduleRow,
): Promise<Output<'task.submit'>> {
  const { maker: name, maker_key: key, maker_role: role, project } = row;
  const scopes = new Set(roleScopes[role]);
  const actor = { name, key, role, project, scopes, tokenId: null };
  const order = TaskOrder.safeParse(JSON.parse(row.task));
  if (order.success) return submitOne({ ...context, actor }, order.data);
  const problem = order.error.issues[0]?.message ?? 'it does not fit';
  throw new SignalboxError('invalid_input', `its task is not taken any more: ${problem}`);
}
