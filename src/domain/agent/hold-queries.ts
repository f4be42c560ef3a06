/** Where it is written what holds agents and projects back: one statement a function. */
import type { Db, Tx } from '../../store/db.ts';
import { limitTo, sql } from '../../store/sql.ts';
import type { AgentRow } from './queries.ts';

export type HoldRow = Pick<AgentRow, 'held_until_ms' | 'hold_reason'>;

type Named = Pick<AgentRow, 'project' | 'key'>;

/** Undefined where nothing holds the project back: then nothing but its key is read. */
export function findProjectHold(db: Db, project: string): Promise<HoldRow | undefined> {
  return db.get(sql`
    select held_until_ms, hold_reason from projects
    where id = ${project} and held_until_ms is not null`);
}

export async function saveProjectHold(tx: Tx, project: string, hold: HoldRow): Promise<void> {
  await tx.run(sql`
    update projects set held_until_ms = ${hold.held_until_ms}, hold_reason = ${hold.hold_reason}
    where id = ${project}`);
}

export async function saveHold(tx: Tx, { project, key }: Named, hold: HoldRow): Promise<void> {
  await tx.run(sql`
    update agents set held_until_ms = ${hold.held_until_ms}, hold_reason = ${hold.hold_reason}
    where project = ${project} and key = ${key}`);
}

export type PauseRow = Pick<AgentRow, 'paused_until_ms' | 'pause_reason' | 'paused_by'>;

export async function savePause(tx: Tx, { project, key }: Named, pause: PauseRow): Promise<void> {
  await tx.run(sql`
    update agents set paused_until_ms = ${pause.paused_until_ms},
      pause_reason = ${pause.pause_reason}, paused_by = ${pause.paused_by}
    where project = ${project} and key = ${key}`);
}

export type FullnessRow = Pick<AgentRow, 'full_until_ms' | 'full_percent'>;

export async function saveFullness(
  tx: Tx,
  { project, key }: Named,
  full: FullnessRow,
): Promise<void> {
  await tx.run(sql`
    update agents set full_until_ms = ${full.full_until_ms}, full_percent = ${full.full_percent}
    where project = ${project} and key = ${key}`);
}

/** Agents and, with an empty key, projects whose hold is over. */
export function listDueHolds(db: Db, nowMs: number, limit: number): Promise<Named[]> {
  return db.all(sql`
    select id as project, '' as key from projects where held_until_ms <= ${nowMs}
    union all
    select project, key from agents where held_until_ms <= ${nowMs} ${limitTo(limit)}`);
}

/**
 * Idle agents that can be told, as the gauge sees them: also those whose hold has been over for a
 * while, and should have been lifted.
 */
export function listIdleBeyondHold(
  db: Db,
  project: string,
  { overBeforeMs, limit }: { overBeforeMs: number; limit: number },
): Promise<AgentRow[]> {
  return db.all(sql`
    select * from agents
    where project = ${project} and presence = 'online' and is_pushed = 1 and task_id is null
      and (held_until_ms is null or held_until_ms <= ${overBeforeMs})
    order by idle_since_ms, key ${limitTo(limit)}`);
}
