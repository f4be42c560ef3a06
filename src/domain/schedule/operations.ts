/** Making schedules, looking at them, and what a person does to them. */
import {
  limits,
  nameKey,
  type Output,
  type Parsed,
  type Schedule,
  SignalboxError,
} from '../../contract/index.ts';
import { newId } from '../../core/ids.ts';
import { lockProject } from '../agent/index.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import { refuseUnheeded } from '../task/index.ts';
import { nextTimeMs, nextTimesMs, requireTimes } from './cron.ts';
import {
  barOf,
  openTaskOf,
  pauseSchedule,
  planned,
  requireSchedule,
  save,
  submitTask,
} from './move.ts';
import {
  countSchedules,
  deleteSchedule,
  findScheduleNamed,
  insertSchedule,
  listSchedules,
  type ScheduleRow,
} from './queries.ts';
import { toSchedule } from './view.ts';

export async function add(
  context: CommandContext,
  input: Parsed<'schedule.add'>,
): Promise<Schedule> {
  const { tx, actor, nowMs, random } = context;
  const times = requireTimes(input, nowMs);
  refuseUnheeded(input.task);
  await lockProject(tx, actor.project);
  await refuseNameOrCount(context, input.name);
  const row: ScheduleRow = {
    id: newId('sch', nowMs, random),
    project: actor.project,
    name: input.name,
    name_key: nameKey(input.name),
    cron: times.cron,
    time_zone: times.timeZone,
    task: JSON.stringify(input.task),
    overlap: input.overlap,
    missed_rule: input.missedRule,
    state: 'active',
    reason: null,
    maker: actor.name,
    maker_key: actor.key,
    maker_role: actor.role,
    runs: 0,
    skipped: 0,
    missed: 0,
    skipped_at_ms: null,
    skip_reason: null,
    last_run_ms: null,
    last_task_id: null,
    created_at_ms: nowMs,
    planned_at_ms: nowMs,
    next_check_ms: nextTimeMs(times, nowMs),
    version: 1,
  };
  await insertSchedule(tx, row);
  await tell(context, 'schedule.added', row);
  return toSchedule(row);
}

async function refuseNameOrCount({ tx, actor }: CommandContext, name: string): Promise<void> {
  const named = await findScheduleNamed(tx, actor.project, nameKey(name));
  if (named !== undefined) {
    throw new SignalboxError('conflict', `there is a schedule ${named.name} already`, {
      hint: `Take another name, or end that one: \`signalbox schedule remove ${named.name}\`.`,
    });
  }
  const { count = 0 } = (await countSchedules(tx, actor.project)) ?? {};
  if (count < limits.schedulesMax) return;
  throw new SignalboxError('conflict', `there are ${count} schedules, which is the most`, {
    hint: 'Remove one that is not needed: `signalbox schedule list`.',
  });
}

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
  const nextCursor = rows.length === input.limit ? (rows.at(-1)?.id ?? null) : null;
  return { items: rows.map(toSchedule), nextCursor };
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
  await tell(context, 'schedule.resumed', next);
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

async function tell(
  context: CommandContext,
  type: 'schedule.added' | 'schedule.resumed',
  row: ScheduleRow,
): Promise<void> {
  const next = row.next_check_ms === null ? {} : { availableAtMs: row.next_check_ms };
  await record(context, { type, subject: row.id, data: { name: row.name, ...next } });
}
