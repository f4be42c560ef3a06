/**
 * A bound on guessing the codes of invites. A code has 100 random bits, so nobody finds one; the
 * bound keeps those who try from costing the hub anything, and lets people hear of it. Each try
 * takes from the bucket of its address and from that of the whole hub, and one that was right gives
 * back.
 */
import { limits, SignalboxError } from '../contract/index.ts';

const ADDRESSES_MAX = 10_000;
const NOWHERE = 'an unknown address';

interface Bucket {
  left: number;
  atMs: number;
}

export type Guessed = (reason: string, nowMs: number) => Promise<void>;

export class Guesses {
  readonly #byAddress = new Map<string, Bucket>();
  readonly #whole: Bucket = { left: limits.inviteGuessesPerHub, atMs: 0 };
  readonly #onGuessed: Guessed;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  /** `onGuessed` hears of it when an address or the whole hub has used up its tries. */
  constructor(onGuessed: Guessed) {
    this.#onGuessed = onGuessed;
  }

  /** Before a code is looked up. Answers how to give the try back; refuses where none is left. */
  async take(address: string | undefined, nowMs: number): Promise<() => void> {
    const from = address ?? NOWHERE;
    const own = this.#of(from, nowMs);
    const buckets = [
      { bucket: own, most: limits.inviteGuessesPerAddress },
      { bucket: this.#whole, most: limits.inviteGuessesPerHub },
    ];
    for (const { bucket, most } of buckets) fill(bucket, most, nowMs);
    const waits = buckets.map(({ bucket, most }) => waitMs(bucket, most));
    const retryAfterMs = Math.max(...waits);
    if (retryAfterMs > 0) {
      await this.#tell(from, nowMs);
      throw new SignalboxError('rate_limited', 'too many wrong codes came', { retryAfterMs });
    }
    for (const { bucket } of buckets) bucket.left -= 1;
    return () => {
      for (const { bucket } of buckets) bucket.left += 1;
    };
  }

  #of(address: string, nowMs: number): Bucket {
    const known = this.#byAddress.get(address);
    if (known !== undefined) return known;
    if (this.#byAddress.size >= ADDRESSES_MAX) this.#byAddress.clear();
    const bucket = { left: limits.inviteGuessesPerAddress, atMs: nowMs };
    this.#byAddress.set(address, bucket);
    return bucket;
  }

  /** Once in a while: a flood is one event and not thousands. */
  async #tell(from: string, nowMs: number): Promise<void> {
    if (nowMs - this.#toldAtMs < limits.inviteGuessesMs) return;
    this.#toldAtMs = nowMs;
    await this.#onGuessed(`too many wrong codes, the last from ${from}`, nowMs);
  }
}

function fill(bucket: Bucket, most: number, nowMs: number): void {
  const back = ((nowMs - bucket.atMs) * most) / limits.inviteGuessesMs;
  bucket.left = Math.min(most, bucket.left + Math.max(0, back));
  bucket.atMs = nowMs;
}

function waitMs({ left }: Bucket, most: number): number {
  return left >= 1 ? 0 : Math.ceil(((1 - left) * limits.inviteGuessesMs) / most);
}
