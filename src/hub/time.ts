/**
 * The hub's clock. Hubs on one PostgreSQL take the database's time, so that they agree on leases;
 * alone on SQLite the time that the machine counts is the truth, and that in which it slept. Either
 * never goes back.
 */
import type { Clock } from '../core/clock.ts';
import type { Store } from '../store/db.ts';
import type { Sql } from '../store/sql.ts';

export interface HubClock extends Clock {
  /** Looks how far ahead the database is, or else for how long the machine has slept. */
  sync: () => Promise<void>;
}

const ASK_EVERY_MS = 10_000;
/** Less sleep is not worth a word, and may be no more than how coarse its measure is. */
const SLEEP_MS = 1_000;

export function hubClock(store: Store, clock: Clock, asleepMs: () => number): HubClock {
  let offsetMs = 0;
  let latestMs = 0;
  let askAgainMs = 0;
  return {
    nowMs() {
      latestMs = Math.max(latestMs, clock.nowMs() + offsetMs);
      return latestMs;
    },
    after: (delayMs, call) => clock.after(delayMs, call),
    sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
    async sync() {
      const { now } = store.dialect;
      if (now === null) {
        const sleptMs = asleepMs();
        if (sleptMs - offsetMs >= SLEEP_MS) offsetMs = sleptMs;
      } else if (clock.nowMs() >= askAgainMs) {
        askAgainMs = clock.nowMs() + ASK_EVERY_MS;
        offsetMs = (await aheadBy(store, now, clock)) ?? offsetMs;
      }
    },
  };
}

/** By how much the database is ahead of this clock. */
async function aheadBy(store: Store, now: Sql, clock: Clock): Promise<number | undefined> {
  const beforeMs = clock.nowMs();
  const row = await store.read.get<{ now_ms: number }>(now);
  const betweenMs = (clock.nowMs() - beforeMs) / 2;
  return row === undefined ? undefined : Math.round(row.now_ms - beforeMs - betweenMs);
}
