/**
 * Idempotency keys: a random prefix made once, then a counter, so that a key costs one addition
 * and the keys of one client sort by age, which keeps the hub's index warm. The counter starts
 * where its text is eight digits long and stays so for 2.7 million million keys.
 */
const FIRST = 36 ** 7;

export function keyMaker(): () => string {
  let prefix = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(12))) {
    prefix += byte.toString(16).padStart(2, '0');
  }
  let count = FIRST;
  return () => `${prefix}-${(count++).toString(36)}`;
}

/** A number in [0, 1), for spreading retries. */
export function chance(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
}
