/**
 * The calls that wait for an answer. Each keeps its text, so that after a broken socket it can be
 * sent again as it was, key and all.
 */
import { limits, SignalboxError, type Reply } from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import { abortError, answerMsDefault, type Request } from './transport.ts';

const WAITING_MAX = 10_000;

interface Waiting {
  text: string;
  deadlineMs: number;
  resolve: (reply: Reply) => void;
  reject: (error: unknown) => void;
}

interface Wire {
  clock: Clock;
  /** Sends a frame now, or drops it where the link is down. */
  send: (text: string) => void;
}

export class Calls {
  readonly #wire: Wire;
  readonly #waiting = new Map<number, Waiting>();

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** What is to be sent, in the order of the calls. */
  get texts(): string[] {
    return Array.from(this.#waiting.values(), ({ text }) => text);
  }

  /** Sends a call and keeps it until it is answered, unless it cannot be sent at all. */
  begin(id: number, request: Request): Promise<Reply> {
    const { operation, input, key, signal, timeoutMs = answerMsDefault } = request;
    if (signal?.aborted === true) return Promise.reject(abortError(signal));
    const text = JSON.stringify({ id, call: operation, input, key });
    const refusal = this.#waiting.size >= WAITING_MAX ? crowded() : oversized(text);
    if (refusal !== undefined) return Promise.reject(refusal);
    const deadlineMs = this.#wire.clock.nowMs() + timeoutMs;
    return new Promise((resolve, reject) => {
      const waiting = { text, deadlineMs, resolve, reject };
      if (signal !== undefined) this.#heed(signal, id, waiting);
      this.#waiting.set(id, waiting);
      this.#wire.send(text);
    });
  }

  resolve(id: number, reply: Reply): void {
    this.#take(id)?.resolve(reply);
  }

  reject(id: number, error: SignalboxError): void {
    this.#take(id)?.reject(error);
  }

  rejectAll(error: SignalboxError): void {
    for (const id of Array.from(this.#waiting.keys())) this.reject(id, error);
  }

  rejectLate(error: SignalboxError): void {
    const nowMs = this.#wire.clock.nowMs();
    for (const [id, { deadlineMs }] of this.#waiting) {
      if (nowMs >= deadlineMs) this.reject(id, error);
    }
  }

  #take(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiting;
  }

  #heed(signal: AbortSignal, id: number, waiting: Waiting): void {
    const { resolve, reject } = waiting;
    const abort = (): void => this.#take(id)?.reject(abortError(signal));
    waiting.resolve = (reply) => (signal.removeEventListener('abort', abort), resolve(reply));
    waiting.reject = (error) => (signal.removeEventListener('abort', abort), reject(error));
    signal.addEventListener('abort', abort);
  }
}

function crowded(): SignalboxError {
  return new SignalboxError('unavailable', `${WAITING_MAX} calls wait for an answer already.`, {
    retryAfterMs: 1_000,
  });
}

/** A character is at most three bytes of UTF-8, so most texts need not be measured. */
function oversized(text: string): SignalboxError | undefined {
  if (text.length * 3 <= limits.frameBytesMax) return undefined;
  const bytes = new TextEncoder().encode(text).length;
  if (bytes <= limits.frameBytesMax) return undefined;
  return new SignalboxError('too_large', `The request has ${bytes} bytes.`, {
    details: { bytes, bytesMax: limits.frameBytesMax },
  });
}
