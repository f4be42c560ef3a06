/**
 * The table of events: the outbox of everything that happened, in one order, read by integer
 * cursor.
 *
 * On SQLite the number of an event is its key: writers are serial, so numbers appear in order. On
 * PostgreSQL a slow writer may commit after a later one, and a reader who has passed would never
 * see it. So there events are committed without a number, and `numberEvents` gives committed ones
 * their numbers, one hub at a time; readers see numbered events only. Once a number is visible,
 * nothing smaller appears.
 */
import type { Db, Store, Tx } from './db.ts';
import { limitTo, sql } from './sql.ts';

export interface NewEvent {
  project: string;
  atMs: number;
  type: string;
  subject: string;
  actor: string;
  /** The agent it is addressed to, or null for whoever may read the project. */
  audience: string | null;
  /** JSON. */
  data: string;
}

export interface StoredEvent extends NewEvent {
  seq: number;
}

/** Written with the transaction; listeners are woken once it is committed. */
export async function appendEvent(tx: Tx, event: NewEvent): Promise<void> {
  tx.wakeAfterCommit();
  const { project, atMs, type, subject, actor, audience, data } = event;
  await tx.run(sql`insert into events (project, at_ms, type, subject, actor, audience, data)
    values (${project}, ${atMs}, ${type}, ${subject}, ${actor}, ${audience}, ${data})`);
}

export interface EventRange {
  /** 0 reads from the beginning. */
  afterSeq: number;
  project?: string;
  limit: number;
}

/** Ascending by seq. */
export function readEvents(db: Db, range: EventRange): Promise<StoredEvent[]> {
  const { afterSeq, project, limit } = range;
  if (project === undefined) {
    return db.all(sql`select seq, project, at_ms as "atMs", type, subject, actor, audience, data
      from events where seq > ${afterSeq} order by seq ${limitTo(limit)}`);
  }
  return db.all(sql`select seq, project, at_ms as "atMs", type, subject, actor, audience, data
    from events where project = ${project} and seq > ${afterSeq} order by seq ${limitTo(limit)}`);
}

/** A store, or a transaction that reads as one. */
export type Readable = Pick<Store, 'read' | 'dialect'>;

/** The number of the newest event, 0 when there never was one. */
export async function latestSeq(store: Readable): Promise<number> {
  const row = await store.read.get<{ seq: number }>(store.dialect.latestEventSeq);
  return row?.seq ?? 0;
}

/** The oldest event that is still kept; when none is, the number that the next one gets. */
export async function earliestSeq(store: Readable): Promise<number> {
  const row = await store.read.get<{ seq: number | null }>(sql`select min(seq) as seq from events`);
  return row?.seq ?? (await latestSeq(store)) + 1;
}

/** Bounds one transaction; after a long standstill there are more, and they take several. */
const NUMBERED_AT_ONCE = 1000;

/**
 * After it, everything that was committed before the call has its number. Nothing to do on SQLite.
 * The lock on the counter's row makes hubs take turns, and each statement after it sees what the
 * turn before has committed. What is numbered at once keeps the order in which it was written.
 */
export async function numberEvents(store: Store): Promise<void> {
  if (store.engine === 'sqlite') return;
  const waiting = await store.read.get(sql`select 1 as one from events where seq is null limit 1`);
  if (waiting === undefined) return;
  let count = NUMBERED_AT_ONCE;
  while (count === NUMBERED_AT_ONCE) count = await store.transaction(numberSome);
}

async function numberSome(tx: Tx): Promise<number> {
  await tx.get(sql`select last from event_numbers for update`);
  const count = await tx.run(sql`update events set seq = numbered.seq
    from (
      select id, (select last from event_numbers) + row_number() over (order by id) as seq
      from (
        select id from events where seq is null order by id ${limitTo(NUMBERED_AT_ONCE)}
      ) as waiting
    ) as numbered
    where events.id = numbered.id`);
  await tx.run(sql`update event_numbers set last = last + ${count}`);
  return count;
}
