/** Who waits in what order: one statement a function. */
import type { Db, Tx } from '../../store/db.ts';
import { limitTo, sql } from '../../store/sql.ts';
import type { TaskRow } from './queries.ts';

export interface QueuePage {
  project: string;
  submitterKey: string;
  nowMs: number;
  limit: number;
  afterRankMs: number;
  afterId: string;
}

/** Of a waiting task, what its place and its fitness are told by. */
export type RunnableRow = Pick<
  TaskRow,
  | 'id'
  | 'project'
  | 'rank_ms'
  | 'needs'
  | 'trust'
  | 'preferred_key'
  | 'paths'
  | 'repository_id'
  | 'lane'
  | 'submitter_key'
  | 'submitter'
  | 'concurrency_key'
  | 'parent_id'
>;

/** What one submitter has that may be handed out now, in the order in which it goes. */
export function listRunnable(db: Db, page: QueuePage): Promise<RunnableRow[]> {
  return db.all(sql`
    select id, project, rank_ms, needs, trust, preferred_key, paths, repository_id, lane,
      submitter_key, submitter, concurrency_key, parent_id
    from tasks
    where project = ${page.project} and submitter_key = ${page.submitterKey}
      and state = 'queued' and available_at_ms <= ${page.nowMs}
      and (rank_ms, id) > (${page.afterRankMs}, ${page.afterId})
    order by rank_ms, id ${limitTo(page.limit)}`);
}

/**
 * Where the line of a submitter begins, with the submitter's turn. `reached` is the place up to
 * which turns were given: who has not waited for long begins there.
 */
export interface HeadRow {
  submitter_key: string;
  rank_ms: number;
  pass: number;
  weight: number;
  reached: number;
}

/** Steps from submitter to submitter along the index, so it costs as much as there are of them. */
export async function listHeads(db: Db, project: string, nowMs: number): Promise<HeadRow[]> {
  const rows = await db.all<Omit<HeadRow, 'rank_ms'> & { rank_ms: number | null }>(sql`
    with recursive waiting (submitter_key) as (
      select min(submitter_key) from tasks where project = ${project} and state = 'queued'
      union all
      select (select min(t.submitter_key) from tasks t
        where t.project = ${project} and t.state = 'queued'
          and t.submitter_key > waiting.submitter_key)
      from waiting where waiting.submitter_key is not null)
    select waiting.submitter_key,
      (select q.rank_ms from tasks q
        where q.project = ${project} and q.submitter_key = waiting.submitter_key
          and q.state = 'queued' and q.available_at_ms <= ${nowMs}
        order by q.rank_ms, q.id limit 1) as rank_ms,
      coalesce(s.pass, 0) as pass, coalesce(s.weight, 1) as weight,
      coalesce((select pass from shares where project = ${project} and submitter_key = ''), 0)
        as reached
    from waiting
    left join shares s on s.project = ${project} and s.submitter_key = waiting.submitter_key
    where waiting.submitter_key is not null`);
  return rows.flatMap(({ rank_ms, ...row }) => (rank_ms === null ? [] : { ...row, rank_ms }));
}

export interface ShareRow {
  project: string;
  submitter_key: string;
  submitter: string;
  weight: number;
  pass: number;
}

/** Writes how far somebody's turns have gone; a weight that was set stays. */
export async function savePass(tx: Tx, row: ShareRow): Promise<void> {
  await tx.run(sql`
    insert into shares (project, submitter_key, submitter, weight, pass)
    values (${row.project}, ${row.submitter_key}, ${row.submitter}, ${row.weight}, ${row.pass})
    on conflict (project, submitter_key) do update set pass = excluded.pass`);
}

export async function saveWeight(tx: Tx, row: ShareRow): Promise<void> {
  await tx.run(sql`
    insert into shares (project, submitter_key, submitter, weight, pass)
    values (${row.project}, ${row.submitter_key}, ${row.submitter}, ${row.weight}, ${row.pass})
    on conflict (project, submitter_key) do update
      set weight = excluded.weight, submitter = excluded.submitter`);
}

export function listShares(
  db: Db,
  page: { project: string; afterKey: string; limit: number },
): Promise<ShareRow[]> {
  return db.all(sql`
    select * from shares
    where project = ${page.project} and submitter_key > ${page.afterKey}
    order by submitter_key ${limitTo(page.limit)}`);
}

/** A task that has the key now: in hand, or handed in and not landed yet. */
export function findKeyHolder(
  db: Db,
  project: string,
  key: string,
): Promise<{ id: string; title: string; state: string; agent: string | null } | undefined> {
  return db.get(sql`
    select id, title, state, agent from tasks
    where project = ${project} and concurrency_key = ${key} and ended_at_ms is null
      and (state = 'offered' or state = 'accepted' or state = 'running' or state = 'verifying')
    limit 1`);
}

/** The first of those that wait for the key. */
export function listWaitingForKey(
  db: Db,
  page: { project: string; key: string; nowMs: number; limit: number },
): Promise<TaskRow[]> {
  return db.all(sql`
    select * from tasks
    where project = ${page.project} and concurrency_key = ${page.key} and ended_at_ms is null
      and state = 'queued' and available_at_ms <= ${page.nowMs}
    order by rank_ms, id ${limitTo(page.limit)}`);
}

export interface RunnableKind {
  needs: string;
  trust: number;
  repository_id: string | null;
  count: number;
}

/**
 * What waits, may be handed out, declares no paths and is not kept back by its key, by what it asks
 * of an agent: for the gauge, which asks in its own way. What fell due only after `lookedAtMs` is
 * left to the next tick.
 */
export function countRunnable(
  db: Db,
  project: string,
  { nowMs, lookedAtMs }: { nowMs: number; lookedAtMs: number },
): Promise<RunnableKind[]> {
  return db.all(sql`
    select needs, trust, repository_id, count(*) as count from tasks t
    where project = ${project} and state = 'queued' and available_at_ms <= ${nowMs}
      and paths = '[]' and (next_check_ms > ${nowMs} or next_check_ms <= ${lookedAtMs})
      and (concurrency_key is null or not exists (
        select 1 from tasks h
        where h.project = t.project and h.concurrency_key = t.concurrency_key
          and h.ended_at_ms is null and h.state <> 'queued' and h.state <> 'blocked'))
    group by needs, trust, repository_id`);
}
