/** Where tasks are that mean to change paths: one statement a function. */
import type { Db, Tx } from '../../store/db.ts';
import { limitTo, sql } from '../../store/sql.ts';
import type { QueuePage, RunnableRow } from './line-queries.ts';
import type { TaskRow } from './queries.ts';

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
    order by rank_ms, id ${limitTo(limit)}`);
}

/** Those of them in the same lane and repository that go before this one. */
export function listWithPathsBefore(
  db: Db,
  row: RunnableRow,
  { nowMs, limit }: Pick<QueuePage, 'nowMs' | 'limit'>,
): Promise<RunnableRow[]> {
  return db.all(sql`
    select id, project, rank_ms, needs, trust, preferred_key, paths, repository_id, lane,
      submitter_key, submitter, concurrency_key, parent_id
    from tasks
    where project = ${row.project} and state = 'queued' and paths <> '[]'
      and available_at_ms <= ${nowMs} and lane = ${row.lane}
      and repository_id = ${row.repository_id} and (rank_ms, id) < (${row.rank_ms}, ${row.id})
    order by rank_ms, id ${limitTo(limit)}`);
}
