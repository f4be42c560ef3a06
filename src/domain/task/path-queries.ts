/** Where tasks are that mean to change paths: one statement a function. */
import type { Db, Tx } from '../../store/db.ts';
import { join, limitTo, type Sql, sql } from '../../store/sql.ts';
import type { Area } from '../lock/index.ts';
import {
  lineOrder,
  place,
  placeOf,
  type QueuePage,
  runnableColumns,
  type RunnableRow,
} from './line-queries.ts';
import type { TaskRow } from './queries.ts';
import type { Place } from './turns.ts';

/** Beside the version: it says only where to look, and whoever moves the task looks anyway. */
export async function setHasLocks(tx: Tx, id: string, hasLocks: 0 | 1): Promise<void> {
  await tx.run(sql`update tasks set has_locks = ${hasLocks} where id = ${id}`);
}

/** What waits, may be handed out now and means to change paths, in the order in which it goes. */
export function listWithPaths(
  db: Db,
  { project, nowMs, limit }: Pick<QueuePage, 'project' | 'nowMs' | 'limit'>,
): Promise<TaskRow[]> {
  return db.all(sql`
    select * from tasks
    where project = ${project} and state = 'queued' and paths <> '[]'
      and available_at_ms <= ${nowMs}
    order by ${lineOrder} ${limitTo(limit)}`);
}

export async function insertTaskPath(
  tx: Tx,
  row: Pick<TaskRow, 'id' | 'project' | 'repository_id'>,
  base: string,
): Promise<void> {
  await tx.run(sql`
    insert into task_paths (project, repository_id, base, task_id)
    values (${row.project}, ${row.repository_id}, ${base}, ${row.id})
    on conflict (project, repository_id, base, task_id) do nothing`);
}

export async function deleteTaskPaths(tx: Tx, taskId: string): Promise<void> {
  await tx.run(sql`delete from task_paths where task_id = ${taskId}`);
}

/**
 * Of the tasks that may be handed out now, those in the same lane and repository that go before
 * this one and may overlap it: their bases are on the way up to its own, or below its folders.
 */
export function listBeforeOn(
  db: Db,
  row: RunnableRow,
  { bases, folders, nowMs }: Area & { nowMs: number },
): Promise<RunnableRow[]> {
  return db.all(sql`
    select ${runnableColumns} from tasks
    where id in (
      select p.task_id from task_paths p
      where p.project = ${row.project} and p.repository_id = ${row.repository_id}
        and (${liesOn({ bases, folders })}))
      and state = 'queued' and available_at_ms <= ${nowMs} and lane = ${row.lane}
      and ${place} < ${placeOf(row)}
    order by ${lineOrder}`);
}

export type WaitingOnRow = Pick<
  RunnableRow,
  keyof Place | 'needs' | 'trust' | 'paths' | 'repository_id'
>;

/** The tasks of a repository that may be handed out now and lie there. */
export function listWaitingOn(
  db: Db,
  where: Area & { project: string; repositoryId: string; nowMs: number },
): Promise<WaitingOnRow[]> {
  return db.all(sql`
    select id, level, turn, rank_ms, needs, trust, paths, repository_id from tasks
    where id in (
      select p.task_id from task_paths p
      where p.project = ${where.project} and p.repository_id = ${where.repositoryId}
        and (${liesOn(where)}))
      and state = 'queued' and available_at_ms <= ${where.nowMs}`);
}

function liesOn({ bases, folders }: Area): Sql {
  const on = bases.length === 0 ? [] : [sql`p.base in (${join(bases)})`];
  const below = folders.map((folder) =>
    folder === '' ? sql`true` : sql`(p.base >= ${`${folder}/`} and p.base < ${`${folder}0`})`,
  );
  return join([...on, ...below], ' or ');
}
