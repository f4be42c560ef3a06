/**
 * Fan-out of the log of events to whoever listens, resumed by cursor without a gap or a repeat.
 *
 * A reader is either *live*, and then it has had everything that this feed has read, or it is
 * behind and reads pages of the table by its own cursor until it has caught up. A reader that is
 * full goes behind again, so a slow one costs no memory here: the table is its buffer.
 */
import {
  type EventFilter,
  type EventFrame,
  EventType,
  SignalboxError,
  type Subscription,
} from '../contract/index.ts';
import { type Actor, checkCursor, isKnown, isWanted } from '../domain/event/index.ts';
import type { Store } from '../store/db.ts';
import { latestSeq, numberEvents, readEvents, type StoredEvent } from '../store/events.ts';

const PAGE = 500;

/** An event with its wire text, made once for all readers. */
interface Frame extends EventFrame {
  project: string;
}

interface Reader {
  actor: Actor;
  filter: EventFilter;
  cursor: number;
  isClosed: boolean;
  isReading: boolean;
  deliver: Subscription['deliver'];
  end: Subscription['end'];
}

export interface FeedReader {
  drain: () => void;
  close: () => void;
}

export class EventFeed {
  readonly #store: Store;
  readonly #onEvent: (event: StoredEvent) => void;
  readonly #onError: (error: unknown) => void;
  readonly #live = new Set<Reader>();
  readonly #behind = new Set<Reader>();
  readonly #stopListening: () => void;
  #head = 0;
  #pumping: Promise<void> | undefined = undefined;
  #isMore = false;
  #isClosed = false;

  /** `onEvent` hears every event once, in order, before its readers do. */
  constructor(
    store: Store,
    onEvent: (event: StoredEvent) => void,
    onError: (error: unknown) => void,
  ) {
    this.#store = store;
    this.#onEvent = onEvent;
    this.#onError = onError;
    this.#stopListening = store.wakeup.onWake(() => this.wake());
  }

  async open(): Promise<void> {
    await numberEvents(this.#store);
    this.#head = await latestSeq(this.#store);
  }

  /** Reads what is new. A hint: calling it too often or for nothing does no harm. */
  wake(): void {
    this.#isMore = true;
    if (this.#pumping !== undefined || this.#isClosed) return;
    this.#pumping = this.#pump()
      .catch((error: unknown) => this.#onError(error))
      .finally(() => {
        this.#pumping = undefined;
        if (this.#isMore) this.wake();
      });
  }

  async subscribe(actor: Actor, subscription: Subscription): Promise<FeedReader> {
    const { after, filter, deliver, end } = subscription;
    await checkCursor(this.#store, after);
    const reader: Reader = {
      actor,
      filter,
      cursor: after,
      isClosed: false,
      isReading: false,
      deliver,
      end,
    };
    this.#behind.add(reader);
    void this.#catchUp(reader);
    return {
      drain: () => void this.#catchUp(reader),
      close: () => this.#drop(reader),
    };
  }

  /** Does a socket of this agent take its mail from here, with nothing left to catch up on? */
  isListening(project: string, key: string): boolean {
    for (const { actor, filter } of this.#live) {
      const isIts = actor.project === project && actor.key === key && filter.mine === true;
      if (isIts && (filter.types?.includes('message.stored') ?? true)) return true;
    }
    return false;
  }

  /** Lets go of the readers that a token opened. */
  endOf(tokenId: string, reason: SignalboxError): void {
    for (const reader of [...this.#live, ...this.#behind]) {
      if (reader.actor.tokenId === tokenId) this.#finish(reader, reason);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopListening();
    await this.#pumping;
    const reason = new SignalboxError('unavailable', 'the hub is closing', { retryAfterMs: 1_000 });
    for (const reader of [...this.#live, ...this.#behind]) this.#finish(reader, reason);
  }

  async #pump(): Promise<void> {
    while (this.#isMore && !this.#isClosed) {
      this.#isMore = false;
      await numberEvents(this.#store);
      const range = { afterSeq: this.#head, limit: PAGE };
      const events = await readEvents(this.#store.read, range);
      if (events.length === PAGE) this.#isMore = true;
      for (const event of events) this.#publish(event);
    }
  }

  #publish(event: StoredEvent): void {
    this.#head = event.seq;
    this.#onEvent(event);
    let frame: Frame | undefined;
    for (const reader of this.#live) {
      // Its cursor may come from the table, or from another hub, which were ahead of this feed.
      if (event.seq <= reader.cursor) continue;
      reader.cursor = event.seq;
      if (!isFor(event, reader)) continue;
      frame ??= frameOf(event);
      if (reader.deliver(frame)) continue;
      this.#live.delete(reader);
      this.#behind.add(reader);
    }
  }

  /** Reads pages until nothing is left that this feed has read, then goes live in the same turn. */
  async #catchUp(reader: Reader): Promise<void> {
    if (reader.isReading || reader.isClosed || this.#live.has(reader)) return;
    reader.isReading = true;
    try {
      while (!reader.isClosed && reader.cursor < this.#head) {
        if (!(await this.#readPage(reader))) return;
      }
      if (reader.isClosed) return;
      this.#behind.delete(reader);
      this.#live.add(reader);
    } catch (error) {
      this.#onError(error);
      this.#finish(reader, new SignalboxError('unavailable', 'the events cannot be read now'));
    } finally {
      reader.isReading = false;
    }
  }

  /** False where the reader is full: it says when it goes on. */
  async #readPage(reader: Reader): Promise<boolean> {
    const { project } = reader.actor;
    const upTo = this.#head;
    const range = { afterSeq: reader.cursor, project, limit: PAGE };
    const events = await readEvents(this.#store.read, range);
    for (const event of events) {
      if (reader.isClosed) return false;
      // What came after the page was asked for is left for when the head has passed it.
      if (event.seq > upTo) break;
      reader.cursor = event.seq;
      if (isFor(event, reader) && !reader.deliver(frameOf(event))) return false;
    }
    if (events.length < PAGE) reader.cursor = Math.max(reader.cursor, upTo);
    return true;
  }

  #finish(reader: Reader, reason: SignalboxError): void {
    if (reader.isClosed) return;
    this.#drop(reader);
    reader.end(reason);
  }

  #drop(reader: Reader): void {
    reader.isClosed = true;
    this.#live.delete(reader);
    this.#behind.delete(reader);
  }
}

function isFor(event: StoredEvent, reader: Reader): boolean {
  const { actor, filter } = reader;
  return event.project === actor.project && isWanted(event, filter, actor) && isKnown(event);
}

/** The data is JSON text already: it is put into the frame as it is. */
function frameOf(stored: StoredEvent): Frame {
  const { seq, atMs, type, subject, actor, audience, data, project } = stored;
  const head = JSON.stringify({ seq, atMs, type, subject, actor, audience });
  const json = `${head.slice(0, -1)},"data":${data}}`;
  return { seq, type: EventType.parse(type), subject, audience, project, json };
}
