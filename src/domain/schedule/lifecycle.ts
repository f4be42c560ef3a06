/** What becomes of a schedule whose time has come. Pure. */
import { limits, type MissedRule, type Overlap } from '../../contract/index.ts';
import { countTimes, nextTimeMs, type Times } from './cron.ts';

export interface Due extends Times {
  overlap: Overlap;
  missedRule: MissedRule;
  /** The time that has come. */
  dueMs: number;
  nowMs: number;
  /** The task of the run before, where it has not ended. */
  openTaskId: string | null;
}

/** `missed`: times, up to now, that neither run nor are skipped. */
export type Verdict =
  | { do: 'run'; missed: number }
  | { do: 'skip'; missed: number; openTaskId: string }
  | { do: 'miss'; missed: number };

/**
 * One run at most, however many times have passed: the last of them, if the hub is not too late for
 * it, or one that makes up for all.
 */
export function decideDue(due: Due): Verdict {
  const { dueMs, nowMs, overlap, missedRule, openTaskId } = due;
  const countMax = limits.scheduleMissedCounted;
  const more = countTimes(due, { afterMs: dueMs, untilMs: nowMs, countMax });
  if (missedRule === 'none' && !isInTime(due)) return { do: 'miss', missed: more + 1 };
  if (overlap === 'skip' && openTaskId !== null) return { do: 'skip', missed: more, openTaskId };
  return { do: 'run', missed: more };
}

/** Is the newest of the times that have come so young that no hub can be said to have missed it? */
function isInTime(due: Due): boolean {
  const sinceMs = due.nowMs - limits.scheduleGraceMs;
  if (due.dueMs >= sinceMs) return true;
  const nextMs = nextTimeMs(due, sinceMs - 1);
  return nextMs !== null && nextMs <= due.nowMs;
}
