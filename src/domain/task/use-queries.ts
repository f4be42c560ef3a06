/** Where it is written what attempts and tasks have used: one statement a function. */
import { limits } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { limitTo, sql } from '../../store/sql.ts';
import type { AttemptRow } from './attempt-queries.ts';
import type { TaskRow } from './queries.ts';

/** The attempt that a fence was given to, in this project. */
export function findAttemptIn(
  db: Db,
  project: string,
  of: { taskId: string; fence: number },
): Promise<AttemptRow | undefined> {
  return db.get(sql`
    select a.* from attempts a join tasks t on t.id = a.task_id
    where a.task_id = ${of.taskId} and a.fence = ${of.fence} and t.project = ${project}`);
}

export async function saveUse(
  tx: Tx,
  row: Pick<AttemptRow, 'task_id' | 'number' | 'used' | 'tokens_used' | 'cost_micros_used'>,
): Promise<void> {
  await tx.run(sql`
    update attempts set used = ${row.used}, tokens_used = ${row.tokens_used},
      cost_micros_used = ${row.cost_micros_used}
    where task_id = ${row.task_id} and number = ${row.number}`);
}

const MOST = limits.budgetMost;

/** Beside the version: it moves nothing. As all counters of use, one that is full stays full. */
export async function addUse(
  tx: Tx,
  taskId: string,
  { tokens, costMicros }: { tokens: number; costMicros: number },
): Promise<void> {
  await tx.run(sql`
    update tasks set
      tokens_used = case when tokens_used > ${MOST - tokens} then ${MOST}
        else tokens_used + ${tokens} end,
      cost_micros_used = case when cost_micros_used > ${MOST - costMicros} then ${MOST}
        else cost_micros_used + ${costMicros} end
    where id = ${taskId}`);
}

export async function saveBounds(tx: Tx, row: TaskRow): Promise<void> {
  await tx.run(sql`
    update tasks set tokens_max = ${row.tokens_max}, cost_micros_max = ${row.cost_micros_max}
    where id = ${row.id}`);
}

/** Open tasks that may not spend as much as they like, the oldest first. */
export function listBounded(
  db: Db,
  page: { project: string; afterId: string; limit: number },
): Promise<TaskRow[]> {
  return db.all(sql`
    select * from tasks
    where project = ${page.project} and id > ${page.afterId} and ended_at_ms is null
      and (tokens_max is not null or cost_micros_max is not null)
    order by id ${limitTo(page.limit)}`);
}
