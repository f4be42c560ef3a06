/**
 * A moment as plain clients write it: seconds since the epoch, also with a fraction, or ISO 8601.
 * A time without a zone is UTC, wherever the hub stands; the `+` of a zone may come as a space.
 */
import { SignalboxError } from '../contract/index.ts';

const SECONDS = /^\d{1,12}(\.\d{1,9})?$/;
const ISO = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[ +-]\d\d:?\d\d)?)?$/i;

/** In milliseconds, rounded down: what was posted at that very moment belongs to it. */
export function momentOf(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const text = typeof value === 'string' ? value.trim() : '';
  const ms = SECONDS.test(text) ? Math.floor(Number(text) * 1000) : isoMs(text);
  if (Number.isSafeInteger(ms) && ms >= 0) return ms;
  throw new SignalboxError('invalid_input', `${name} is neither an ISO time nor epoch seconds`, {
    hint: 'For example since=2025-12-04T18:30:00Z or since=1764873000.5; better, cursor=N.',
  });
}

function isoMs(text: string): number {
  const [, date, time = '00:00', zone = 'Z'] = ISO.exec(text) ?? [];
  return Date.parse(`${date}T${time}${zone.replace(' ', '+').toUpperCase()}`);
}
