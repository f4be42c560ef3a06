/**
 * The feeds of one socket transport. A feed moves its own cursor with each event that it
 * delivers, so that opening it again, on whichever socket, goes on without a gap and without a
 * repeat.
 */
import type { Event, SignalboxError } from '../contract/index.ts';
import type { Clock } from '../core/clock.ts';
import { goesOn } from './frames.ts';
import type { Closable, Reader } from './transport.ts';

const AGAIN_MS = 1_000;

interface Wire {
  clock: Clock;
  /** Sends a frame under an id of its own, which it answers; a link that is down drops it. */
  send: (body: object) => number;
}

export class Feeds {
  readonly #wire: Wire;
  readonly #open = new Map<number, Reader>();

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  get size(): number {
    return this.#open.size;
  }

  open(reader: Reader): Closable {
    const feed = { ...reader };
    this.#start(feed);
    return { close: () => this.#close(feed) };
  }

  get ids(): number[] {
    return Array.from(this.#open.keys());
  }

  /** A new socket knows nothing of the feeds of the old one. */
  openAgain(ids: number[]): void {
    for (const id of ids) this.#restart(id);
  }

  deliver(id: number, event: Event): void {
    const feed = this.#open.get(id);
    if (feed === undefined || event.seq <= feed.after) return;
    feed.after = event.seq;
    feed.onEvent(event);
  }

  /**
   * A feed that ended for want of the hub goes on later; any other refusal is the reader's to
   * know.
   */
  refused(id: number, error: SignalboxError): void {
    const feed = this.#open.get(id);
    if (feed === undefined) return;
    if (goesOn(error)) {
      this.#wire.clock.after(error.retryAfterMs ?? AGAIN_MS, () => this.#restart(id));
    } else {
      this.#open.delete(id);
      feed.onEnd(error);
    }
  }

  endAll(error: SignalboxError | undefined): void {
    const feeds = Array.from(this.#open.values());
    this.#open.clear();
    for (const feed of feeds) feed.onEnd(error);
  }

  #start(feed: Reader): void {
    const { after, filter } = feed;
    this.#open.set(this.#wire.send({ subscribe: { after, filter } }), feed);
  }

  #restart(id: number): void {
    const feed = this.#open.get(id);
    if (feed !== undefined && this.#open.delete(id)) this.#start(feed);
  }

  #close(feed: Reader): void {
    for (const [id, other] of this.#open) {
      if (other !== feed) continue;
      this.#open.delete(id);
      this.#wire.send({ unsubscribe: id });
      feed.onEnd(undefined);
    }
  }
}
