/** Waiting with an end. */
import type { Clock } from '../core/clock.ts';

/** Waits until somebody rings or a time is over; a ring that nobody heard is kept. */
export interface Bell {
  ring: () => void;
  wait: (mostMs: number) => Promise<void>;
  /** Aborted by the next ring after the last wait. */
  rung: () => AbortSignal;
}

export function createBell(clock: Clock): Bell {
  let wasRung = false;
  let wake = new AbortController();
  return {
    ring() {
      wasRung = true;
      wake.abort();
    },
    async wait(mostMs) {
      if (!wasRung) await clock.sleep(mostMs, wake.signal);
      wasRung = false;
      wake = new AbortController();
    },
    rung: () => wake.signal,
  };
}

/** Waits for something, but not longer than this. The timer does not outlive the waiting. */
export async function within(mostMs: number, clock: Clock, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, clock.sleep(mostMs, over.signal)]);
  over.abort();
}
