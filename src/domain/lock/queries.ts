/** Where locks are: one statement a function. */
import type { LockMode, LockState } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { join, limitTo, type Sql, sql } from '../../store/sql.ts';

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

export interface ItemRow {
  project: string;
  /** The repository's id, or `name` for things that are no paths. */
  scope: string;
  base: string;
  lock_id: string;
  pattern: string;
  is_literal: number;
  holder: string;
  mode: LockMode;
  state: 'waiting' | 'granted';
  place: number;
}

/** Holds the line of the project, and answers the next place in it. */
export async function takePlace(tx: Tx, project: string): Promise<number> {
  const row = await tx.get<{ last_place: number }>(sql`
    insert into lock_lines (project, last_place) values (${project}, 1)
    on conflict (project) do update set last_place = lock_lines.last_place + 1
    returning last_place`);
  return row?.last_place ?? 0;
}

/** Holds the line without taking a place. */
export async function holdLine(tx: Tx, project: string): Promise<void> {
  if (tx.dialect.engine === 'sqlite') return;
  await tx.get(sql`
    select last_place from lock_lines where project = ${project} ${tx.dialect.forUpdate}`);
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

export async function insertItem(tx: Tx, row: ItemRow): Promise<void> {
  await tx.run(sql`
    insert into lock_items (project, scope, base, lock_id, pattern, is_literal, holder, mode,
      state, place)
    values (${row.project}, ${row.scope}, ${row.base}, ${row.lock_id}, ${row.pattern},
      ${row.is_literal}, ${row.holder}, ${row.mode}, ${row.state}, ${row.place})`);
}

export async function grantItems(tx: Tx, lockId: string): Promise<void> {
  await tx.run(sql`update lock_items set state = 'granted' where lock_id = ${lockId}`);
}

export async function deleteItems(tx: Tx, lockId: string): Promise<void> {
  await tx.run(sql`delete from lock_items where lock_id = ${lockId}`);
}

export async function deleteItem(tx: Tx, row: ItemRow): Promise<void> {
  await tx.run(sql`
    delete from lock_items where project = ${row.project} and scope = ${row.scope}
      and base = ${row.base} and lock_id = ${row.lock_id} and pattern = ${row.pattern}`);
}

export function listItems(db: Db, lockId: string): Promise<ItemRow[]> {
  return db.all(sql`select * from lock_items where lock_id = ${lockId} order by base, pattern`);
}

export interface Ground {
  project: string;
  scope: string;
  /** Every folder on the way up, and the base itself. */
  bases: readonly string[];
  /** Folders of which everything below is meant too. */
  folders: readonly string[];
}

/** What may overlap: other items whose base is one of these, or lies below one of the folders. */
export function listItemsOn(db: Db, ground: Ground): Promise<ItemRow[]> {
  const below = ground.folders.map((folder) =>
    folder === '' ? sql`true` : sql`(base >= ${`${folder}/`} and base < ${`${folder}0`})`,
  );
  const on = sql`base in (${join(ground.bases)})`;
  const where: Sql = below.length === 0 ? on : join([on, ...below], ' or ');
  return db.all(sql`
    select * from lock_items
    where project = ${ground.project} and scope = ${ground.scope} and (${where})
    order by place`);
}

export function listAllItems(
  db: Db,
  project: string,
): Promise<Pick<ItemRow, 'scope' | 'pattern'>[]> {
  return db.all(sql`
    select scope, pattern from lock_items where project = ${project} and scope <> 'name'`);
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

/** The items that a holder has or waits for. */
export function listItemsOf(db: Db, project: string, holder: string): Promise<ItemRow[]> {
  return db.all(sql`
    select i.* from locks l join lock_items i on i.lock_id = l.id
    where l.project = ${project} and l.holder = ${holder} and l.ended_at_ms is null
    order by i.place`);
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

export interface SessionRow {
  project: string;
  holder: string;
  agent_key: string;
  lease_until_ms: number;
  lease_ms: number;
}

/** A lease is only ever made longer by this; answers when it ends. */
export async function renewSession(tx: Tx, row: SessionRow): Promise<number> {
  const longer = await tx.get<Pick<SessionRow, 'lease_until_ms'>>(sql`
    insert into lock_sessions (project, holder, agent_key, lease_until_ms, lease_ms)
    values (${row.project}, ${row.holder}, ${row.agent_key}, ${row.lease_until_ms},
      ${row.lease_ms})
    on conflict (project, holder) do update set lease_until_ms = excluded.lease_until_ms,
      lease_ms = excluded.lease_ms
    where excluded.lease_until_ms > lock_sessions.lease_until_ms
    returning lease_until_ms`);
  const stands = longer ?? (await findSession(tx, row.project, row.holder));
  return stands?.lease_until_ms ?? row.lease_until_ms;
}

export function findSession(
  tx: Tx,
  project: string,
  holder: string,
): Promise<SessionRow | undefined> {
  return tx.get(sql`
    select * from lock_sessions where project = ${project} and holder = ${holder}
    ${tx.dialect.forUpdate}`);
}

export async function deleteSession(tx: Tx, project: string, holder: string): Promise<void> {
  await tx.run(sql`delete from lock_sessions where project = ${project} and holder = ${holder}`);
}

export function listLapsedSessions(db: Db, nowMs: number, limit: number): Promise<SessionRow[]> {
  return db.all(sql`
    select * from lock_sessions where lease_until_ms <= ${nowMs}
    order by lease_until_ms ${limitTo(limit)}`);
}

/** Time in which the hub was down counts against no holder: each has its whole lease again. */
export async function rearmLockSessions(tx: Tx, nowMs: number): Promise<void> {
  await tx.run(sql`
    update lock_sessions set lease_until_ms = ${nowMs} + lease_ms
    where lease_until_ms < ${nowMs} + lease_ms`);
}

/** Ended locks that are older than what is kept; answers how many went. */
export function forgetLocks(tx: Tx, beforeMs: number, limit: number): Promise<number> {
  return tx.run(sql`
    delete from locks where id in (
      select id from locks where ended_at_ms is not null and ended_at_ms < ${beforeMs}
      ${limitTo(limit)})`);
}

export interface LandedRow {
  repository_id: string;
  path: string;
  fence: number;
  holder: string;
  agent: string;
  change_id: string;
  at_ms: number;
}

export async function saveLanded(tx: Tx, row: LandedRow): Promise<void> {
  await tx.run(sql`
    insert into landed_paths (repository_id, path, fence, holder, agent, change_id, at_ms)
    values (${row.repository_id}, ${row.path}, ${row.fence}, ${row.holder}, ${row.agent},
      ${row.change_id}, ${row.at_ms})
    on conflict (repository_id, path) do update set fence = excluded.fence,
      holder = excluded.holder, agent = excluded.agent, change_id = excluded.change_id,
      at_ms = excluded.at_ms
    where excluded.fence > landed_paths.fence`);
}

/** Of these paths those that landed under a newer grant than this, of somebody else. */
export function listLandedAfter(db: Db, of: LandedAfter): Promise<LandedRow[]> {
  return db.all(sql`
    select * from landed_paths
    where repository_id = ${of.repositoryId} and path in (${join(of.paths)})
      and fence > ${of.fence} and holder <> ${of.holder}
    order by path`);
}

export interface LandedAfter {
  repositoryId: string;
  paths: readonly string[];
  fence: number;
  holder: string;
}
