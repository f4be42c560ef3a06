/** Asks the hub until it answers: a hub that restarts loses no report. */
import { isPassing, SignalboxError } from '../contract/index.ts';
import { backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';

const RETRY = { firstMs: 200, mostMs: 5_000 };
const PATIENCE_MS = 5 * 60_000;
/** Spread enough by when verifiers start; chance would add nothing. */
const FRACTION = 0.5;

export interface Insistence {
  clock: Clock;
  /** When this is aborted what is on its way is awaited, and not tried again. */
  stop: AbortSignal;
}

export async function insist<T>(call: () => Promise<T>, { clock, stop }: Insistence): Promise<T> {
  const untilMs = clock.nowMs() + PATIENCE_MS;
  for (let retry = 1; ; retry++) {
    try {
      return await call();
    } catch (error) {
      if (!isPassing(error) || stop.aborted || clock.nowMs() > untilMs) throw error;
      const askedMs = error instanceof SignalboxError ? (error.retryAfterMs ?? 0) : 0;
      await clock.sleep(Math.max(askedMs, backoffMs(RETRY, retry, FRACTION)), stop);
    }
  }
}
