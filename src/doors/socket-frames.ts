/**
 * The frames that a caller may send over the socket, and the codes that a socket is closed with.
 */
import type { RawData } from 'ws';
import { z } from 'zod';
import { type Credential, EventFilter, limits, SignalboxError } from '../contract/index.ts';
import { parseText } from './text.ts';

export const closeCodes = {
  protocol: 4400,
  unauthenticated: 4401,
  noHello: 4408,
  goingAway: 1001,
} as const;

const Hello = z.strictObject({
  hello: z.strictObject({
    protocol: z.literal(1),
    token: z.string().max(200).optional(),
    agent: z.string().max(limits.nameCharsMax).optional(),
    /** Several frames may come to this client as one array. */
    arrays: z.boolean().optional(),
  }),
});

export interface Greeting {
  credential: Credential;
  takesArrays: boolean;
}

/** Who speaks, and how; or what is wrong with the first frame. */
export function greetingOf(frame: unknown): Greeting | SignalboxError {
  const hello = Hello.safeParse(frame);
  if (!hello.success) {
    const message = 'the first frame must be {"hello":{"protocol":1,"token":"sbx_…"}}';
    return new SignalboxError('invalid_input', message);
  }
  const { token, agent, arrays: takesArrays = false } = hello.data.hello;
  const credential = {
    ...(token === undefined ? {} : { token }),
    ...(agent === undefined ? {} : { agent }),
  };
  return { credential, takesArrays };
}

const id = z.int().min(1);

export const CallFrame = z.strictObject({
  id,
  call: z.string(),
  input: z.unknown().optional(),
  key: z.string().optional(),
});
export type CallFrame = z.infer<typeof CallFrame>;

export const SubscribeFrame = z.strictObject({
  id,
  subscribe: z.strictObject({ after: z.int().min(0), filter: EventFilter.default({}) }),
});
export type SubscribeFrame = z.infer<typeof SubscribeFrame>;

export const UnsubscribeFrame = z.strictObject({ id, unsubscribe: id });
export type UnsubscribeFrame = z.infer<typeof UnsubscribeFrame>;

/** A frame that is none of these may have an id to answer to all the same. */
export const AnyFrame = z.object({ id });

/**
 * The frames of one message: one alone, or an array of them. Throws what is wrong with it. Only
 * text is a frame; `ws` has checked that it is UTF-8.
 */
export function framesOf(data: RawData, isBinary: boolean): unknown[] {
  if (isBinary || !Buffer.isBuffer(data)) {
    throw new SignalboxError('invalid_input', 'a frame is text, not bytes');
  }
  const value = parseText(data.toString());
  if (!Array.isArray(value)) return [value];
  if (value.length <= limits.framesPerMessageMax) return value;
  throw new SignalboxError(
    'too_large',
    `an array may have ${limits.framesPerMessageMax} frames, not ${value.length}`,
  );
}

export function bodyOf(error: unknown): unknown {
  if (error instanceof SignalboxError) return error.toBody();
  return new SignalboxError('internal', 'something went wrong at this door').toBody();
}
