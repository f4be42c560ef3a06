/** Where locks are: one statement a function. */
import type { LockMode, LockState } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { join, limitTo, sql } from '../../store/sql.ts';

export interface LockRow {
  id: string;
  project: string;
  holder: string;
  agent: string;
  agent_key: string;
  session: string | null;
  task_id: string | null;
  state: LockState;
  mode: LockMode;
  /** JSON list of what it covers, as the contract shows it. */
  items: string;
  /** Its place in line: who came first goes first. */
  place: number;
  fence: number | null;
  reason: string | null;
  requested_at_ms: number;
  granted_at_ms: number | null;
  ended_at_ms: number | null;
  version: number;
}

/** A lock with the lease of its session; null where a task holds it. */
export type LockWithLease = LockRow & { lease_until_ms: number | null };

/** Holds the line of the project, and returns the next place in it. */
export async function takePlace(tx: Tx, project: string): Promise<number> {
  const row = await tx.get<{ last_place: number }>(sql`
    insert into lock_lines (project, last_place) values (${project}, 1)
    on conflict (project) do update set last_place = lock_lines.last_place + 1
    returning last_place`);
  return row?.last_place ?? 0;
}

/** Holds the line without taking a place. The first of a project to hold it makes its row. */
export async function holdLine(tx: Tx, project: string): Promise<void> {
  if (tx.dialect.engine === 'sqlite') return;
  if (await hasHeldLine(tx, project)) return;
  await tx.run(sql`
    insert into lock_lines (project, last_place) values (${project}, 0)
    on conflict (project) do nothing`);
  await hasHeldLine(tx, project);
}

async function hasHeldLine(tx: Tx, project: string): Promise<boolean> {
  const row = await tx.get(sql`
    select last_place from lock_lines where project = ${project} ${tx.dialect.forUpdate}`);
  return row !== undefined;
}

export async function nextFence(tx: Tx): Promise<number> {
  const row = await tx.get<{ fence: number }>(tx.dialect.nextFence);
  return row?.fence ?? 0;
}

export async function insertLock(tx: Tx, row: LockRow): Promise<void> {
  await tx.run(sql`
    insert into locks (id, project, holder, agent, agent_key, session, task_id, state, mode, items,
      place, fence, reason, requested_at_ms, granted_at_ms, ended_at_ms, version)
    values (${row.id}, ${row.project}, ${row.holder}, ${row.agent}, ${row.agent_key},
      ${row.session}, ${row.task_id}, ${row.state}, ${row.mode}, ${row.items}, ${row.place},
      ${row.fence}, ${row.reason}, ${row.requested_at_ms}, ${row.granted_at_ms},
      ${row.ended_at_ms}, ${row.version})`);
}

/** Writes what may change of a lock that was read at this version; false when it has moved. */
export async function updateLock(tx: Tx, row: LockRow): Promise<boolean> {
  const changed = await tx.run(sql`
    update locks set state = ${row.state}, items = ${row.items}, fence = ${row.fence},
      reason = ${row.reason}, granted_at_ms = ${row.granted_at_ms},
      ended_at_ms = ${row.ended_at_ms}, version = ${row.version + 1}
    where id = ${row.id} and version = ${row.version}`);
  return changed === 1;
}

const withLease = sql`
  select l.*, s.lease_until_ms from locks l
  left join lock_sessions s on s.project = l.project and s.holder = l.holder`;

export function findLock(db: Db, project: string, id: string): Promise<LockWithLease | undefined> {
  return db.get(sql`${withLease} where l.project = ${project} and l.id = ${id}`);
}

/** What a holder has and waits for, in the order of its asking. */
export function listOpenOf(db: Db, project: string, holder: string): Promise<LockWithLease[]> {
  return db.all(sql`
    ${withLease} where l.project = ${project} and l.holder = ${holder} and l.ended_at_ms is null
    order by l.place`);
}

export function countOpenOf(
  db: Db,
  project: string,
  holder: string,
): Promise<{ state: LockState; count: number }[]> {
  return db.all(sql`
    select state, count(*) as count from locks
    where project = ${project} and holder = ${holder} and ended_at_ms is null group by state`);
}

/** Of an agent, whichever of its sessions and tasks they are for. */
export async function countOpenOfAgent(db: Db, project: string, agentKey: string): Promise<number> {
  const row = await db.get<{ count: number }>(sql`
    select count(*) as count from locks
    where project = ${project} and agent_key = ${agentKey} and ended_at_ms is null`);
  return row?.count ?? 0;
}

/** Who stands in line, the first first. */
export function listWaiting(db: Db, project: string): Promise<LockWithLease[]> {
  return db.all(sql`
    ${withLease} where l.project = ${project} and l.state = 'waiting' order by l.place`);
}

export interface LockPage {
  project: string;
  beforeId: string;
  limit: number;
  agentKey: string | undefined;
  holder: string | undefined;
  session: string | undefined;
  state: LockState | undefined;
}

/** Newest first; without a state, what is open. */
export function listLocks(db: Db, page: LockPage): Promise<LockWithLease[]> {
  const conditions = [
    sql`l.project = ${page.project}`,
    sql`l.id < ${page.beforeId}`,
    page.state === undefined ? sql`l.ended_at_ms is null` : sql`l.state = ${page.state}`,
    page.agentKey === undefined ? undefined : sql`l.agent_key = ${page.agentKey}`,
    page.holder === undefined ? undefined : sql`l.holder = ${page.holder}`,
    page.session === undefined ? undefined : sql`l.session = ${page.session}`,
  ].filter((condition) => condition !== undefined);
  return db.all(sql`
    ${withLease} where ${join(conditions, ' and ')} order by l.id desc ${limitTo(page.limit)}`);
}

export function countByAgent(
  db: Db,
  project: string,
): Promise<{ agent: string; state: LockState; count: number }[]> {
  return db.all(sql`
    select max(agent) as agent, state, count(*) as count from locks
    where project = ${project} group by agent_key, state`);
}

/** Ended locks that are older than what is kept; returns how many went. */
export function forgetLocks(tx: Tx, beforeMs: number, limit: number): Promise<number> {
  return tx.run(sql`
    delete from locks where id in (
      select id from locks where ended_at_ms is not null and ended_at_ms < ${beforeMs}
      ${limitTo(limit)})`);
}
