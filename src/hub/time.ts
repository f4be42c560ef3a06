/**
 * The hub's clock. Hubs on one PostgreSQL take the database's time, so that they agree on leases;
 * alone on SQLite the machine's monotonic clock is the truth. Either never goes back.
 */
import type { Clock } from '../core/clock.ts';
import type { Store } from '../store/db.ts';

export interface HubClock extends Clock {
  /** Asks the database again; nothing to do where it has no clock of its own. */
  sync: () => Promise<void>;
}

export function hubClock(store: Store, clock: Clock): HubClock {
  let offsetMs = 0;
  let latestMs = 0;
  return {
    nowMs() {
      latestMs = Math.max(latestMs, clock.nowMs() + offsetMs);
      return latestMs;
    },
    after: (delayMs, call) => clock.after(delayMs, call),
    sleep: (delayMs, signal) => clock.sleep(delayMs, signal),
    async sync() {
      if (store.dialect.now === null) return;
      const beforeMs = clock.nowMs();
      const row = await store.read.get<{ now_ms: number }>(store.dialect.now);
      const betweenMs = (clock.nowMs() - beforeMs) / 2;
      if (row !== undefined) offsetMs = Math.round(row.now_ms - beforeMs - betweenMs);
    },
  };
}
