/** Where tasks are: one statement a function. */
import type { Lane, Outcome, TaskState } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { join, limitTo, type Sql, sql } from '../../store/sql.ts';
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
  created_at_ms: number;
  available_at_ms: number;
  offered_at_ms: number | null;
  accepted_at_ms: number | null;
  started_at_ms: number | null;
  ended_at_ms: number | null;
  next_check_ms: number | null;
  /** 1 where it may hold locks or wait for some: only then they are looked for at its end. */
  has_locks: number;
  version: number;
}

/** A task with the location of its repository. */
export interface TaskWithRepository extends TaskRow {
  repository_url: string | null;
  repository_base: string | null;
}

export interface AttemptRow {
  task_id: string;
  number: number;
  fence: number;
  agent: string;
  offered_at_ms: number;
  accepted_at_ms: number | null;
  started_at_ms: number | null;
  ended_at_ms: number | null;
  outcome: Outcome | null;
  failure: string | null;
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

export interface TaskPage {
  project: string;
  beforeId: string;
  limit: number;
  state: TaskState | undefined;
  agentKey: string | undefined;
  repositoryId: string | undefined;
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

/** Which of the two indexes it stands in is said along, or neither would be used. */
function inState(state: TaskState): Sql {
  return isEnded(state)
    ? sql`t.state = ${state} and t.ended_at_ms is not null`
    : sql`t.state = ${state} and t.ended_at_ms is null`;
}

export interface QueuePage {
  project: string;
  nowMs: number;
  limit: number;
  afterRankMs: number;
  afterId: string;
}

export type RunnableRow = Pick<
  TaskRow,
  'id' | 'project' | 'rank_ms' | 'needs' | 'preferred_key' | 'paths' | 'repository_id' | 'lane'
>;

/** What waits and may be handed out now, in the order in which it goes. */
export function listRunnable(db: Db, page: QueuePage): Promise<RunnableRow[]> {
  return db.all(sql`
    select id, project, rank_ms, needs, preferred_key, paths, repository_id, lane from tasks
    where project = ${page.project} and state = 'queued' and available_at_ms <= ${page.nowMs}
      and (rank_ms, id) > (${page.afterRankMs}, ${page.afterId})
    order by rank_ms, id ${limitTo(page.limit)}`);
}

export function listDue(
  db: Db,
  nowMs: number,
  limit: number,
): Promise<Pick<TaskRow, 'id' | 'project'>[]> {
  return db.all(sql`
    select id, project from tasks where ended_at_ms is null and next_check_ms <= ${nowMs}
    order by next_check_ms ${limitTo(limit)}`);
}

export async function insertTask(tx: Tx, row: TaskRow): Promise<void> {
  await tx.run(sql`
    insert into tasks (id, project, title, body, lane, state, reason, needs, checks, paths,
      after_ids,
      repository_id, base_branch, submitter, agent, agent_key, preferred_key, attempt,
      attempts_max, fence,
      failures, failures_max, conflicts, timeout_ms, last_failure, change_id, landed_commit,
      report, rank_ms, created_at_ms, available_at_ms, offered_at_ms, accepted_at_ms,
      started_at_ms, ended_at_ms, next_check_ms, has_locks, version)
    values (${row.id}, ${row.project}, ${row.title}, ${row.body}, ${row.lane}, ${row.state},
      ${row.reason}, ${row.needs}, ${row.checks}, ${row.paths}, ${row.after_ids},
      ${row.repository_id},
      ${row.base_branch},
      ${row.submitter}, ${row.agent}, ${row.agent_key}, ${row.preferred_key}, ${row.attempt},
      ${row.attempts_max}, ${row.fence}, ${row.failures}, ${row.failures_max},
      ${row.conflicts}, ${row.timeout_ms},
      ${row.last_failure}, ${row.change_id}, ${row.landed_commit}, ${row.report}, ${row.rank_ms},
      ${row.created_at_ms}, ${row.available_at_ms}, ${row.offered_at_ms}, ${row.accepted_at_ms},
      ${row.started_at_ms}, ${row.ended_at_ms}, ${row.next_check_ms}, ${row.has_locks},
      ${row.version})`);
}

/**
 * Writes what may change of a task that was read at this version; false when it has moved since.
 */
export async function updateTask(tx: Tx, row: TaskRow): Promise<boolean> {
  const changed = await tx.run(sql`
    update tasks set state = ${row.state}, reason = ${row.reason}, agent = ${row.agent},
      agent_key = ${row.agent_key}, preferred_key = ${row.preferred_key},
      attempt = ${row.attempt}, attempts_max = ${row.attempts_max}, fence = ${row.fence},
      failures = ${row.failures},
      conflicts = ${row.conflicts}, last_failure = ${row.last_failure},
      change_id = ${row.change_id}, landed_commit = ${row.landed_commit},
      report = ${row.report}, rank_ms = ${row.rank_ms}, available_at_ms = ${row.available_at_ms},
      offered_at_ms = ${row.offered_at_ms}, accepted_at_ms = ${row.accepted_at_ms},
      started_at_ms = ${row.started_at_ms}, ended_at_ms = ${row.ended_at_ms},
      next_check_ms = ${row.next_check_ms}, version = ${row.version + 1}
    where id = ${row.id} and version = ${row.version}`);
  return changed === 1;
}

/** The same for a task that goes on in the same hand: touches no index, because it is the most. */
export async function advanceTask(tx: Tx, row: TaskRow): Promise<boolean> {
  const changed = await tx.run(sql`
    update tasks set state = ${row.state}, reason = ${row.reason},
      accepted_at_ms = ${row.accepted_at_ms}, started_at_ms = ${row.started_at_ms},
      version = ${row.version + 1}
    where id = ${row.id} and version = ${row.version}`);
  return changed === 1;
}

export async function nextFence(tx: Tx): Promise<number> {
  const row = await tx.get<{ fence: number }>(tx.dialect.nextFence);
  return row?.fence ?? 0;
}

export async function insertAttempt(tx: Tx, row: TaskRow): Promise<void> {
  await tx.run(sql`
    insert into attempts (task_id, number, fence, agent, offered_at_ms)
    values (${row.id}, ${row.attempt}, ${row.fence}, ${row.agent}, ${row.offered_at_ms})`);
}

export interface AttemptEnd {
  outcome: Outcome | null;
  failure: string | null;
  log: string | null;
  endedAtMs: number | null;
}

/** While an attempt goes on its times stand on the task; here they come to rest. */
export async function endAttempt(tx: Tx, row: TaskRow, end: AttemptEnd): Promise<void> {
  await tx.run(sql`
    update attempts set accepted_at_ms = ${row.accepted_at_ms},
      started_at_ms = ${row.started_at_ms}, ended_at_ms = ${end.endedAtMs},
      outcome = ${end.outcome}, failure = ${end.failure}, log = coalesce(${end.log}, log)
    where task_id = ${row.id} and number = ${row.attempt}`);
}

/** What became of a change that was handed in is the outcome of its attempt. */
export async function setOutcome(tx: Tx, row: TaskRow, end: OutcomeOfChange): Promise<void> {
  await tx.run(sql`
    update attempts set outcome = ${end.outcome}, failure = ${end.failure}
    where task_id = ${row.id} and number = ${end.attempt}`);
}

export interface OutcomeOfChange {
  attempt: number;
  outcome: Outcome;
  failure: string | null;
}

export function findAttemptByFence(
  db: Db,
  taskId: string,
  fence: number,
): Promise<AttemptRow | undefined> {
  return db.get(sql`select * from attempts where task_id = ${taskId} and fence = ${fence}`);
}

export function listAttempts(db: Db, taskId: string): Promise<AttemptRow[]> {
  return db.all(sql`
    select task_id, number, fence, agent, offered_at_ms, accepted_at_ms, started_at_ms,
      ended_at_ms, outcome, failure
    from attempts where task_id = ${taskId} order by number`);
}

export function findLog(
  db: Db,
  taskId: string,
  number: number,
): Promise<{ log: string | null } | undefined> {
  return db.get(sql`select log from attempts where task_id = ${taskId} and number = ${number}`);
}

export async function insertDependency(tx: Tx, taskId: string, neededId: string): Promise<void> {
  await tx.run(sql`
    insert into dependencies (task_id, needed_id) values (${taskId}, ${neededId})
    on conflict (task_id, needed_id) do nothing`);
}

export interface NeededRow {
  id: string;
  title: string;
  state: TaskState;
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

export interface OrphanRow {
  id: string;
  project: string;
  task_id: string;
  fence: number;
  agent: string;
  operation: string;
  input: string;
  at_ms: number;
}

export async function insertOrphan(tx: Tx, row: OrphanRow): Promise<void> {
  await tx.run(sql`
    insert into orphans (id, project, task_id, fence, agent, operation, input, at_ms)
    values (${row.id}, ${row.project}, ${row.task_id}, ${row.fence}, ${row.agent},
      ${row.operation}, ${row.input}, ${row.at_ms})`);
}

/** Time in which the hub was down counts against no offer. */
export async function rearmOffers(tx: Tx, nextCheckMs: number): Promise<void> {
  await tx.run(sql`
    update tasks set next_check_ms = ${nextCheckMs}
    where state = 'offered' and ended_at_ms is null and next_check_ms < ${nextCheckMs}`);
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

/**
 * What waits, may be handed out and declares no paths, by what it needs: for the gauge, which asks
 * in its own way.
 */
export function countRunnableByNeeds(
  db: Db,
  project: string,
  nowMs: number,
): Promise<{ needs: string; count: number }[]> {
  return db.all(sql`
    select needs, count(*) as count from tasks
    where project = ${project} and state = 'queued' and available_at_ms <= ${nowMs}
      and paths = '[]'
    group by needs`);
}
