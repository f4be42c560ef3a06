/** Chance as a thing that is passed in, so that a simulated run can be repeated from its seed. */
import { randomBytes } from 'node:crypto';

export interface Random {
  bytes(count: number): Uint8Array;
  /** A number in [0, 1). */
  fraction(): number;
}

const POOL_BYTES = 4096;

/** The system's, fetched a page at a time: an id each microsecond is otherwise a call each. */
export function systemRandom(): Random {
  let pool = Buffer.alloc(0);
  const bytes = (count: number): Uint8Array => {
    if (count > POOL_BYTES) return randomBytes(count);
    if (pool.length < count) pool = randomBytes(POOL_BYTES);
    const taken = Uint8Array.from(pool.subarray(0, count));
    // What was given out is not left lying here: some of it becomes a secret.
    pool.fill(0, 0, count);
    pool = pool.subarray(count);
    return taken;
  };
  return {
    bytes,
    fraction: () => new DataView(bytes(4).buffer).getUint32(0) / 2 ** 32,
  };
}

/** Mulberry32: small, fast, and the same on every machine. Never for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  };
  return {
    bytes: (count) => Uint8Array.from({ length: count }, () => next() & 0xff),
    fraction: () => next() / 2 ** 32,
  };
}
