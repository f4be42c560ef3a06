/** What waits, over all submitters: one statement a function. */
import type { Lane } from '../../contract/index.ts';
import type { Db } from '../../store/db.ts';
import { limitTo, sql } from '../../store/sql.ts';
import { lineOrder } from './line-queries.ts';

export interface LaneRow {
  lane: Lane;
  ready: number;
  later: number;
  blocked: number;
  since_ms: number | null;
}

export function countLanes(db: Db, project: string, nowMs: number): Promise<LaneRow[]> {
  return db.all(sql`
    select lane,
      sum(case when state = 'queued' and available_at_ms <= ${nowMs} then 1 else 0 end) as ready,
      sum(case when state = 'queued' and available_at_ms > ${nowMs} then 1 else 0 end) as later,
      sum(case when state = 'blocked' then 1 else 0 end) as blocked,
      min(case when state = 'queued' and available_at_ms <= ${nowMs}
        then available_at_ms end) as since_ms
    from tasks
    where project = ${project} and ended_at_ms is null
      and (state = 'queued' or state = 'blocked')
    group by lane`);
}

export interface WaitingRow {
  id: string;
  title: string;
  lane: Lane;
  available_at_ms: number;
}

export function listFirst(
  db: Db,
  page: { project: string; nowMs: number; limit: number },
): Promise<WaitingRow[]> {
  return db.all(sql`
    select id, title, lane, available_at_ms from tasks
    where project = ${page.project} and state = 'queued' and available_at_ms <= ${page.nowMs}
    order by ${lineOrder} ${limitTo(page.limit)}`);
}
