/**
 * Ids that sort by the time they were made, so that new rows land at the end of an index.
 *
 * Shape: `prefix_` + 9 characters of time (ms, base 32, good until the year 3084) + 12 random
 * characters (60 bits). The alphabet is Crockford's: no i, l, o, u, so an id survives being read
 * aloud.
 */
import type { Random } from './random.ts';

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

function digits(value: number, length: number): string {
  let text = '';
  let rest = value;
  for (let index = 0; index < length; index++) {
    text = (ALPHABET[rest % 32] ?? '0') + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

export function newId(prefix: string, nowMs: number, random: Random): string {
  let chance = '';
  for (const byte of random.bytes(12)) chance += ALPHABET[byte & 31] ?? '0';
  return `${prefix}_${digits(nowMs, 9)}${chance}`;
}

/** A secret of 256 random bits, URL-safe. */
export function newSecret(prefix: string, random: Random): string {
  return `${prefix}_${Buffer.from(random.bytes(32)).toString('base64url')}`;
}
