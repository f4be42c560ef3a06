/** A token bucket an actor: a burst is fine, a flood is told to wait. */
import { SignalboxError } from '../contract/index.ts';

export interface RateLimit {
  perSecond: number;
  burst: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

const BUCKETS_MAX = 10_000;

export class Rate {
  readonly #limit: RateLimit;
  readonly #buckets = new Map<string, Bucket>();

  constructor(limit: RateLimit) {
    this.#limit = limit;
  }

  /** Takes one token of this actor's bucket, or refuses with the time until there is one. */
  take(actor: string, nowMs: number): void {
    const { perSecond, burst } = this.#limit;
    const bucket = this.#buckets.get(actor) ?? this.#fresh(actor, nowMs);
    const filled = bucket.tokens + ((nowMs - bucket.atMs) * perSecond) / 1000;
    bucket.tokens = Math.min(burst, filled);
    bucket.atMs = nowMs;
    if (bucket.tokens < 1) {
      const retryAfterMs = Math.ceil(((1 - bucket.tokens) * 1000) / perSecond);
      const message = `more than ${perSecond} requests a second from ${actor}`;
      throw new SignalboxError('rate_limited', message, { retryAfterMs });
    }
    bucket.tokens -= 1;
  }

  #fresh(actor: string, nowMs: number): Bucket {
    if (this.#buckets.size >= BUCKETS_MAX) this.#buckets.clear();
    const bucket = { tokens: this.#limit.burst, atMs: nowMs };
    this.#buckets.set(actor, bucket);
    return bucket;
  }
}
