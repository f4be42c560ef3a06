/** Making schedules: what can never run, or has the name of another, is refused. */
import {
  limits,
  nameKey,
  type Parsed,
  type Schedule,
  SignalboxError,
} from '../../contract/index.ts';
import { newId } from '../../core/ids.ts';
import { lockProject } from '../agent/index.ts';
import { type CommandContext, memberRole, record } from '../event/index.ts';
import { refuseUnheeded } from '../task/index.ts';
import { nextTimeMs, requireTimes } from './cron.ts';
import { countSchedules, findScheduleNamed, insertSchedule, type ScheduleRow } from './queries.ts';
import { nextOf, toSchedule } from './view.ts';

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
    maker_role: memberRole(actor),
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
  const data = { name: row.name, ...nextOf(row) };
  await record(context, { type: 'schedule.added', subject: row.id, data });
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
