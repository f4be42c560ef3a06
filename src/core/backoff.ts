/**
 * Exponential backoff with full jitter over its upper half: it spreads, yet never retries at once.
 */
export interface Backoff {
  firstMs: number;
  mostMs: number;
  /** How many times longer each wait is than the one before; 2 unless told. */
  factor?: number;
}

/** The wait before retry number `retry` (from 1), given a fraction of chance in [0, 1). */
export function backoffMs(backoff: Backoff, retry: number, fraction: number): number {
  const { firstMs, mostMs, factor = 2 } = backoff;
  const ceiling = Math.min(mostMs, firstMs * factor ** Math.min(retry - 1, 30));
  return Math.round(ceiling / 2 + (ceiling / 2) * fraction);
}
