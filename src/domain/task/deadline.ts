/** When a task is looked at again: not after what may end it. Pure. */
import { limits, type TaskState } from '../../contract/index.ts';
import { isEnded } from './lifecycle.ts';
import type { TaskRow } from './queries.ts';
import { risesAtMs } from './turns.ts';

type Clocked = Pick<
  TaskRow,
  | 'state'
  | 'level'
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

/** When a task that comes into this state is looked at first; null where it has ended. */
export function nextCheckMs(
  row: Pick<TaskRow, 'deadline_ms'>,
  state: TaskState,
  { nowMs, availableAtMs }: { nowMs: number; availableAtMs: number },
): number | null {
  if (isEnded(state)) return null;
  if (state === 'verifying') return nowMs + limits.recheckMs;
  if (state === 'offered') return beforeDeadline(row, nowMs + limits.offerMs);
  const isLater = state === 'queued' && availableAtMs > nowMs;
  return beforeDeadline(row, isLater ? availableAtMs : nowMs + limits.recheckMs);
}

/** Until when its agent may be silent; null where it may be for ever. */
export function silentUntilMs(row: Clocked): number | null {
  const { progress_timeout_ms: timeoutMs, started_at_ms: startedMs } = row;
  const sinceMs = row.progressed_at_ms ?? startedMs ?? row.accepted_at_ms;
  return timeoutMs === null || sinceMs === null ? null : sinceMs + timeoutMs;
}

export function nextLookMs(row: Clocked, nowMs: number): number {
  const silentMs = silentUntilMs(row) ?? Number.POSITIVE_INFINITY;
  const risesMs = risesAtMs(row.rank_ms, row.level) ?? Number.POSITIVE_INFINITY;
  const dueMs = row.state === 'queued' ? risesMs : silentMs;
  return beforeDeadline(row, Math.min(nowMs + limits.recheckMs, dueMs));
}
