/**
 * Taking one's mail as it comes: what waits first, then what is pushed, each message once and in
 * the order of the mailbox.
 *
 * A message is acknowledged when its handler has ended well. Acknowledgements of messages that were
 * handled while one was under way go out together. What a handler throws at stays unacknowledged
 * in the mailbox, and whoever consumes it the next time gets it again.
 *
 * While what waits is being read, pushes are held back; then those that the reading has brought
 * already are passed over, by their place. So nothing is taken twice, and nothing in between.
 */
import { limits, type Event, type InboxItem } from '../contract/index.ts';
import { systemClock, type Clock } from '../core/clock.ts';
import type { Client } from './client.ts';
import { goesOn, known } from './frames.ts';
import type { Closable } from './transport.ts';

export interface Consumption {
  /** Only these types; the others stay in the mailbox. */
  types?: string[] | undefined;
  /** The next message waits for the end of this one. */
  onItem: (item: InboxItem) => void | Promise<void>;
  /** A handler has thrown, with its message; or the hub has refused for good. */
  onError?: ((error: unknown, item?: InboxItem) => void) | undefined;
  /** These are acknowledged, and on the hub's disk. */
  onAcked?: ((ids: readonly string[]) => void) | undefined;
  /** False leaves the acknowledging to the handler. */
  acknowledges?: boolean | undefined;
  clock?: Clock;
}

export function consume(client: Client, consumption: Consumption): Closable {
  const consumer = new Consumer(client, consumption);
  void consumer.begin();
  return { close: () => consumer.close() };
}

const AGAIN_MS = 1_000;

class Consumer {
  readonly #client: Client;
  readonly #wanted: Consumption;
  readonly #clock: Clock;
  /** In hand, or handled and not yet acknowledged. */
  readonly #taken = new Set<string>();
  readonly #queue: InboxItem[] = [];
  readonly #held: Event[] = [];
  #acks: string[] = [];
  /** The last place that was read or pushed. */
  #place = 0;
  #offered = 0;
  #feed: Closable | undefined;
  #isReading = false;
  #isWorking = false;
  #isAcking = false;
  #isOffering = false;
  #isClosed = false;

  constructor(client: Client, wanted: Consumption) {
    this.#client = client;
    this.#wanted = wanted;
    this.#clock = wanted.clock ?? systemClock();
  }

  async begin(): Promise<void> {
    const head = await this.#insist(() => this.#client.event.list({ limit: 1 }));
    if (head === undefined) return;
    this.#feed = this.#client.subscribe({
      after: head.headCursor,
      filter: { mine: true, types: ['message.stored', 'message.returned'] },
      onEvent: (event) => this.#hear(event),
      onEnd: (error) => {
        if (error !== undefined) this.#wanted.onError?.(error);
      },
    });
    await this.#readWaiting();
  }

  close(): void {
    this.#isClosed = true;
    this.#feed?.close();
  }

  #hear(event: Event): void {
    if (this.#isReading) {
      this.#held.push(event);
      return;
    }
    const { item } = event.data;
    // Too big to be pushed along: it is read.
    if (item === undefined) void this.#readWaiting();
    else if (event.type === 'message.returned') this.#take(item);
    else if (item.cursor > this.#place) {
      this.#place = item.cursor;
      this.#take(item);
    }
  }

  /** What waits after the last place; then what was pushed meanwhile. */
  async #readWaiting(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    const read = new Set<string>();
    for (let isMore = true; isMore && !this.#isClosed;) {
      const after = this.#place;
      const page = await this.#insist(() =>
        this.#client.message.read({ after, limit: limits.pageMax }),
      );
      if (page === undefined) break;
      for (const item of page.items) {
        read.add(item.message.id);
        this.#take(item);
      }
      this.#place = Math.max(after, page.nextCursor);
      // A page ends by its count or by its size: only an empty one says that there is no more.
      isMore = page.items.length > 0;
    }
    this.#isReading = false;
    const held = this.#held.splice(0);
    for (const event of held) if (!read.has(event.subject)) this.#hear(event);
  }

  #take(item: InboxItem): void {
    const { id, type } = item.message;
    if (this.#isClosed || this.#taken.has(id)) return;
    if (this.#wanted.types?.includes(type) === false) return;
    this.#taken.add(id);
    this.#queue.push(item);
    if (!this.#isWorking) void this.#work();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    for (;;) {
      const item = this.#queue.shift();
      if (item === undefined || this.#isClosed) break;
      await this.#handle(item);
    }
    this.#isWorking = false;
  }

  async #handle(item: InboxItem): Promise<void> {
    const { id } = item.message;
    try {
      const handling = this.#wanted.onItem(item);
      if (handling !== undefined) {
        void this.#offer(item.cursor);
        await handling;
      }
    } catch (error) {
      this.#taken.delete(id);
      this.#wanted.onError?.(error, item);
      return;
    }
    if (this.#wanted.acknowledges === false) return;
    this.#acks.push(id);
    if (!this.#isAcking) void this.#acknowledge();
  }

  async #acknowledge(): Promise<void> {
    this.#isAcking = true;
    // What is handled in the same turn goes along.
    await Promise.resolve();
    while (this.#acks.length > 0) {
      const ids = this.#acks.slice(0, limits.ackMax);
      this.#acks = this.#acks.slice(ids.length);
      const answer = await this.#insist(() => this.#client.message.ack({ ids }));
      for (const id of ids) this.#taken.delete(id);
      if (answer !== undefined) this.#wanted.onAcked?.(ids);
    }
    this.#isAcking = false;
  }

  /** Says that a program has the messages, where the one who reads them takes longer. */
  async #offer(cursor: number): Promise<void> {
    this.#offered = Math.max(this.#offered, cursor);
    if (this.#isOffering) return;
    this.#isOffering = true;
    for (let told = 0; told < this.#offered;) {
      const upTo = this.#offered;
      await this.#insist(() => this.#client.message.offered({ upTo }));
      told = upTo;
    }
    this.#isOffering = false;
  }

  /** A hub that is away is asked again; undefined where it refuses, or nobody wants it any more. */
  async #insist<Answer>(ask: () => Promise<Answer>): Promise<Answer | undefined> {
    while (!this.#isClosed) {
      try {
        return await ask();
      } catch (error) {
        if (this.#isClosed) return undefined;
        if (!goesOn(error)) {
          this.#wanted.onError?.(error);
          return undefined;
        }
        await this.#clock.sleep(known(error).retryAfterMs ?? AGAIN_MS);
      }
    }
    return undefined;
  }
}
