/** What a task waits for, what waits for it, and its parent: one statement a function. */
import type { TaskState } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { join, limitTo, sql } from '../../store/sql.ts';

export async function insertDependencies(
  tx: Tx,
  taskId: string,
  needed: readonly Pick<NeededRow, 'id'>[],
): Promise<void> {
  if (needed.length === 0) return;
  await tx.run(sql`
    insert into dependencies (task_id, needed_id)
    values ${join(needed.map(({ id }) => sql`(${taskId}, ${id})`))}
    on conflict (task_id, needed_id) do nothing`);
}

export interface NeededRow {
  id: string;
  title: string;
  state: TaskState;
}

/** Those of these tasks that there are, none of which moves meanwhile. */
export async function findNeeded(
  tx: Tx,
  project: string,
  ids: readonly string[],
): Promise<NeededRow[]> {
  if (ids.length === 0) return [];
  return tx.all(sql`
    select id, title, state from tasks
    where project = ${project} and id in (${join(ids)}) order by id ${tx.dialect.forUpdate}`);
}

export function listNeeded(db: Db, taskId: string): Promise<NeededRow[]> {
  return db.all(sql`
    select t.id, t.title, t.state from dependencies d join tasks t on t.id = d.needed_id
    where d.task_id = ${taskId} order by t.id`);
}

/** The tasks that wait for this one. */
export function listDependents(db: Db, neededId: string): Promise<{ task_id: string }[]> {
  return db.all(sql`
    select d.task_id from dependencies d join tasks t on t.id = d.task_id
    where d.needed_id = ${neededId} and t.state = 'blocked' order by d.task_id`);
}

/** Those that it comes after and that are not done. */
export function listUnmet(db: Db, taskId: string): Promise<NeededRow[]> {
  return db.all(sql`
    select t.id, t.title, t.state from dependencies d join tasks t on t.id = d.needed_id
    where d.task_id = ${taskId} and t.state <> 'done' order by t.id`);
}

/** The oldest first. */
export function listChildren(
  db: Db,
  page: { parentId: string; limit: number },
): Promise<NeededRow[]> {
  return db.all(sql`
    select id, title, state from tasks where parent_id = ${page.parentId}
    order by id ${limitTo(page.limit)}`);
}

export function listOpenChildren(
  db: Db,
  page: { parentId: string; limit: number },
): Promise<NeededRow[]> {
  return db.all(sql`
    select id, title, state from tasks
    where parent_id = ${page.parentId} and ended_at_ms is null
    order by id ${limitTo(page.limit)}`);
}

export async function countChildren(db: Db, parentId: string): Promise<number> {
  const row = await db.get<{ count: number }>(sql`
    select count(*) as count from tasks where parent_id = ${parentId}`);
  return row?.count ?? 0;
}

/**
 * Has the next tick look at what is not to run without a task that has ended: its children, and
 * those that come after it. Beside their version: it only says when they are looked at.
 */
export async function hastenForsaken(tx: Tx, id: string, nowMs: number): Promise<void> {
  await tx.run(sql`
    update tasks set next_check_ms = ${nowMs}
    where parent_id = ${id} and ended_at_ms is null and next_check_ms > ${nowMs}`);
  await tx.run(sql`
    update tasks set next_check_ms = ${nowMs}
    where id in (select task_id from dependencies where needed_id = ${id})
      and state = 'blocked' and on_needed_failure = 'cancel' and next_check_ms > ${nowMs}`);
}

/** Of the tasks that wait for this one, those that are not to run without it. */
export function listForsaken(
  db: Db,
  page: { neededId: string; limit: number },
): Promise<{ task_id: string }[]> {
  return db.all(sql`
    select d.task_id
    from dependencies d join tasks t on t.id = d.task_id
    where d.needed_id = ${page.neededId} and t.state = 'blocked'
      and t.on_needed_failure = 'cancel'
    order by d.task_id ${limitTo(page.limit)}`);
}
