/**
 * Exponential backoff with full jitter over its upper half: it spreads, yet never retries at once.
 */
export interface Backoff {
  firstMs: number;
  mostMs: number;
}

/** The wait before retry number `retry` (from 1), given a fraction of chance in [0, 1). */
export function backoffMs(backoff: Backoff, retry: number, fraction: number): number {
  const ceiling = Math.min(backoff.mostMs, backoff.firstMs * 2 ** Math.min(retry - 1, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * fraction);
}
