/**
 * Runs what is due. A run and the move to the next time are one transaction, under the row of the
 * project and by compare-and-set: two hubs that see the same time come submit one task.
 */
import { limits, type SignalboxError } from '../../contract/index.ts';
import { lockProject } from '../agent/index.ts';
import { type CommandContext, record } from '../event/index.ts';
import { decideDue, type Verdict } from './lifecycle.ts';
import { barOf, openTaskOf, pauseSchedule, planned, save, submitTask } from './move.ts';
import { findSchedule, listPlannedAhead, type ScheduleRow } from './queries.ts';
import { timesOf } from './view.ts';

export async function checkSchedule(context: CommandContext, id: string): Promise<void> {
  const row = await findDue(context, id);
  if (row === undefined) return;
  const bar = await barOf(context, row);
  if (bar !== null) return void (await pauseSchedule(context, row, bar));
  const verdict = decideDue({
    ...timesOf(row),
    overlap: row.overlap,
    missedRule: row.missed_rule,
    dueMs: row.next_check_ms ?? context.nowMs,
    nowMs: context.nowMs,
    openTaskId: await openTaskOf({ db: context.tx }, row),
  });
  await goOn(context, await carryOut(context, row, verdict));
}

/**
 * Where the run itself was refused, and its transaction undone: that time is left out. What cannot
 * get better by waiting pauses the schedule.
 */
export async function leaveOut(
  context: CommandContext,
  id: string,
  error: SignalboxError,
): Promise<void> {
  const row = await findDue(context, id);
  if (row === undefined) return;
  const isForGood = error.code === 'invalid_input' || error.code === 'not_found';
  const reason = `its run was refused: ${error.message}`.slice(0, limits.reasonCharsMax);
  if (isForGood) return void (await pauseSchedule(context, row, reason));
  await goOn(context, await leftOut(context, { ...row, skipped: row.skipped + 1 }, reason));
}

async function findDue(context: CommandContext, id: string): Promise<ScheduleRow | undefined> {
  const { tx, actor, nowMs } = context;
  await lockProject(tx, actor.project);
  const row = await findSchedule(tx, actor.project, id);
  const isDue = row !== undefined && row.next_check_ms !== null && row.next_check_ms <= nowMs;
  return isDue ? row : undefined;
}

async function carryOut(
  context: CommandContext,
  before: ScheduleRow,
  verdict: Verdict,
): Promise<ScheduleRow> {
  const row = { ...before, missed: before.missed + verdict.missed };
  const skipped = { ...row, skipped: row.skipped + 1 };
  switch (verdict.do) {
    case 'miss':
      return leftOut(context, row, `no hub ran in time for ${timesInWords(verdict.missed)}`);
    case 'skip':
      return leftOut(context, skipped, `${verdict.openTaskId} of the run before is still open`);
    case 'run': {
      const task = await submitTask(context, row);
      if (task.isExisting) return leftOut(context, skipped, `${task.id} has its unique key`);
      const data = { name: row.name, taskId: task.id, ...madeUpFor(verdict.missed) };
      await record(context, { type: 'schedule.ran', subject: row.id, data });
      return { ...row, runs: row.runs + 1, last_run_ms: context.nowMs, last_task_id: task.id };
    }
  }
}

/** The row with the reason for what was left out; who calls counts it. */
async function leftOut(
  context: CommandContext,
  row: ScheduleRow,
  reason: string,
): Promise<ScheduleRow> {
  const data = { name: row.name, reason };
  await record(context, { type: 'schedule.skipped', subject: row.id, data });
  return { ...row, skipped_at_ms: context.nowMs, skip_reason: reason };
}

async function goOn(context: CommandContext, row: ScheduleRow): Promise<void> {
  const next = planned(row, context.nowMs);
  if (next === undefined) await pauseSchedule(context, row, 'its expression has no time any more');
  else await save(context, next);
}

function madeUpFor(missed: number): { reason?: string } {
  return missed === 0 ? {} : { reason: `makes up for ${timesInWords(missed)} more` };
}

function timesInWords(count: number): string {
  if (count >= limits.scheduleMissedCounted) return `${limits.scheduleMissedCounted} times or more`;
  return count === 1 ? 'one time' : `${count} times`;
}

/**
 * The clock was set back while no hub ran: what was reckoned from the time that was wrong is
 * reckoned anew, or it would wait for that time to come again.
 */
export async function replanSchedules(context: CommandContext): Promise<void> {
  for (const row of await listPlannedAhead(context.tx, context.nowMs)) {
    const next = planned(row, context.nowMs);
    if (next !== undefined) await save(context, next);
  }
}
