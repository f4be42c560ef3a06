/** A feed over a wire that cannot push: pages of `event.list`, one after the other. */
import { operations, type Reply } from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import { isPassing, known } from './frames.ts';
import type { Closable, Reader, Request } from './transport.ts';

const POLL_MS = 1_000;
const PAGE = 200;

interface Wire {
  call: (request: Request) => Promise<Reply>;
  clock: Clock;
  /** Aborted when the transport closes. */
  signal: AbortSignal;
}

export function poll(wire: Wire, reader: Reader): Closable {
  const closing = new AbortController();
  const signal = AbortSignal.any([wire.signal, closing.signal]);
  void follow(wire, reader, signal);
  return { close: () => closing.abort() };
}

async function follow(wire: Wire, reader: Reader, signal: AbortSignal): Promise<void> {
  let { after } = reader;
  while (!signal.aborted) {
    try {
      const page = await read(wire, { after, limit: PAGE, filter: reader.filter }, signal);
      for (const event of page.items) {
        if (signal.aborted) break;
        reader.onEvent(event);
      }
      after = page.nextCursor;
      if (page.items.length < PAGE) await wire.clock.sleep(POLL_MS, signal);
    } catch (error) {
      if (signal.aborted) break;
      const reason = known(error);
      if (!isPassing(reason)) return reader.onEnd(reason);
      await wire.clock.sleep(Math.max(POLL_MS, reason.retryAfterMs ?? 0), signal);
    }
  }
  reader.onEnd(undefined);
}

async function read(wire: Wire, input: object, signal: AbortSignal) {
  const reply = await wire.call({ operation: 'event.list', input, signal });
  return operations['event.list'].output.parse(reply.output);
}
