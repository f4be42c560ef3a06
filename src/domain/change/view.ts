/** Rows as the contract shows them. */
import { type Change, Tier } from '../../contract/index.ts';
import { parseList } from '../task/index.ts';
import type { ChangeWithRepository } from './queries.ts';

export function toChange(row: ChangeWithRepository): Change {
  return {
    id: row.id,
    taskId: row.task_id,
    attempt: row.attempt,
    fence: row.fence,
    repository: { id: row.repository_id, url: row.repository_url },
    baseBranch: row.base_branch,
    author: row.author,
    branch: row.branch,
    baseCommit: row.base_commit,
    headCommit: row.head_commit,
    state: row.state,
    reason: row.reason,
    tier: row.tier === null ? null : Tier.parse(row.tier),
    rules: parseList(row.rules),
    testedCommit: row.tested_commit,
    testedBase: row.tested_base,
    landedCommit: row.landed_commit,
    verifier: row.verifier,
    approvedBy: row.approved_by,
    createdAtMs: row.created_at_ms,
    endedAtMs: row.ended_at_ms,
    nextCheckMs: row.next_check_ms,
  };
}
