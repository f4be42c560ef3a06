/**
 * Idempotency keys: the time, then a random part made once a client, then a counter. The time leads
 * so that the keys of all clients grow together: the hub's index is then written at its end only,
 * and not in as many places as there are clients. It orders and proves nothing, so the machine's
 * clock is good enough. The counter starts where its text is six digits long and stays so for two
 * thousand million keys, so that the keys of one client sort by age.
 */
const FIRST = 36 ** 5;

export function keyMaker(): () => string {
  let prefix = '';
  for (const byte of crypto.getRandomValues(new Uint8Array(8))) {
    prefix += byte.toString(16).padStart(2, '0');
  }
  let count = FIRST;
  return () => `${Date.now().toString(36)}-${prefix}-${(count++).toString(36)}`;
}

/** A number in [0, 1), for spreading retries. */
export function chance(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32;
}
