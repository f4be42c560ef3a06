/** How a task is written: one statement a function. */
import type { Tx } from '../../store/db.ts';
import { sql } from '../../store/sql.ts';
import type { TaskRow } from './queries.ts';

export async function insertTask(tx: Tx, row: TaskRow): Promise<void> {
  await tx.run(sql`
    insert into tasks (id, project, title, body, lane, state, reason, needs, prefers, trust,
      checks, paths, after_ids, on_needed_failure, parent_id, waits_for_children,
      concurrency_key, unique_key, is_unique_ever, repository_id, base_branch, submitter,
      submitter_key, agent, agent_key, preferred_key, attempt, attempts_max, fence, failures,
      failures_max, conflicts, timeout_ms, progress_timeout_ms, deadline_ms, last_failure,
      change_id, landed_commit, report, rank_ms, created_at_ms, available_at_ms, offered_at_ms,
      accepted_at_ms, started_at_ms, ended_at_ms, next_check_ms, tokens_max, cost_micros_max,
      has_locks, level, turn, version)
    values (${row.id}, ${row.project}, ${row.title}, ${row.body}, ${row.lane}, ${row.state},
      ${row.reason}, ${row.needs}, ${row.prefers}, ${row.trust}, ${row.checks}, ${row.paths},
      ${row.after_ids}, ${row.on_needed_failure}, ${row.parent_id}, ${row.waits_for_children},
      ${row.concurrency_key}, ${row.unique_key}, ${row.is_unique_ever}, ${row.repository_id},
      ${row.base_branch}, ${row.submitter}, ${row.submitter_key}, ${row.agent},
      ${row.agent_key}, ${row.preferred_key}, ${row.attempt}, ${row.attempts_max}, ${row.fence},
      ${row.failures}, ${row.failures_max}, ${row.conflicts}, ${row.timeout_ms},
      ${row.progress_timeout_ms}, ${row.deadline_ms}, ${row.last_failure}, ${row.change_id},
      ${row.landed_commit}, ${row.report}, ${row.rank_ms}, ${row.created_at_ms},
      ${row.available_at_ms}, ${row.offered_at_ms}, ${row.accepted_at_ms}, ${row.started_at_ms},
      ${row.ended_at_ms}, ${row.next_check_ms}, ${row.tokens_max}, ${row.cost_micros_max},
      ${row.has_locks}, ${row.level}, ${row.turn}, ${row.version})`);
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
      report = ${row.report}, rank_ms = ${row.rank_ms}, level = ${row.level}, turn = ${row.turn},
      available_at_ms = ${row.available_at_ms},
      offered_at_ms = ${row.offered_at_ms}, accepted_at_ms = ${row.accepted_at_ms},
      started_at_ms = ${row.started_at_ms}, ended_at_ms = ${row.ended_at_ms},
      next_check_ms = ${row.next_check_ms}, waits_for_children = ${row.waits_for_children},
      note = ${row.note}, blocked_by = ${row.blocked_by},
      progressed_at_ms = ${row.progressed_at_ms},
      version = ${row.version + 1}
    where id = ${row.id} and version = ${row.version}`);
  return changed === 1;
}

/**
 * The same for a task that goes on in the same hand. It leaves indexed columns alone: this is the
 * most frequent update.
 */
export async function advanceTask(tx: Tx, row: TaskRow): Promise<boolean> {
  const changed = await tx.run(sql`
    update tasks set state = ${row.state}, reason = ${row.reason},
      accepted_at_ms = ${row.accepted_at_ms}, started_at_ms = ${row.started_at_ms},
      version = ${row.version + 1}
    where id = ${row.id} and version = ${row.version}`);
  return changed === 1;
}

/** What its agent says of it, beside the version: it moves nothing. */
export async function saveProgress(tx: Tx, row: TaskRow): Promise<void> {
  await tx.run(sql`
    update tasks set note = ${row.note}, blocked_by = ${row.blocked_by},
      progressed_at_ms = ${row.progressed_at_ms}
    where id = ${row.id}`);
}

export async function dropDeadline(tx: Tx, id: string): Promise<void> {
  await tx.run(sql`update tasks set deadline_ms = null where id = ${id}`);
}
