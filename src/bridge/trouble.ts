/** Which troubles are no answer, so that the same is said again later. */
import { type ErrorCode, isPassing, type SignalboxError } from '../contract/index.ts';

/**
 * Not the letter is at fault here but the token, which a person replaces, or the version of the
 * hub, which may be about to change: what lies in a folder waits for that and is not set aside.
 */
const OF_SURROUNDINGS: readonly ErrorCode[] = ['unauthenticated', 'unknown_operation'];

export function isAnswer(error: SignalboxError): boolean {
  return !isPassing(error) && !OF_SURROUNDINGS.includes(error.code);
}
