/** Rows as the contract shows them. */
import { z } from 'zod';
import { type Attempt, type Output, type Task, Use } from '../../contract/index.ts';
import type { AttemptRow } from './attempt-queries.ts';
import type { TaskRow, TaskWithRepository } from './queries.ts';

const List = z.array(z.string());

export function parseList(json: string): string[] {
  return json === '[]' ? [] : List.parse(JSON.parse(json));
}

export function toTask(row: TaskWithRepository): Task {
  return {
    id: row.id,
    title: row.title,
    body: row.body,
    lane: row.lane,
    state: row.state,
    reason: row.reason,
    needs: parseList(row.needs),
    prefers: parseList(row.prefers),
    trust: row.trust,
    concurrencyKey: row.concurrency_key,
    uniqueKey: row.unique_key,
    checks: parseList(row.checks),
    paths: parseList(row.paths),
    after: parseList(row.after_ids),
    onNeededFailure: row.on_needed_failure,
    parent: row.parent_id,
    repository:
      row.repository_id === null
        ? null
        : {
            id: row.repository_id,
            url: row.repository_url ?? '',
            baseBranch: row.base_branch ?? row.repository_base,
          },
    submitter: row.submitter,
    agent: row.agent,
    attempt: row.attempt,
    fence: row.fence,
    failures: row.failures,
    failuresMax: row.failures_max,
    conflicts: row.conflicts,
    timeoutMs: row.timeout_ms,
    progressTimeoutMs: row.progress_timeout_ms,
    deadlineMs: row.deadline_ms,
    note: row.note,
    blockedBy: row.blocked_by,
    progressedAtMs: row.progressed_at_ms,
    budget: toBounds(row),
    used: { tokens: row.tokens_used, costMicros: row.cost_micros_used },
    changeId: row.change_id,
    landedCommit: row.landed_commit,
    report: row.report,
    createdAtMs: row.created_at_ms,
    availableAtMs: row.available_at_ms,
    endedAtMs: row.ended_at_ms,
    nextCheckMs: row.next_check_ms,
  };
}

function toBounds({
  tokens_max: tokensMax,
  cost_micros_max: costMicrosMax,
}: TaskRow): Task['budget'] {
  return tokensMax === null && costMicrosMax === null ? null : { tokensMax, costMicrosMax };
}

export function toProgress(row: TaskRow): Output<'task.start'> {
  return { id: row.id, state: row.state, fence: row.fence };
}

/** The times of an attempt that goes on stand on its task. */
export function toAttempt(row: AttemptRow, task: TaskRow): Attempt {
  const isCurrent = row.number === task.attempt && row.ended_at_ms === null;
  return {
    number: row.number,
    fence: row.fence,
    agent: row.agent,
    offeredAtMs: row.offered_at_ms,
    acceptedAtMs: isCurrent ? task.accepted_at_ms : row.accepted_at_ms,
    startedAtMs: isCurrent ? task.started_at_ms : row.started_at_ms,
    endedAtMs: row.ended_at_ms,
    outcome: row.outcome,
    failure: row.failure,
    use: row.used === null ? null : Use.parse(JSON.parse(row.used)),
  };
}
