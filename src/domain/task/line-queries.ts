/** Who waits in what order: one statement a function. */
import type { Db } from '../../store/db.ts';
import { join, limitTo, type Sql, sql } from '../../store/sql.ts';
import type { TaskRow } from './queries.ts';
import type { Place } from './turns.ts';

/** Of a waiting task, what its place and its fitness are told by. */
export type RunnableRow = Pick<
  TaskRow,
  | 'id'
  | 'project'
  | 'level'
  | 'turn'
  | 'rank_ms'
  | 'submitter_key'
  | 'needs'
  | 'trust'
  | 'preferred_key'
  | 'paths'
  | 'repository_id'
  | 'lane'
  | 'concurrency_key'
  | 'parent_id'
>;

export const runnableColumns = sql`id, project, level, turn, rank_ms, submitter_key, needs, trust,
  preferred_key, paths, repository_id, lane, concurrency_key, parent_id`;

export interface QueuePage {
  project: string;
  nowMs: number;
  limit: number;
  after: Place;
}

/** What a task asks of an agent. Tasks that ask the same are of one kind. */
export type TaskKind = Pick<TaskRow, 'needs' | 'trust' | 'repository_id'>;

export function nameOfKind({ needs, trust, repository_id: repositoryId }: TaskKind): string {
  return JSON.stringify([needs, trust, repositoryId]);
}

/** What may be handed out now, in the order in which it goes. */
export function listRunnable(db: Db, page: QueuePage): Promise<RunnableRow[]> {
  return db.all(sql`
    select ${runnableColumns} from tasks where ${isInLine(page)}
    order by ${lineOrder} ${limitTo(page.limit)}`);
}

/** The same without these kinds, and without what is kept back by its key. */
export function listRunnableBut(
  db: Db,
  page: QueuePage,
  kinds: readonly TaskKind[],
): Promise<RunnableRow[]> {
  const [first] = kinds;
  const isWanted = first === undefined ? sql`true` : sql`not ${isOneOf(kinds, first)}`;
  return db.all(sql`
    select ${runnableColumns} from tasks
    where ${isInLine(page)} and ${isWanted} and ${hasFreeKey(page.project)}
    order by ${lineOrder} ${limitTo(page.limit)}`);
}

function isInLine({ project, nowMs, after }: QueuePage): Sql {
  return sql`project = ${project} and state = 'queued' and available_at_ms <= ${nowMs}
    and turn is not null and ${place} > ${placeOf(after)}`;
}

/** The first is repeated up to a power of two, so that there are few texts of this statement. */
function isOneOf(kinds: readonly TaskKind[], first: TaskKind): Sql {
  const count = 2 ** Math.ceil(Math.log2(kinds.length));
  const each = Array.from({ length: count }, (_, at) => valuesOf(kinds[at] ?? first));
  return sql`(needs, trust, coalesce(repository_id, '')) in (values ${join(each)})`;
}

function valuesOf({ needs, trust, repository_id: repositoryId }: TaskKind): Sql {
  return sql`(${needs}, cast(${trust} as bigint), ${repositoryId ?? ''})`;
}

/** No task that has its key is in hand, or handed in and not landed yet. */
function hasFreeKey(project: string): Sql {
  return sql`(concurrency_key is null or concurrency_key not in (
    select h.concurrency_key from tasks h
    where h.project = ${project} and h.concurrency_key is not null and h.ended_at_ms is null
      and (h.state = 'offered' or h.state = 'accepted' or h.state = 'running'
        or h.state = 'verifying')))`;
}

/** The order of the line, for statements: see `byPlace`. */
export const lineOrder = sql`level, turn, rank_ms, id`;
export const place = sql`(${lineOrder})`;

export function placeOf({ level, turn, rank_ms: rankMs, id }: Place): Sql {
  return sql`(${level}, ${turn}, ${rankMs}, ${id})`;
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

/** Those that wait for the key, in the order in which they go. */
export function listWaitingForKey(
  db: Db,
  page: QueuePage & { key: string },
): Promise<RunnableRow[]> {
  return db.all(sql`
    select ${runnableColumns} from tasks
    where project = ${page.project} and concurrency_key = ${page.key} and ended_at_ms is null
      and state = 'queued' and available_at_ms <= ${page.nowMs}
      and turn is not null and ${place} > ${placeOf(page.after)}
    order by ${lineOrder} ${limitTo(page.limit)}`);
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
