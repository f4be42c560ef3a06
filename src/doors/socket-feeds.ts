/**
 * The subscriptions of one socket: events go out as they come, as fast as the reader takes them.
 * What waits for a slow one waits in the table, and hardly here: there may be many of them.
 */
import {
  type Connection,
  type Credential,
  type Feed,
  limits,
  SignalboxError,
} from '../contract/index.ts';
import { bodyOf, type SubscribeFrame } from './socket-frames.ts';
import type { SocketWire } from './socket-wire.ts';

export class SocketFeeds {
  readonly #connection: Connection;
  readonly #wire: SocketWire;
  /** Undefined while it is being opened: what is asked for at once is bounded too. */
  readonly #feeds = new Map<number, Feed | undefined>();
  readonly #full = new Set<number>();

  constructor(connection: Connection, wire: SocketWire) {
    this.#connection = connection;
    this.#wire = wire;
  }

  /** The answer goes out before the first event. */
  async open({ id, subscribe }: SubscribeFrame, credential: Credential): Promise<void> {
    this.#checkFree(id);
    this.#feeds.set(id, undefined);
    const early: string[] = [];
    let push = (text: string): void => void early.push(text);
    const opening = this.#connection.subscribe({
      ...subscribe,
      credential,
      deliver: ({ json }) => {
        push(`{"sub":${id},"event":${json}}`);
        const isFull = this.#wire.unsent >= limits.feedBufferBytesMax;
        if (isFull) this.#full.add(id);
        return !isFull;
      },
      end: (reason) => {
        this.#feeds.delete(id);
        push(JSON.stringify({ sub: id, end: bodyOf(reason) }));
      },
    });
    await this.#keep(id, opening);
    push = (text) => this.#wire.write(text, () => this.#sent(id));
    push(JSON.stringify({ id, ok: {} }));
    for (const text of early) push(text);
  }

  /** One that was closed while it was being opened is let go. */
  async #keep(id: number, opening: Promise<Feed>): Promise<void> {
    try {
      const feed = await opening;
      if (this.#feeds.has(id)) this.#feeds.set(id, feed);
      else feed.close();
    } catch (error) {
      this.#feeds.delete(id);
      throw error;
    }
  }

  close(id: number): void {
    this.#feeds.get(id)?.close();
    this.#feeds.delete(id);
  }

  closeAll(): void {
    for (const id of this.#feeds.keys()) this.close(id);
  }

  #checkFree(id: number): void {
    if (this.#feeds.has(id)) throw new SignalboxError('invalid_input', `id ${id} is in use`);
    if (this.#feeds.size < limits.subscriptionsPerSocketMax) return;
    const message = `a socket may have ${limits.subscriptionsPerSocketMax} subscriptions`;
    throw new SignalboxError('too_large', message, { hint: 'End some, or open another socket.' });
  }

  #sent(id: number): void {
    if (!this.#full.has(id) || this.#wire.unsent > limits.feedBufferBytesMax / 2) return;
    this.#full.delete(id);
    this.#feeds.get(id)?.drain();
  }
}
