/**
 * Carries out what the life cycle has decided: the row, its attempt, the agent's hand and the
 * event, in one transaction.
 */
import { type EventData, limits } from '../../contract/index.ts';
import { backoffMs } from '../../core/backoff.ts';
import { freeAgent } from '../agent/index.ts';
import { type CommandContext, record } from '../event/index.ts';
import { endAttempt, reopenAttempt } from './attempt-queries.ts';
import { nextCheckMs } from './next-check.ts';
import { writeTask } from './facts.ts';
import { matchKey, matchPaths } from './freed.ts';
import { inHand, isEnded, type Verdict } from './lifecycle.ts';
import { endHolding, isHolding, resumeIntents, withdrawIntents } from './locks.ts';
import type { TaskRow } from './queries.ts';
import { learn } from './records.ts';
import { advanceTask, updateTask } from './write-queries.ts';

export type Move = Extract<Verdict, { is: 'move' }>;

export interface MoveDetails {
  reason?: string | null;
  /** What the next attempt should know. */
  failure?: string;
  log?: string;
  fields?: Partial<TaskRow>;
}

export async function moveTask(
  context: CommandContext,
  row: TaskRow,
  move: Move & MoveDetails,
): Promise<TaskRow> {
  const next = rowAfter(context, row, move);
  const goesOn = inHand.includes(row.state) && inHand.includes(next.state);
  // Its next look comes when the offer would have lapsed, and finds it in hand.
  if (goesOn) next.next_check_ms = row.next_check_ms;
  await writeTask(context, next, goesOn ? advanceTask : updateTask);
  if (move.outcome !== null && row.attempt > 0) await closeAttempt(context, next, move);
  if (move.to === 'done') await learn(context, row, 'succeeded');
  if (move.counts === 'failure') await learn(context, row, 'failed');
  if (row.agent_key !== null && inHand.includes(row.state) && !inHand.includes(next.state)) {
    const { nowMs, actor } = context;
    const { outcome } = move;
    const freed = { project: actor.project, key: row.agent_key, taskId: row.id, outcome, nowMs };
    await freeAgent(context.tx, freed);
  }
  await recordMove(context, next, { ...move, holderKey: row.agent_key });
  const moved = { ...next, version: row.version + 1 };
  if (row.state === 'queued' && inHand.includes(next.state)) {
    await reopenAttempt(context.tx, moved);
    await resumeIntents(context, moved);
  }
  await letGo(context, row, moved);
  return moved;
}

/**
 * What it held beside its agent's hand, its key and its paths, is for others now, and for itself if
 * it is its turn; and so are paths for which it waited before others. So a task that has either may
 * have moved on when this is over. Its agent waits for nothing in particular: whoever has moved the
 * task gives it the next one in line.
 */
async function letGo(context: CommandContext, row: TaskRow, moved: TaskRow): Promise<void> {
  if (isHolding(moved.state)) return;
  if (isEnded(moved.state)) await withdrawIntents(context, moved);
  const { concurrency_key: key, agent_key: but } = row;
  if (key !== null && isHolding(row.state)) await matchKey(context, { key, but });
  if (row.state === 'blocked') return;
  await matchPaths(context, { freed: await endHolding(context, moved), but });
}

async function closeAttempt(
  context: CommandContext,
  next: TaskRow,
  move: Move & MoveDetails,
): Promise<void> {
  await endAttempt(context.tx, next, {
    outcome: move.outcome,
    failure: move.failure ?? null,
    log: move.log ?? null,
    endedAtMs: context.nowMs,
  });
}

function rowAfter(context: CommandContext, row: TaskRow, move: Move & MoveDetails): TaskRow {
  const { nowMs } = context;
  const failures = row.failures + (move.counts === 'failure' ? 1 : 0);
  const conflicts = row.conflicts + (move.counts === 'conflict' ? 1 : 0);
  const againMs =
    move.to === 'queued' ? nowMs + delayMs(context, move, failures) : row.available_at_ms;
  const availableAtMs = move.fields?.available_at_ms ?? againMs;
  const isPresumed = move.outcome === 'lapsed' || move.outcome === 'lost';
  const isKept = inHand.includes(move.to) || move.to === 'verifying' || isPresumed;
  const next: TaskRow = {
    ...row,
    state: move.to,
    reason: move.reason ?? null,
    failures,
    conflicts,
    agent: isKept || isEnded(move.to) ? row.agent : null,
    agent_key: isKept ? row.agent_key : null,
    last_failure: move.failure ?? row.last_failure,
    available_at_ms: availableAtMs,
    accepted_at_ms: acceptedAtMs(row, move.to, nowMs),
    started_at_ms: move.to === 'running' ? nowMs : row.started_at_ms,
    ended_at_ms: isEnded(move.to) ? nowMs : null,
    next_check_ms: nextCheckMs({ ...row, ...move.fields }, move.to, { nowMs, availableAtMs }),
    ...move.fields,
  };
  return next;
}

/** Who begins without another word has accepted it by that. */
function acceptedAtMs(row: TaskRow, to: TaskRow['state'], nowMs: number): number | null {
  const isFirstWord = to === 'running' && row.accepted_at_ms === null;
  return to === 'accepted' || isFirstWord ? nowMs : row.accepted_at_ms;
}

/** What an agent did wrong waits longer each time; what was no fault of anybody goes on at once. */
function delayMs(context: CommandContext, move: Move, failures: number): number {
  const backoff = { firstMs: limits.retryFirstMs, mostMs: limits.retryMostMs };
  if (move.counts === 'failure') return backoffMs(backoff, failures, context.random.fraction());
  return move.outcome === 'released' ? limits.retryFirstMs : 0;
}

type RecordedMove = Move & MoveDetails & { holderKey: string | null };

async function recordMove(
  context: CommandContext,
  row: TaskRow,
  move: RecordedMove,
): Promise<void> {
  const data: EventData = {};
  if (row.attempt > 0) data.attempt = row.attempt;
  if (row.agent !== null) data.agent = row.agent;
  if (inHand.includes(row.state)) data.fence = row.fence;
  if (move.outcome !== null) data.outcome = move.outcome;
  if (move.reason !== undefined && move.reason !== null) data.reason = shorten(move.reason);
  if (row.state === 'queued' && row.available_at_ms > context.nowMs) {
    data.availableAtMs = row.available_at_ms;
  }
  await record(context, {
    type: `task.${row.state}`,
    subject: row.id,
    audience: audienceOf(row, move),
    data,
  });
}

/** How an attempt ends of which its agent may not know. */
const TAKEN: ReadonlySet<string> = new Set(['cancelled', 'lapsed', 'stalled', 'over_budget']);

/** The agent in whose hand it is, or from whose hand it was taken. */
function audienceOf(row: TaskRow, move: RecordedMove): string | null {
  if (inHand.includes(row.state)) return row.agent_key;
  const { outcome } = move;
  const isTaken = TAKEN.has(outcome ?? '');
  return isTaken ? move.holderKey : null;
}

export function shorten(text: string, charsMax = 500): string {
  return text.length <= charsMax ? text : `${text.slice(0, charsMax - 1)}…`;
}
