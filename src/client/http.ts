/**
 * The HTTP transport: each call is one POST. A call that found no hub is sent again a few times
 * with the same key, so an answer that was lost on its way costs nothing. Events are asked for
 * page by page.
 */
import { SignalboxError } from '../contract/index.ts';
import type { Credential, Reply } from '../contract/index.ts';
import { backoffMs } from '../core/backoff.ts';
import { systemClock, type Clock } from '../core/clock.ts';
import { httpAddress } from './address.ts';
import { errorFrom } from './frames.ts';
import { chance } from './keys.ts';
import { poll } from './poll.ts';
import { answerMsDefault } from './transport.ts';
import type { Request, Transport } from './transport.ts';

const RETRY = { firstMs: 100, mostMs: 400 };
const RETRIES_MAX = 2;

export interface HttpOptions extends Credential {
  url: string;
  clock?: Clock;
}

export function httpTransport({
  url,
  token,
  agent,
  clock = systemClock(),
}: HttpOptions): Transport {
  const address = httpAddress(url);
  const closing = new AbortController();
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  else if (agent !== undefined) headers['x-signalbox-agent'] = agent;

  const call = async (request: Request): Promise<Reply> => {
    const signals = [closing.signal, AbortSignal.timeout(request.timeoutMs ?? answerMsDefault)];
    if (request.signal !== undefined) signals.push(request.signal);
    const body = JSON.stringify(request.input ?? {});
    const signal = AbortSignal.any(signals);
    for (let retry = 1; ; retry++) {
      try {
        return await post(address, { ...request, signal, body, headers });
      } catch (error) {
        request.signal?.throwIfAborted();
        if (signal.aborted) throw abandoned(closing.signal.aborted, url);
        if (retry > RETRIES_MAX || !isUnavailable(error)) throw error;
        await clock.sleep(backoffMs(RETRY, retry, chance()), signal);
      }
    }
  };

  return {
    call,
    subscribe: (reader) => poll({ call, clock, signal: closing.signal }, reader),
    close: () => closing.abort(),
  };
}

interface Post {
  operation: string;
  key?: string | undefined;
  body: string;
  headers: Record<string, string>;
  signal: AbortSignal;
}

async function post(address: string, { operation, key, body, headers, signal }: Post) {
  const response = await fetch(address + encodeURIComponent(operation), {
    method: 'POST',
    headers: key === undefined ? headers : { ...headers, 'idempotency-key': key },
    body,
    signal,
    redirect: 'error',
  }).catch((cause: unknown) => {
    throw unreachable(address, cause);
  });
  const text = await response.text().catch((cause: unknown) => {
    throw unreachable(address, cause);
  });
  const output = parse(text);
  if (response.ok && output !== undefined) {
    return { output, isDeduplicated: response.headers.has('x-signalbox-deduplicated') };
  }
  const hasError = typeof output === 'object' && output !== null && 'error' in output;
  throw errorFrom(hasError ? output.error : { status: response.status, text: text.slice(0, 200) });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isUnavailable(error: unknown): boolean {
  return error instanceof SignalboxError && error.code === 'unavailable';
}

function unreachable(address: string, cause: unknown): SignalboxError {
  const origin = address.replace(/\/v1\/$/, '');
  return new SignalboxError('unavailable', `The hub at ${origin} cannot be reached${why(cause)}.`, {
    hint: 'Start one with `signalbox start`, or give the address of another with --url.',
    retryAfterMs: RETRY.mostMs,
    cause,
  });
}

/** `fetch` keeps the reason in its error's cause: a code such as ECONNREFUSED, or words. */
function why(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return '';
  return ` (${'code' in cause ? String(cause.code) : cause.message})`;
}

function abandoned(isClosed: boolean, url: string): SignalboxError {
  if (isClosed) return new SignalboxError('unavailable', 'This client has been closed.');
  return new SignalboxError('unavailable', `The hub at ${url} did not answer in time.`, {
    retryAfterMs: RETRY.mostMs,
  });
}
