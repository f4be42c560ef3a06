/** Attempts, and what came of them too late: one statement a function. */
import type { Outcome } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { sql } from '../../store/sql.ts';
import type { TaskRow } from './queries.ts';

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
  /** JSON of what it has used in all. */
  used: string | null;
  tokens_used: number;
  cost_micros_used: number;
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

/** Whoever was presumed gone is not: its attempt goes on. */
export async function reopenAttempt(tx: Tx, row: TaskRow): Promise<void> {
  await tx.run(sql`
    update attempts set ended_at_ms = null, outcome = null, failure = null
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
      ended_at_ms, outcome, failure, used, tokens_used, cost_micros_used
    from attempts where task_id = ${taskId} order by number`);
}

export function findLog(
  db: Db,
  taskId: string,
  number: number,
): Promise<{ log: string | null } | undefined> {
  return db.get(sql`select log from attempts where task_id = ${taskId} and number = ${number}`);
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

/** Those of an attempt, and of these the ones that say what this one says. */
export async function countOrphans(
  db: Db,
  { task_id: taskId, fence, operation, input }: OrphanRow,
): Promise<{ all: number; same: number }> {
  const row = await db.get<{ kept: number; same: number }>(sql`
    select count(*) as kept,
      count(case when operation = ${operation} and input = ${input} then 1 end) as same
    from orphans where task_id = ${taskId} and fence = ${fence}`);
  return { all: row?.kept ?? 0, same: row?.same ?? 0 };
}

export async function insertOrphan(tx: Tx, row: OrphanRow): Promise<void> {
  await tx.run(sql`
    insert into orphans (id, project, task_id, fence, agent, operation, input, at_ms)
    values (${row.id}, ${row.project}, ${row.task_id}, ${row.fence}, ${row.agent},
      ${row.operation}, ${row.input}, ${row.at_ms})`);
}
