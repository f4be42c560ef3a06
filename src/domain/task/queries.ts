/** Where tasks are: one statement a function. */
import type { Lane, OnNeededFailure, TaskState } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { join, limitTo, sql, type Sql } from '../../store/sql.ts';
import { isEnded } from './lifecycle.ts';

export interface TaskRow {
  id: string;
  project: string;
  title: string;
  body: string;
  lane: Lane;
  state: TaskState;
  reason: string | null;
  /** JSON list. */
  needs: string;
  /** JSON list. */
  checks: string;
  /** JSON list of patterns: what it means to change. */
  paths: string;
  /** JSON list of the tasks that must be done first. */
  after_ids: string;
  repository_id: string | null;
  base_branch: string | null;
  submitter: string;
  submitter_key: string;
  /** JSON list. */
  prefers: string;
  trust: number;
  concurrency_key: string | null;
  unique_key: string | null;
  /** 1 where its unique key stays taken when it has ended. */
  is_unique_ever: number;
  deadline_ms: number | null;
  on_needed_failure: OnNeededFailure;
  parent_id: string | null;
  /** 1 where it was given back until its children have ended. */
  waits_for_children: number;
  progress_timeout_ms: number | null;
  /** What the agent of its present attempt said last. */
  note: string | null;
  blocked_by: string | null;
  progressed_at_ms: number | null;
  /** Who holds it, or held it last and is only presumed gone. */
  agent: string | null;
  agent_key: string | null;
  preferred_key: string | null;
  attempt: number;
  attempts_max: number;
  fence: number;
  failures: number;
  failures_max: number;
  conflicts: number;
  timeout_ms: number;
  last_failure: string | null;
  change_id: string | null;
  landed_commit: string | null;
  report: string | null;
  rank_ms: number;
  /** Where it stands in line; without a turn it is in none. */
  level: number;
  turn: number | null;
  created_at_ms: number;
  available_at_ms: number;
  offered_at_ms: number | null;
  accepted_at_ms: number | null;
  started_at_ms: number | null;
  ended_at_ms: number | null;
  next_check_ms: number | null;
  /** What all its attempts together may spend, and have. */
  tokens_max: number | null;
  cost_micros_max: number | null;
  tokens_used: number;
  cost_micros_used: number;
  /** 1 where it may hold locks or wait for some: only then they are looked for at its end. */
  has_locks: number;
  version: number;
}

/** A task with the location of its repository. */
export interface TaskWithRepository extends TaskRow {
  repository_url: string | null;
  repository_base: string | null;
}

export function findTask(tx: Tx, project: string, id: string): Promise<TaskRow | undefined> {
  return tx.get(
    sql`select * from tasks where id = ${id} and project = ${project} ${tx.dialect.forUpdate}`,
  );
}

export function findTaskWithRepository(
  db: Db,
  project: string,
  id: string,
): Promise<TaskWithRepository | undefined> {
  return db.get(sql`
    select t.*, r.url as repository_url, r.base_branch as repository_base
    from tasks t left join repositories r on r.id = t.repository_id
    where t.id = ${id} and t.project = ${project}`);
}

/** The task that has a unique key now. */
export function findByUniqueKey(
  tx: Tx,
  project: string,
  key: string,
): Promise<TaskRow | undefined> {
  return tx.get(sql`
    select * from tasks
    where project = ${project} and unique_key = ${key}
      and (ended_at_ms is null or is_unique_ever = 1)`);
}

export interface TaskPage {
  project: string;
  beforeId: string;
  limit: number;
  state: TaskState | undefined;
  agentKey: string | undefined;
  repositoryId: string | undefined;
  parentId: string | undefined;
}

/** A page ends with the task that brings its texts over this, so that no answer is vast. */
const PAGE_BYTES = 1_000_000;

export interface ListedTasks {
  rows: TaskWithRepository[];
  isMore: boolean;
}

/** Newest first. */
export async function listTasks(db: Db, page: TaskPage): Promise<ListedTasks> {
  const narrowed = [
    page.state === undefined ? undefined : inState(page.state),
    page.agentKey === undefined ? undefined : sql`t.agent_key = ${page.agentKey}`,
    page.repositoryId === undefined ? undefined : sql`t.repository_id = ${page.repositoryId}`,
    page.parentId === undefined ? undefined : sql`t.parent_id = ${page.parentId}`,
  ].filter((condition) => condition !== undefined);
  const conditions = join(
    [sql`t.project = ${page.project}`, sql`t.id < ${page.beforeId}`, ...narrowed],
    ' and ',
  );
  const sized = await db.all<{ id: string; bytes: number }>(sql`
    select t.id, octet_length(t.body) + octet_length(t.checks) as bytes
    from tasks t where ${conditions} order by t.id desc ${limitTo(page.limit)}`);
  const last = lastOfPage(sized);
  if (last === undefined) return { rows: [], isMore: false };
  const rows = await db.all<TaskWithRepository>(sql`
    select t.*, r.url as repository_url, r.base_branch as repository_base
    from tasks t left join repositories r on r.id = t.repository_id
    where ${conditions} and t.id >= ${last} order by t.id desc ${limitTo(page.limit)}`);
  return { rows, isMore: sized.length === page.limit || last !== sized.at(-1)?.id };
}

function lastOfPage(sized: { id: string; bytes: number }[]): string | undefined {
  let bytes = 0;
  return (sized.find((task) => (bytes += task.bytes) >= PAGE_BYTES) ?? sized.at(-1))?.id;
}

/** Repeats the partial index's condition; otherwise the planner uses neither index. */
function inState(state: TaskState): Sql {
  return isEnded(state)
    ? sql`t.state = ${state} and t.ended_at_ms is not null`
    : sql`t.state = ${state} and t.ended_at_ms is null`;
}

export function listDue(
  db: Db,
  nowMs: number,
  limit: number,
): Promise<Pick<TaskRow, 'id' | 'project'>[]> {
  return db.all(sql`
    select id, project from tasks where ended_at_ms is null and next_check_ms <= ${nowMs}
    order by next_check_ms, rank_ms, id ${limitTo(limit)}`);
}

export async function nextFence(tx: Tx): Promise<number> {
  const row = await tx.get<{ fence: number }>(tx.dialect.nextFence);
  return row?.fence ?? 0;
}

/** Time in which the hub was down counts against no offer. */
export async function rearmOffers(tx: Tx, nextCheckMs: number): Promise<void> {
  await tx.run(sql`
    update tasks set next_check_ms = ${nextCheckMs}
    where state = 'offered' and ended_at_ms is null and next_check_ms < ${nextCheckMs}`);
}

/** Nor against the silence of an agent, which had nobody to speak to. */
export async function rearmSilence(tx: Tx, nowMs: number): Promise<void> {
  await tx.run(sql`
    update tasks set progressed_at_ms = ${nowMs}
    where state in ('accepted', 'running') and ended_at_ms is null
      and progress_timeout_ms is not null`);
}

/** Of what has ended and of what is open: each has an index of its own. */
export function countByState(
  db: Db,
  project: string,
): Promise<{ state: TaskState; count: number }[]> {
  return db.all(sql`
    select state, count(*) as count from tasks
    where project = ${project} and ended_at_ms is not null group by state
    union all
    select state, count(*) as count from tasks
    where project = ${project} and ended_at_ms is null group by state`);
}

export function findOldestQueued(
  db: Db,
  project: string,
): Promise<{ created_at_ms: number } | undefined> {
  return db.get(sql`
    select created_at_ms from tasks where project = ${project} and state = 'queued'
    order by id limit 1`);
}
