/** Stays with a feed of events until the command has seen enough, the feed ends, or Ctrl-C. */
import type { Client } from '../../client/index.ts';
import type { Event, EventFilter } from '../../contract/index.ts';

export interface Followed {
  hub: Client;
  after: number;
  filter?: EventFilter;
  interruption: AbortSignal;
  /** True says that this was the last event that matters. */
  onEvent: (event: Event) => boolean;
}

/** Answers the last event's number; throws what ended the feed. Ctrl-C is an end like any other. */
export function follow({ hub, after, filter, interruption, onEvent }: Followed): Promise<number> {
  return new Promise((resolve, reject) => {
    let seen = after;
    let isOver = false;
    const end = (): void => {
      isOver = true;
      feed.close();
      resolve(seen);
    };
    const feed = hub.subscribe({
      after,
      filter,
      onEvent(event) {
        if (isOver) return;
        seen = event.seq;
        if (onEvent(event)) end();
      },
      onEnd: (error) => (error === undefined ? resolve(seen) : reject(error)),
    });
    interruption.addEventListener('abort', end, { once: true });
    if (interruption.aborted) end();
  });
}
