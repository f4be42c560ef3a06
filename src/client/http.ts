/**
 * The HTTP transport: each call is one POST. A call that found no hub is sent again a few times
 * with the same key, so an answer that was lost on its way costs nothing. Events are asked for
 * page by page, and the hub answers when there are some.
 */
import { SignalboxError } from '../contract/index.ts';
import type { Credential, Reply } from '../contract/index.ts';
import { backoffMs } from '../core/backoff.ts';
import { systemClock, type Clock } from '../core/clock.ts';
import { httpAddress } from './address.ts';
import { outputOf, RETRY, unreachable } from './answers.ts';
import { chance } from './keys.ts';
import { poll, type PageAsked, type PollWire } from './poll.ts';
import { isRepeatable, receiveStream, sendStream, type StreamWire } from './streams.ts';
import { answerMsDefault, streamMsDefault } from './transport.ts';
import type { Request, Transport } from './transport.ts';

const RETRIES_MAX = 2;
/** Beyond the time that a poll waits. */
const ANSWER_MS = 10_000;

export interface HttpOptions extends Credential {
  url: string;
  clock?: Clock;
}

export function httpTransport(options: HttpOptions): Transport {
  const { url, token, agent, clock = systemClock() } = options;
  const address = httpAddress(url);
  const closing = new AbortController();
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  else if (agent !== undefined) headers['x-signalbox-agent'] = agent;

  /** Asks until there is an answer, or the retries or the time are spent. */
  const insist = async <T>(asked: Asked, ask: (wire: StreamWire) => Promise<T>): Promise<T> => {
    const signals = [closing.signal, AbortSignal.timeout(asked.timeoutMs)];
    if (asked.signal !== undefined) signals.push(asked.signal);
    const signal = AbortSignal.any(signals);
    for (let retry = 1; ; retry++) {
      try {
        return await ask({ address, headers, signal });
      } catch (error) {
        asked.signal?.throwIfAborted();
        if (signal.aborted) throw abandoned(closing.signal.aborted, url);
        if (retry > asked.retriesMax || !isUnavailable(error)) throw error;
        await clock.sleep(backoffMs(RETRY, retry, chance()), signal);
      }
    }
  };

  const call = (request: Request): Promise<Reply> => {
    const body = JSON.stringify(request.input ?? {});
    return insist(askedOf(request, answerMsDefault), (wire) => post(wire, { ...request, body }));
  };

  return {
    call,
    upload(request) {
      const retriesMax = isRepeatable(request.body) ? RETRIES_MAX : 0;
      const asked = { ...askedOf(request, streamMsDefault), retriesMax };
      return insist(asked, (wire) => sendStream(wire, request));
    },
    download: (request) =>
      insist(askedOf(request, streamMsDefault), (wire) => receiveStream(wire, request)),
    subscribe: (reader) =>
      poll({ events: eventsOver(address, headers), clock, signal: closing.signal }, reader),
    close: () => closing.abort(),
  };
}

/** Pages of events; the hub answers an empty one only when the time is over. */
function eventsOver(address: string, headers: Record<string, string>): PollWire['events'] {
  return async (asked: PageAsked, ended: AbortSignal): Promise<unknown> => {
    const late = AbortSignal.timeout(asked.waitMs + ANSWER_MS);
    const signal = AbortSignal.any([ended, late]);
    const found = await fetch(`${address}events?${queryOf(asked)}`, {
      headers,
      signal,
      redirect: 'error',
    }).catch((cause: unknown) => {
      throw unreachable(address, cause);
    });
    return (await outputOf(address, found)).output;
  };
}

function queryOf({ after, limit, waitMs, filter }: PageAsked): URLSearchParams {
  const { types, subject, mine } = filter;
  return new URLSearchParams({
    after: String(after),
    limit: String(limit),
    waitMs: String(waitMs),
    ...(types === undefined ? {} : { types: types.join(',') }),
    ...(subject === undefined ? {} : { subject }),
    ...(mine === undefined ? {} : { mine: String(mine) }),
  });
}

interface Asked {
  timeoutMs: number;
  retriesMax: number;
  signal: AbortSignal | undefined;
}

function askedOf({ timeoutMs, signal }: Request, otherwiseMs: number): Asked {
  return { timeoutMs: timeoutMs ?? otherwiseMs, retriesMax: RETRIES_MAX, signal };
}

async function post(
  { address, headers, signal }: StreamWire,
  { operation, key, body }: Request & { body: string },
): Promise<Reply> {
  const response = await fetch(address + encodeURIComponent(operation), {
    method: 'POST',
    headers: key === undefined ? headers : { ...headers, 'idempotency-key': key },
    body,
    signal,
    redirect: 'error',
  }).catch((cause: unknown) => {
    throw unreachable(address, cause);
  });
  return outputOf(address, response);
}

function isUnavailable(error: unknown): boolean {
  return error instanceof SignalboxError && error.code === 'unavailable';
}

function abandoned(isClosed: boolean, url: string): SignalboxError {
  if (isClosed) return new SignalboxError('unavailable', 'This client has been closed.');
  return new SignalboxError('unavailable', `The hub at ${url} did not answer in time.`, {
    retryAfterMs: RETRY.mostMs,
  });
}
