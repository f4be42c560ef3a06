/**
 * Posts a request to a receiver that nobody vouches for: it may hang, drip, redirect, or answer
 * without end. Every connection is new and goes to an address that the guard has judged; the whole
 * exchange has one time limit, and of the answer no more than its beginning is read.
 */
import { Agent as HttpAgent, type ClientRequest, request as httpRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { limits } from '../contract/limits.ts';
import type { Clock } from '../core/clock.ts';
import type { Guard } from './guard.ts';
import type { Request } from './notice.ts';
import { retryAfterMs } from './retry-after.ts';
import { NoAnswer, troubleInWords } from './trouble.ts';

export interface Answer {
  /** Null where no answer came. */
  status: number | null;
  /** Why it did not arrive; null where it did: the answer was 2xx. */
  reason: string | null;
  durationMs: number;
  /** The beginning of the body. */
  text: string;
  /** How long the receiver asks to be left alone. */
  retryAfterMs: number | null;
}

/** Never throws; `signal` gives the exchange up. */
export type Send = (request: Request, signal: AbortSignal) => Promise<Answer>;

interface SenderParts {
  guard: Guard;
  clock: Clock;
}

export function createSender(parts: SenderParts): Send {
  const { clock } = parts;
  return async (request, signal) => {
    const startMs = clock.nowMs();
    const durationMs = (): number => Math.max(0, clock.nowMs() - startMs);
    try {
      const { answer, text } = await exchange(parts, request, signal);
      return { ...judged(answer, clock.nowMs()), text, durationMs: durationMs() };
    } catch (error) {
      const reason = troubleInWords(error);
      return { status: null, reason, text: '', retryAfterMs: null, durationMs: durationMs() };
    }
  };
}

interface Exchanged {
  answer: IncomingMessage;
  text: string;
}

async function exchange(
  { guard, clock }: SenderParts,
  request: Request,
  signal: AbortSignal,
): Promise<Exchanged> {
  const sent = begin(guard, request);
  const timeout = new AbortController();
  const cancelTimer = clock.after(limits.webhookTimeoutMs, () =>
    timeout.abort(new NoAnswer(limits.webhookTimeoutMs)),
  );
  const giveUp = AbortSignal.any([signal, timeout.signal]);
  const stop = (): void => void sent.destroy(reasonOf(giveUp));
  giveUp.addEventListener('abort', stop, { once: true });
  try {
    const answered = answerOf(sent);
    if (giveUp.aborted) stop();
    else sent.end(request.body);
    const answer = await answered;
    return { answer, text: await beginningOf(answer) };
  } finally {
    cancelTimer();
    giveUp.removeEventListener('abort', stop);
    sent.destroy();
  }
}

function begin(guard: Guard, { url, headers, body }: Request): ClientRequest {
  const target = guard.check(url);
  const isSecure = target.protocol === 'https:';
  // An agent of its own: no connection of before is used again, and no proxy is.
  const agent = isSecure ? new HttpsAgent() : new HttpAgent();
  const post = isSecure ? httpsRequest : httpRequest;
  return post(target, {
    method: 'POST',
    agent,
    lookup: guard.lookup,
    headers: { ...headers, 'content-length': Buffer.byteLength(body) },
  });
}

/** Whatever goes wrong once an answer is there is the business of whoever reads its body. */
function answerOf(sent: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    sent.on('response', resolve);
    sent.on('error', reject);
    // Without an error where the receiver switches to another protocol.
    sent.on('close', () => reject(new Error('it closed the connection without an answer')));
  });
}

/** Ends with the body, at the bound, or when the connection is cut, whichever is first. */
function beginningOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve) => {
    const done = (): void => {
      resolve(Buffer.concat(chunks).subarray(0, limits.webhookAnswerBytesMax).toString('utf8'));
    };
    answer.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= limits.webhookAnswerBytesMax) done();
    });
    answer.on('error', done);
    answer.on('close', done);
    answer.on('end', done);
  });
}

function judged(answer: IncomingMessage, nowMs: number): Omit<Answer, 'durationMs' | 'text'> {
  const status = answer.statusCode ?? 0;
  const wait = retryAfterMs(answer.headers['retry-after'], nowMs);
  return { status, reason: failureOf(status), retryAfterMs: wait };
}

function failureOf(status: number): string | null {
  if (status >= 200 && status < 300) return null;
  const isRedirect = status >= 300 && status < 400;
  return `it answered ${status}${isRedirect ? '; redirects are not followed' : ''}`;
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
