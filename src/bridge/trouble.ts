/** Which troubles pass by themselves, and which are an answer. */
import type { ErrorCode, SignalboxError } from '../contract/index.ts';

/** Of the hub, the wire or a token: the same may be said again later. */
const PASSING: readonly ErrorCode[] = [
  'unavailable',
  'internal',
  'rate_limited',
  'storage_full',
  'unauthenticated',
  'unknown_operation',
];

export function isPassing(error: SignalboxError): boolean {
  return error.retryAfterMs !== undefined || PASSING.includes(error.code);
}
