/**
 * When a task is looked at again: not after what may end it. What only an event can move is moved
 * by that event, and the look is the backstop. Pure.
 */
import { limits, type TaskState } from '../../contract/index.ts';
import { isEnded } from './lifecycle.ts';
import type { TaskRow } from './queries.ts';
import { levelOf, risesAtMs } from './turns.ts';

type Clocked = Pick<
  TaskRow,
  | 'state'
  | 'level'
  | 'turn'
  | 'rank_ms'
  | 'deadline_ms'
  | 'progress_timeout_ms'
  | 'progressed_at_ms'
  | 'started_at_ms'
  | 'accepted_at_ms'
>;

/** Nothing that is in an agent's hand or waits for one is looked at later than its deadline. */
export function beforeDeadline(row: Pick<TaskRow, 'deadline_ms'>, lookMs: number): number {
  return row.deadline_ms === null ? lookMs : Math.min(lookMs, row.deadline_ms);
}

type Entering = Pick<TaskRow, 'level' | 'turn' | 'rank_ms' | 'deadline_ms' | 'on_needed_failure'>;

interface Times {
  nowMs: number;
  availableAtMs: number;
}

/** When a task that comes into this state is looked at first; null where it has ended. */
export function nextCheckMs(row: Entering, state: TaskState, times: Times): number | null {
  if (isEnded(state)) return null;
  const lookMs = firstLookMs(row, state, times);
  return state === 'verifying' ? lookMs : beforeDeadline(row, lookMs);
}

function firstLookMs(row: Entering, state: TaskState, { nowMs, availableAtMs }: Times): number {
  switch (state) {
    case 'offered':
      return nowMs + limits.offerMs;
    case 'queued':
      return availableAtMs > nowMs ? availableAtMs : waitingLookMs(row, nowMs);
    case 'blocked': {
      // What it needs may have failed before it came, and then it ends with that.
      const mayEnd = row.on_needed_failure === 'cancel';
      return nowMs + (mayEnd ? limits.recheckMs : limits.waitingRecheckMs);
    }
    default:
      return nowMs + limits.recheckMs;
  }
}

/** An event moves what waits in line; but it is time that brings it into the next level. */
function waitingLookMs(row: Pick<TaskRow, 'level' | 'turn' | 'rank_ms'>, nowMs: number): number {
  const level = row.turn === null ? levelOf(row.rank_ms, nowMs) : row.level;
  const risesMs = risesAtMs(row.rank_ms, level) ?? Number.POSITIVE_INFINITY;
  return Math.min(nowMs + limits.waitingRecheckMs, risesMs);
}

/** Until when its agent may be silent; null where it may be for ever. */
export function silentUntilMs(row: Clocked): number | null {
  const { progress_timeout_ms: timeoutMs, started_at_ms: startedMs } = row;
  const sinceMs = row.progressed_at_ms ?? startedMs ?? row.accepted_at_ms;
  return timeoutMs === null || sinceMs === null ? null : sinceMs + timeoutMs;
}

/** When it is looked at again; what is handed in already is not stopped by its deadline. */
export function nextLookMs(row: Clocked, nowMs: number): number {
  const lookMs = nextOfState(row, nowMs);
  return row.state === 'verifying' ? lookMs : beforeDeadline(row, lookMs);
}

function nextOfState(row: Clocked, nowMs: number): number {
  if (row.state === 'queued') return waitingLookMs(row, nowMs);
  if (row.state === 'blocked') return nowMs + limits.waitingRecheckMs;
  return Math.min(nowMs + limits.recheckMs, silentUntilMs(row) ?? Number.POSITIVE_INFINITY);
}
