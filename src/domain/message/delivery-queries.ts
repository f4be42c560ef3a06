/** Where deliveries and mailboxes are: one statement a function. */
import type { DeliveryState } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { join, limitTo, type Sql, sql } from '../../store/sql.ts';
import type { Box } from './mailbox-queries.ts';
import { bytesOf, type MessageRow, PAGE_BYTES } from './queries.ts';

export interface DeliveryRow {
  project: string;
  recipient_key: string;
  seq: number;
  message_id: string;
  recipient: string;
  sender_key: string;
  /** Of its message: what is wanted by its type is found along an index. */
  type: string;
  is_signal: number;
  state: DeliveryState;
  stored_at_ms: number;
  offered_at_ms: number | null;
  seen_at_ms: number | null;
  acked_at_ms: number | null;
  answered_at_ms: number | null;
  hand_outs: number;
  failures: number;
  available_at_ms: number;
  lease_until_ms: number | null;
  expires_at_ms: number | null;
  reason: string | null;
  next_check_ms: number | null;
  version: number;
}

/**
 * The one meaning of "waits to be taken": every reader, counter and quota asks in these words. What
 * waits or is in somebody's hands is *open*.
 */
const isOpen = sql`d.next_check_ms is not null`;
const isPending = (nowMs: number): Sql => sql`d.state = 'pending' and d.next_check_ms is not null
  and d.available_at_ms <= ${nowMs} and (d.expires_at_ms is null or d.expires_at_ms > ${nowMs})`;

/** What reads a mailbox: rows in the order of their places. */
export interface BoxPage extends Box {
  after: number;
  upTo: number;
  limit: number;
  nowMs: number;
  isPending: boolean;
  types?: readonly string[] | undefined;
  thread?: string | undefined;
}

/** A delivery with its message. */
export type ItemRow = DeliveryRow &
  Omit<MessageRow, 'project' | 'recipient' | 'is_signal' | 'type'> & {
    addressed: string;
  };

const itemColumns = sql`d.*, m.id, m.sender, m.recipient as addressed, m.body, m.data,
  m.thread, m.reply_to, m.priority, m.channel, m.channel_seq, m.created_at_ms`;

export function listItems(db: Db, page: BoxPage): Promise<ItemRow[]> {
  return db.all(sql`
    select ${itemColumns} from (
      select seq, sum(bytes) over (order by seq) - bytes as bytes_before from (
        ${stretches(page, sql`d.seq, ${bytesOf}`)} order by seq ${limitTo(page.limit)}
      ) as found
    ) as page
    join deliveries d on d.project = ${page.project} and d.recipient_key = ${page.key}
      and d.seq = page.seq
    join messages m on m.id = d.message_id
    where page.bytes_before < ${PAGE_BYTES} order by d.seq`);
}

/** Each type that waits is a stretch of an index, so what lies between costs nothing. */
function stretches(page: BoxPage, columns: Sql): Sql {
  const { types } = page;
  if (types === undefined) return stretch(page, columns, sql`1 = 1`);
  if (!page.isPending) return stretch(page, columns, sql`d.type in (${join(types)})`);
  const each = [...new Set(types)].map((type) => stretch(page, columns, sql`d.type = ${type}`));
  return join(each, ' union all ');
}

function stretch(page: BoxPage, columns: Sql, ofType: Sql): Sql {
  const ofState = page.isPending ? isPending(page.nowMs) : sql`1 = 1`;
  const ofThread = page.thread === undefined ? sql`1 = 1` : sql`m.thread = ${page.thread}`;
  return sql`select * from (
    select ${columns} from deliveries d join messages m on m.id = d.message_id
    where d.project = ${page.project} and d.recipient_key = ${page.key} and ${ofState}
      and ${ofType} and ${ofThread} and d.seq > ${page.after} and d.seq <= ${page.upTo}
    order by d.seq ${limitTo(page.limit)}) as stretch`;
}

export function findItems(
  db: Db,
  { project, key }: Box,
  seqs: readonly number[],
): Promise<ItemRow[]> {
  return db.all(sql`
    select ${itemColumns} from deliveries d join messages m on m.id = d.message_id
    where d.project = ${project} and d.recipient_key = ${key}
      and d.seq in (${join(padded(seqs))})`);
}

/** Of what waits, only what decides its order. */
export type WaitingRow = Pick<DeliveryRow, 'seq' | 'sender_key' | 'message_id'> &
  Pick<MessageRow, 'thread' | 'priority'> & { bytes: number };

export function listWaiting(db: Db, page: Omit<BoxPage, 'isPending'>): Promise<WaitingRow[]> {
  const columns = sql`d.seq, d.sender_key, d.message_id, m.thread, m.priority, ${bytesOf}`;
  return db.all(sql`
    ${stretches({ ...page, isPending: true }, columns)} order by seq ${limitTo(page.limit)}`);
}

export interface Counted extends Box {
  nowMs: number;
  countMax: number;
}

export async function countPending(db: Db, box: Counted): Promise<number> {
  const row = await db.get<{ count: number }>(sql`
    select count(*) as count from (
      select 1 as one from deliveries d
      where d.project = ${box.project} and d.recipient_key = ${box.key}
        and ${isPending(box.nowMs)}
      ${limitTo(box.countMax)}
    ) as waiting`);
  return row?.count ?? 0;
}

/** How many of the last places in a mailbox are open and of this sender. */
export async function countLastOf(db: Db, box: Box, { after, senderKey }: LastOf): Promise<number> {
  const row = await db.get<{ count: number }>(sql`
    select count(*) as count from deliveries d
    where d.project = ${box.project} and d.recipient_key = ${box.key} and d.seq > ${after}
      and d.sender_key = ${senderKey} and ${isOpen}`);
  return row?.count ?? 0;
}

export interface LastOf {
  after: number;
  senderKey: string;
}

/**
 * Those of these messages that lie in the mailbox, whatever their state. The project is looked at
 * here: said in the statement it would lead SQLite through the whole mailbox.
 */
export async function findDeliveries(
  db: Db,
  { project, key }: Box,
  ids: readonly string[],
): Promise<DeliveryRow[]> {
  const rows = await db.all<DeliveryRow>(sql`
    select * from deliveries
    where message_id in (${join(padded(ids))}) and recipient_key = ${key} order by seq`);
  return rows.filter((row) => row.project === project);
}

export function findDelivery(
  tx: Tx,
  { project, key }: Box,
  messageId: string,
): Promise<DeliveryRow | undefined> {
  return tx.get(sql`
    select * from deliveries
    where message_id = ${messageId} and recipient_key = ${key} and project = ${project}
    ${tx.dialect.forUpdate}`);
}

export function listDeliveries(db: Db, messageId: string, limit: number): Promise<DeliveryRow[]> {
  return db.all(sql`
    select * from deliveries where message_id = ${messageId}
    order by recipient_key ${limitTo(limit)}`);
}

/** Places in the mailbox up to a cursor that were offered and are open. */
export function listOffered(db: Db, { project, key }: Box, range: Range): Promise<DeliveryRow[]> {
  return db.all(sql`
    select d.* from deliveries d
    where d.project = ${project} and d.recipient_key = ${key} and d.seq > ${range.after}
      and d.seq <= ${range.upTo} and d.offered_at_ms is not null and ${isOpen}
    order by d.seq ${limitTo(range.limit)}`);
}

export interface Range {
  after: number;
  upTo: number;
  limit: number;
}

export function listDueDeliveries(
  db: Db,
  nowMs: number,
  limit: number,
): Promise<Pick<DeliveryRow, 'project' | 'recipient_key' | 'message_id'>[]> {
  return db.all(sql`
    select project, recipient_key, message_id from deliveries
    where next_check_ms is not null and next_check_ms <= ${nowMs}
    order by next_check_ms ${limitTo(limit)}`);
}

export interface DeadPage {
  project: string;
  /** Ends of the page before, in both keys. */
  afterId: string;
  afterKey: string;
  limit: number;
  readerKey: string | undefined;
}

export function listDead(db: Db, page: DeadPage): Promise<ItemRow[]> {
  const { readerKey } = page;
  const mine =
    readerKey === undefined
      ? sql`1 = 1`
      : sql`(d.recipient_key = ${readerKey} or d.sender_key = ${readerKey})`;
  const place = sql`d.message_id, d.recipient_key`;
  return db.all(sql`
    select ${itemColumns} from (
      select message_id, recipient_key,
        sum(bytes) over (order by message_id, recipient_key) - bytes as bytes_before
      from (
        select ${place}, ${bytesOf} from deliveries d join messages m on m.id = d.message_id
        where d.project = ${page.project} and d.state = 'dead'
          and (${place}) > (${page.afterId}, ${page.afterKey}) and ${mine}
        order by ${place} ${limitTo(page.limit)}
      ) as found
    ) as page
    join deliveries d on d.message_id = page.message_id and d.recipient_key = page.recipient_key
    join messages m on m.id = d.message_id
    where page.bytes_before < ${PAGE_BYTES} order by ${place}`);
}

/** Filled up to a power of two, so that a few texts serve lists of every length. */
export function padded<Item>(list: readonly Item[]): Item[] {
  const last = list.at(-1);
  if (last === undefined) return [];
  const length = 2 ** Math.ceil(Math.log2(list.length));
  return [...list, ...Array.from({ length: length - list.length }, () => last)];
}
