/** Schedules as they are shown. */
import { type Schedule, ScheduledTask } from '../../contract/index.ts';
import type { Times } from './cron.ts';
import type { ScheduleRow } from './queries.ts';

export function timesOf(row: Pick<ScheduleRow, 'cron' | 'time_zone'>): Times {
  return { cron: row.cron, timeZone: row.time_zone };
}

/** For the data of an event. */
export function nextOf({ next_check_ms: nextMs }: ScheduleRow): { availableAtMs?: number } {
  return nextMs === null ? {} : { availableAtMs: nextMs };
}

export function toSchedule(row: ScheduleRow): Schedule {
  const { skipped_at_ms: atMs, skip_reason: reason } = row;
  return {
    id: row.id,
    name: row.name,
    cron: row.cron,
    timeZone: row.time_zone,
    task: ScheduledTask.parse(JSON.parse(row.task)),
    overlap: row.overlap,
    missedRule: row.missed_rule,
    state: row.state,
    reason: row.reason,
    maker: row.maker,
    runs: row.runs,
    skipped: row.skipped,
    missed: row.missed,
    lastSkip: atMs === null || reason === null ? null : { atMs, reason },
    lastRunMs: row.last_run_ms,
    lastTaskId: row.last_task_id,
    createdAtMs: row.created_at_ms,
    nextRunMs: row.next_check_ms,
  };
}
