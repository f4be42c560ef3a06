/**
 * A feed over a wire that cannot push: it asks for what came after its cursor, and the hub answers
 * when there is something. Nobody asks in vain more than twice a minute.
 */
import { z } from 'zod';
import { limits, type EventFilter } from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import { goesOn, isEvent, known } from './frames.ts';
import type { Closable, Reader } from './transport.ts';

const WAIT_MS = 25_000;
const AGAIN_MS = 1_000;
const PAGE = 200;
/** As far as a feed relies on it: a newer hub may know events that this client does not. */
const AnyPage = z.object({ items: z.array(z.unknown()), nextCursor: z.int() });

export interface PageAsked {
  after: number;
  limit: number;
  waitMs: number;
  filter: EventFilter;
}

export interface PollWire {
  /** Answers a page as soon as it is not empty, or when the time is over. */
  events: (asked: PageAsked, signal: AbortSignal) => Promise<unknown>;
  clock: Clock;
  /** Aborted when the transport closes. */
  signal: AbortSignal;
}

export function poll(wire: PollWire, reader: Reader): Closable {
  const closing = new AbortController();
  const signal = AbortSignal.any([wire.signal, closing.signal]);
  void follow(wire, reader, signal);
  return { close: () => closing.abort() };
}

async function follow(wire: PollWire, reader: Reader, signal: AbortSignal): Promise<void> {
  let { after } = reader;
  const { filter } = reader;
  while (!signal.aborted) {
    const askedAtMs = wire.clock.nowMs();
    try {
      const asked = { after, filter, limit: PAGE, waitMs: Math.min(WAIT_MS, limits.waitMsMax) };
      const answer = await wire.events(asked, signal);
      const page = AnyPage.parse(answer);
      for (const event of page.items.filter(isEvent)) {
        if (signal.aborted) break;
        reader.onEvent(event);
      }
      const isIdle = page.items.length === 0 && page.nextCursor === after;
      after = page.nextCursor;
      // A hub behind something that does not let it wait is not asked without end.
      if (isIdle && wire.clock.nowMs() - askedAtMs < AGAIN_MS) {
        await wire.clock.sleep(AGAIN_MS, signal);
      }
    } catch (error) {
      if (signal.aborted) break;
      const reason = known(error);
      if (!goesOn(reason)) return reader.onEnd(reason);
      await wire.clock.sleep(Math.max(AGAIN_MS, reason.retryAfterMs ?? 0), signal);
    }
  }
  reader.onEnd(undefined);
}
