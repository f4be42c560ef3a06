/** Sleeps until there may be something to claim: an event says so at once, a slow poll always. */
import type { Client } from '../client/client.ts';
import type { Clock } from '../core/clock.ts';

const POLL_MS = 5_000;

export interface Wakeups {
  /**
   * Resolves at the next hint, at once if there was one since the last wait, or after the poll.
   * Answers whether there was a hint.
   */
  wait: () => Promise<boolean>;
  /** Aborted at the next hint after the last wait. */
  hint: () => AbortSignal;
  close: () => void;
}

export function listen(client: Client, clock: Clock, stop: AbortSignal): Wakeups {
  let hint = new AbortController();
  let feed: { close: () => void } | null = null;
  let isOpening = false;
  const open = async (): Promise<void> => {
    if (feed !== null || isOpening || stop.aborted) return;
    isOpening = true;
    let isOver = false;
    const onEnd = (): void => {
      isOver = true;
      feed = null;
    };
    try {
      const { cursor } = await client.hub.status({}, { signal: stop });
      const filter = { types: ['change.submitted' as const, 'change.approved' as const] };
      const onEvent = (): void => hint.abort();
      const opened = client.subscribe({ after: cursor, filter, onEvent, onEnd });
      feed = isOver ? null : opened;
    } catch {
      // The poll goes on; the feed is opened again after the next one.
    } finally {
      isOpening = false;
    }
  };
  return {
    async wait() {
      await open();
      await clock.sleep(POLL_MS, AbortSignal.any([hint.signal, stop]));
      const wasHinted = hint.signal.aborted;
      hint = new AbortController();
      return wasHinted;
    },
    hint: () => hint.signal,
    close: () => feed?.close(),
  };
}
