/** Where schedules are: one statement a function. */
import type { MissedRule, Overlap, Role, ScheduleState } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { join, limitTo, sql } from '../../store/sql.ts';

export interface ScheduleRow {
  id: string;
  project: string;
  name: string;
  name_key: string;
  cron: string;
  time_zone: string;
  /** JSON. */
  task: string;
  overlap: Overlap;
  missed_rule: MissedRule;
  state: ScheduleState;
  reason: string | null;
  maker: string;
  maker_key: string;
  maker_role: Role;
  runs: number;
  skipped: number;
  missed: number;
  skipped_at_ms: number | null;
  skip_reason: string | null;
  last_run_ms: number | null;
  last_task_id: string | null;
  created_at_ms: number;
  planned_at_ms: number;
  next_check_ms: number | null;
  version: number;
}

export function findSchedule(
  db: Db,
  project: string,
  id: string,
): Promise<ScheduleRow | undefined> {
  return db.get(sql`select * from schedules where id = ${id} and project = ${project}`);
}

export function findScheduleNamed(
  db: Db,
  project: string,
  nameKey: string,
): Promise<ScheduleRow | undefined> {
  return db.get(sql`
    select * from schedules where project = ${project} and name_key = ${nameKey}`);
}

export interface SchedulePage {
  project: string;
  afterId: string;
  limit: number;
  state: ScheduleState | undefined;
}

export function listSchedules(db: Db, page: SchedulePage): Promise<ScheduleRow[]> {
  const conditions = join(
    [
      sql`project = ${page.project}`,
      sql`id > ${page.afterId}`,
      ...(page.state === undefined ? [] : [sql`state = ${page.state}`]),
    ],
    ' and ',
  );
  return db.all(sql`
    select * from schedules where ${conditions} order by id ${limitTo(page.limit)}`);
}

export function countSchedules(db: Db, project: string): Promise<{ count: number } | undefined> {
  return db.get(sql`select count(*) as count from schedules where project = ${project}`);
}

export async function insertSchedule(tx: Tx, row: ScheduleRow): Promise<void> {
  await tx.run(sql`
    insert into schedules (id, project, name, name_key, cron, time_zone, task, overlap,
      missed_rule, state, reason, maker, maker_key, maker_role, runs, skipped, missed,
      skipped_at_ms, skip_reason, last_run_ms, last_task_id, created_at_ms, planned_at_ms,
      next_check_ms, version)
    values (${row.id}, ${row.project}, ${row.name}, ${row.name_key}, ${row.cron},
      ${row.time_zone}, ${row.task}, ${row.overlap}, ${row.missed_rule}, ${row.state},
      ${row.reason}, ${row.maker}, ${row.maker_key}, ${row.maker_role}, ${row.runs},
      ${row.skipped}, ${row.missed}, ${row.skipped_at_ms}, ${row.skip_reason},
      ${row.last_run_ms}, ${row.last_task_id}, ${row.created_at_ms}, ${row.planned_at_ms},
      ${row.next_check_ms}, ${row.version})`);
}

/** Writes what may change of a schedule that was read at this version; false when it has moved. */
export async function updateSchedule(tx: Tx, row: ScheduleRow): Promise<boolean> {
  const changed = await tx.run(sql`
    update schedules set state = ${row.state}, reason = ${row.reason}, runs = ${row.runs},
      skipped = ${row.skipped}, missed = ${row.missed}, skipped_at_ms = ${row.skipped_at_ms},
      skip_reason = ${row.skip_reason}, last_run_ms = ${row.last_run_ms},
      last_task_id = ${row.last_task_id}, planned_at_ms = ${row.planned_at_ms},
      next_check_ms = ${row.next_check_ms}, version = ${row.version + 1}
    where id = ${row.id} and version = ${row.version}`);
  return changed === 1;
}

export async function deleteSchedule(tx: Tx, id: string): Promise<void> {
  await tx.run(sql`delete from schedules where id = ${id}`);
}

type Place = Pick<ScheduleRow, 'id' | 'project'>;

export function listDueSchedules(db: Db, nowMs: number, limit: number): Promise<Place[]> {
  return db.all(sql`
    select id, project from schedules where state = 'active' and next_check_ms <= ${nowMs}
    order by next_check_ms, id ${limitTo(limit)}`);
}

/** Those whose next time was reckoned at a time that has not come yet. */
export function listPlannedAhead(db: Db, nowMs: number): Promise<ScheduleRow[]> {
  return db.all(sql`
    select * from schedules where state = 'active' and planned_at_ms > ${nowMs}`);
}
