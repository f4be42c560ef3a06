/** The windows of budgets, which are those of UTC. Pure. */
import type { BudgetWindow } from '../../contract/index.ts';

export const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const WEEK_MS = 7 * DAY_MS;
/** 1970-01-05, the first Monday of the epoch. */
const MONDAY_MS = 4 * DAY_MS;

/** Under this hour stands what was ever spent. */
export const EVER = -1;

export interface Span {
  /** The first hour that counts. */
  fromMs: number;
  /** Where the window is over; null where it never is. */
  toMs: number | null;
}

export function spanOf(window: BudgetWindow, nowMs: number): Span {
  switch (window) {
    case 'ever':
      return { fromMs: EVER, toMs: null };
    case 'hour':
      return span(nowMs, HOUR_MS, 0);
    case 'day':
      return span(nowMs, DAY_MS, 0);
    case 'week':
      return span(nowMs, WEEK_MS, MONDAY_MS);
  }
}

function span(nowMs: number, lengthMs: number, originMs: number): Span {
  const fromMs = nowMs - ((((nowMs - originMs) % lengthMs) + lengthMs) % lengthMs);
  return { fromMs, toMs: fromMs + lengthMs };
}
