/**
 * The hub's socket frames, told apart. The hub is trusted to send what the contract says, so a
 * frame is looked at only as far as it takes to route it: this runs for every answer and every
 * event.
 */
import { ErrorBody, ErrorCode, isPassing, SignalboxError, type Event } from '../contract/index.ts';
import { parsedJson } from '../core/json.ts';

export type Frame =
  | { kind: 'ok'; id: number; output: unknown; isDeduplicated: boolean }
  | { kind: 'error'; id: number; error: SignalboxError }
  | { kind: 'event'; sub: number; event: Event }
  | { kind: 'end'; sub: number; error: SignalboxError }
  | { kind: 'welcome' }
  | { kind: 'refusal'; error: SignalboxError }
  | { kind: 'unknown' };

const UNKNOWN: Frame = { kind: 'unknown' };

/** The frames of one message: one alone, or an array of them. */
export function parseFrames(text: unknown): Frame[] {
  const value = typeof text === 'string' ? parsedJson(text) : undefined;
  return Array.isArray(value) ? value.map(toFrame) : [toFrame(value)];
}

function toFrame(frame: unknown): Frame {
  if (typeof frame !== 'object' || frame === null) return UNKNOWN;
  if ('id' in frame && typeof frame.id === 'number') {
    if ('ok' in frame) {
      const { id, ok: output } = frame;
      return { kind: 'ok', id, output, isDeduplicated: 'deduplicated' in frame };
    }
    const error = errorFrom('error' in frame ? frame.error : undefined);
    return { kind: 'error', id: frame.id, error };
  }
  if ('sub' in frame && typeof frame.sub === 'number') {
    if ('event' in frame && isEvent(frame.event)) {
      return { kind: 'event', sub: frame.sub, event: frame.event };
    }
    return {
      kind: 'end',
      sub: frame.sub,
      error: errorFrom('end' in frame ? frame.end : undefined),
    };
  }
  if ('welcome' in frame) return { kind: 'welcome' };
  if ('error' in frame) return { kind: 'refusal', error: errorFrom(frame.error) };
  return UNKNOWN;
}

/** A newer hub may know more codes and fields than this client; its message is worth keeping. */
const LooseErrorBody = ErrorBody.extend({ code: ErrorCode.catch('internal') }).strip();

/** What the other side says went wrong; a body of no known shape is a defect of its own. */
export function errorFrom(body: unknown): SignalboxError {
  const parsed = LooseErrorBody.safeParse(body);
  if (parsed.success) return SignalboxError.fromBody(parsed.data);
  return new SignalboxError('internal', 'The answer is not one of a Signalbox hub.', {
    hint: 'Check that the address is that of a hub, and that hub and client are of one version.',
    cause: body,
  });
}

/** As far as those who hear it rely on it: what has no data would end their process. */
export function isEvent(value: unknown): value is Event {
  return (
    isObject(value) &&
    'seq' in value &&
    Number.isSafeInteger(value.seq) &&
    'type' in value &&
    typeof value.type === 'string' &&
    'subject' in value &&
    typeof value.subject === 'string' &&
    'data' in value &&
    isObject(value.data)
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whatever was thrown, as an error that has a code and a hint. */
export function known(error: unknown): SignalboxError {
  if (error instanceof SignalboxError) return error;
  return new SignalboxError('internal', 'The client met an error of its own.', { cause: error });
}

/**
 * Does what asks again and again, and says nothing of it, go on after this? Not after `internal`,
 * though that may pass: here it is also what a reader threw at an event, and what is answered where
 * there is no hub, and those would be met again for ever.
 */
export function goesOn(error: unknown): boolean {
  return error instanceof SignalboxError && error.code !== 'internal' && isPassing(error);
}
