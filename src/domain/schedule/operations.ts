/** Looking at schedules, and what a person does to them. */
import { type Output, type Parsed, type Schedule, SignalboxError } from '../../contract/index.ts';
import { pageOf } from '../../core/page.ts';
import { lockProject } from '../agent/index.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import { nextTimesMs, requireTimes } from './cron.ts';
import {
  barOf,
  openTaskOf,
  pauseSchedule,
  planned,
  requireSchedule,
  save,
  submitTask,
} from './move.ts';
import { deleteSchedule, listSchedules, type ScheduleRow } from './queries.ts';
import { nextOf, toSchedule } from './view.ts';

export async function list(
  context: QueryContext,
  input: Parsed<'schedule.list'>,
): Promise<Output<'schedule.list'>> {
  const rows = await listSchedules(context.db, {
    project: context.actor.project,
    afterId: input.cursor ?? '',
    limit: input.limit,
    state: input.state,
  });
  return pageOf(rows, { limit: input.limit, toItem: toSchedule, toCursor: ({ id }) => id });
}

export async function show(
  context: QueryContext,
  { schedule }: Parsed<'schedule.show'>,
): Promise<Schedule> {
  return toSchedule(await requireSchedule(context, schedule));
}

export async function pause(
  context: CommandContext,
  { schedule, reason }: Parsed<'schedule.pause'>,
): Promise<Schedule> {
  const row = await requireOwn(context, schedule);
  if (row.state === 'paused') return toSchedule(row);
  const said = reason ?? `${context.actor.name} paused it`;
  return toSchedule(await pauseSchedule(context, row, said));
}

export async function resume(
  context: CommandContext,
  { schedule }: Parsed<'schedule.resume'>,
): Promise<Schedule> {
  const row = await requireOwn(context, schedule);
  if (row.state === 'active') return toSchedule(row);
  await refuseBarred(context, row);
  const next = planned(row, context.nowMs);
  if (next === undefined) {
    throw new SignalboxError('conflict', `schedule ${row.name} has no time any more`, {
      hint: `\`signalbox schedule next "${row.cron}"\` shows the times of an expression.`,
    });
  }
  const data = { name: row.name, ...nextOf(next) };
  await record(context, { type: 'schedule.resumed', subject: row.id, data });
  return toSchedule(await save(context, next));
}

export async function remove(
  context: CommandContext,
  { schedule }: Parsed<'schedule.remove'>,
): Promise<Output<'schedule.remove'>> {
  const { id, name } = await requireOwn(context, schedule);
  await deleteSchedule(context.tx, id);
  await record(context, { type: 'schedule.removed', subject: id, data: { name } });
  return { id, name };
}

/** Beside its times, which it does not move. */
export async function run(
  context: CommandContext,
  { schedule }: Parsed<'schedule.run'>,
): Promise<Output<'schedule.run'>> {
  const row = await requireOwn(context, schedule);
  await refuseBarred(context, row);
  const openTaskId = await openTaskOf({ db: context.tx }, row);
  if (row.overlap === 'skip' && openTaskId !== null) {
    throw new SignalboxError('conflict', `${openTaskId} of the run before is still open`, {
      hint: `When it has ended, or is cancelled, run it again: \`signalbox why ${openTaskId}\`.`,
    });
  }
  const task = await submitTask(context, row);
  if (task.isExisting) return { schedule: toSchedule(row), task };
  const { nowMs } = context;
  const next = { ...row, runs: row.runs + 1, last_run_ms: nowMs, last_task_id: task.id };
  const saved = await save(context, next);
  const data = { name: row.name, taskId: task.id, reason: `run by ${context.actor.name}` };
  await record(context, { type: 'schedule.ran', subject: row.id, data });
  return { schedule: toSchedule(saved), task };
}

export async function preview(
  { nowMs }: QueryContext,
  { count, ...input }: Parsed<'schedule.preview'>,
): Promise<Output<'schedule.preview'>> {
  const times = requireTimes(input, nowMs);
  return { ...times, runsMs: nextTimesMs(times, nowMs, count) };
}

/** With the project's row held, which the submission of its task needs too. */
async function requireOwn(context: CommandContext, ref: string): Promise<ScheduleRow> {
  const { tx, actor } = context;
  await lockProject(tx, actor.project);
  const row = await requireSchedule({ db: tx, actor }, ref);
  if (actor.scopes.has('operate') || row.maker_key === actor.key) return row;
  throw new SignalboxError('forbidden', `schedule ${row.name} was made by ${row.maker}`, {
    hint: 'An agent can change only the schedules that it made; ask an operator.',
  });
}

async function refuseBarred(context: CommandContext, row: ScheduleRow): Promise<void> {
  const bar = await barOf(context, row);
  if (bar === null) return;
  throw new SignalboxError('conflict', `schedule ${row.name} cannot run: ${bar}`, {
    hint: 'Give that agent a token, or add the schedule again in your own name.',
  });
}
