/**
 * "Something changed", as a hint and nothing more: it may come late, twice or for nothing, and on a
 * lost connection not at all. The tables are the truth, and a slow poll stands behind every hint.
 */
import { backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';

export interface Wakeup {
  readonly notify: () => void;
  /** Calls the listener at each hint. Returns a function that unsubscribes. */
  readonly onWake: (listener: () => void) => () => void;
}

/** Within one process: all that SQLite needs. */
export function localWakeup(): Wakeup {
  const listeners = new Set<() => void>();
  return {
    notify() {
      for (const listener of listeners) listener();
    },
    onWake(listener) {
      const own = (): void => listener();
      listeners.add(own);
      return () => void listeners.delete(own);
    },
  };
}

export interface ListeningOptions {
  /** Opens the one listening connection. Returns a function that closes it. */
  listen: (onWake: () => void, onLost: () => void) => Promise<() => Promise<void>>;
  /** Tells the other hubs. */
  send: () => Promise<void>;
  clock: Clock;
  random: Random;
}

const RECONNECT_BACKOFF = { firstMs: 100, mostMs: 5000 };

/**
 * Across hubs. The own listeners are called at once; the others are sent one hint at a time, and
 * what comes up meanwhile is one more. A lost connection is opened again, and counts as a hint
 * then.
 */
export class ListeningWakeup implements Wakeup {
  readonly #options: ListeningOptions;
  readonly #local = localWakeup();
  readonly #ended = new AbortController();
  #disconnect: (() => Promise<void>) | undefined = undefined;
  #sending: Promise<void> | undefined = undefined;
  #isMoreToSend = false;

  constructor(options: ListeningOptions) {
    this.#options = options;
  }

  readonly notify = (): void => {
    this.#local.notify();
    this.#isMoreToSend = true;
    this.#sending ??= this.#sendAll();
  };

  readonly onWake = (listener: () => void): (() => void) => this.#local.onWake(listener);

  async start(): Promise<void> {
    const onLost = (): void => void this.#reconnect();
    const close = await this.#options.listen(this.#local.notify, onLost);
    if (this.#ended.signal.aborted) return close();
    this.#disconnect = close;
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#sending;
    await this.#disconnect?.();
  }

  async #sendAll(): Promise<void> {
    while (this.#isMoreToSend) {
      this.#isMoreToSend = false;
      // A hint that gets lost is made good by the poll.
      await this.#options.send().catch(() => undefined);
    }
    this.#sending = undefined;
  }

  async #reconnect(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#ended;
    this.#disconnect = undefined;
    for (let retry = 1; !signal.aborted; retry++) {
      await clock.sleep(backoffMs(RECONNECT_BACKOFF, retry, random.fraction()), signal);
      if (signal.aborted) return;
      try {
        await this.start();
        return this.#local.notify();
      } catch {
        // Still not there: the next round waits longer.
      }
    }
  }
}
