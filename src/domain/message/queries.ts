/** Where messages are, and what was posted to channels: one statement a function. */
import type { Priority } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { join, limitTo, type Sql, sql } from '../../store/sql.ts';

export interface MessageRow {
  id: string;
  project: string;
  sender: string;
  sender_key: string;
  /** JSON of the recipient as it was named. */
  recipient: string;
  type: string;
  body: string;
  /** JSON. */
  data: string | null;
  thread: string | null;
  reply_to: string | null;
  priority: Priority;
  is_signal: number;
  channel: string | null;
  channel_seq: number | null;
  created_at_ms: number;
  expires_at_ms: number | null;
}

/** A page ends with the message that brings its texts over this, so that no answer is vast. */
export const PAGE_BYTES = 1_000_000;
export const bytesOf = sql`octet_length(m.body) + coalesce(octet_length(m.data), 0) as bytes`;

/** Whether more may follow: the page has as many as were asked for, or as much as it may hold. */
export function isWholePage(
  rows: readonly Pick<MessageRow, 'body' | 'data'>[],
  limit: number,
): boolean {
  if (rows.length === limit) return true;
  const bytes = ({ body, data }: Pick<MessageRow, 'body' | 'data'>): number =>
    Buffer.byteLength(body) + Buffer.byteLength(data ?? '');
  return rows.reduce((sum, row) => sum + bytes(row), 0) >= PAGE_BYTES;
}

export async function insertMessage(tx: Tx, row: MessageRow): Promise<void> {
  await tx.run(sql`
    insert into messages (id, project, sender, sender_key, recipient, type, body, data, thread,
      reply_to, priority, is_signal, channel, channel_seq, created_at_ms, expires_at_ms)
    values (${row.id}, ${row.project}, ${row.sender}, ${row.sender_key}, ${row.recipient},
      ${row.type}, ${row.body}, ${row.data}, ${row.thread}, ${row.reply_to}, ${row.priority},
      ${row.is_signal}, ${row.channel}, ${row.channel_seq}, ${row.created_at_ms},
      ${row.expires_at_ms})`);
}

export function findMessage(db: Db, project: string, id: string): Promise<MessageRow | undefined> {
  return db.get(sql`select * from messages where id = ${id} and project = ${project}`);
}

export interface MessagePage extends Look {
  fromId: string;
  limit: number;
  fromKey: string | undefined;
  toKey: string | undefined;
  channel: string | undefined;
  type: string | undefined;
  /** A pattern of `like`, with `%`, `_` and the backslash escaped by a backslash. */
  pattern: string | undefined;
  /** Whoever does not see all sees what he sent, what he got, and what is in channels. */
  readerKey: string | undefined;
}

/** Newest first, of those from `fromId` on. */
export function listMessages(db: Db, page: MessagePage): Promise<MessageRow[]> {
  const { readerKey, toKey } = page;
  const narrowed = [
    page.fromKey === undefined ? undefined : sql`m.sender_key = ${page.fromKey}`,
    toKey === undefined ? undefined : hasRecipient(toKey),
    page.channel === undefined ? undefined : sql`m.channel = ${page.channel}`,
    page.type === undefined ? undefined : sql`m.type = ${page.type}`,
    page.pattern === undefined ? undefined : sql`lower(m.body) like ${page.pattern} escape '\\'`,
    readerKey === undefined
      ? undefined
      : sql`(m.channel is not null or m.sender_key = ${readerKey} or ${hasRecipient(readerKey)})`,
  ].filter((condition) => condition !== undefined);
  const conditions = [within(page), sql`m.id >= ${page.fromId}`, ...narrowed];
  return db.all(sql`
    select m.* from (
      select id, sum(bytes) over (order by id desc) - bytes as bytes_before from (
        select m.id, ${bytesOf} from messages m where ${join(conditions, ' and ')}
        order by m.id desc ${limitTo(page.limit)}
      ) as found
    ) as page join messages m on m.id = page.id
    where page.bytes_before < ${PAGE_BYTES} order by m.id desc`);
}

/** How far one look at the history goes: nobody's search may hold up the hub. */
export const LOOKED_AT = 20_000;

/** The last message that such a look comes to; undefined where it comes to the beginning. */
export async function findEndOfLook(db: Db, look: Look): Promise<string | undefined> {
  const row = await db.get<{ id: string | null; count: number }>(sql`
    select min(id) as id, count(*) as count from (
      select m.id from messages m where ${within(look)} order by m.id desc ${limitTo(LOOKED_AT)}
    ) as looked`);
  return row?.count === LOOKED_AT ? (row.id ?? undefined) : undefined;
}

/** What is indexed; everything else is looked for within it. */
export interface Look {
  project: string;
  beforeId: string;
  thread: string | undefined;
}

function within({ project, beforeId, thread }: Look): Sql {
  const all = sql`m.project = ${project} and m.id < ${beforeId}`;
  return thread === undefined ? all : sql`${all} and m.thread = ${thread} and m.thread is not null`;
}

function hasRecipient(key: string): Sql {
  return sql`exists (select 1 from deliveries d
    where d.message_id = m.id and d.recipient_key = ${key})`;
}

/** One channel in one project. */
export interface At {
  project: string;
  channel: string;
}

export interface PostPage extends At {
  after: number;
  limit: number;
  /** By whom it was not posted. */
  notFrom?: string;
}

export function listPosted(db: Db, page: PostPage): Promise<MessageRow[]> {
  return db.all(sql`
    select m.* from (
      select id, sum(bytes) over (order by channel_seq) - bytes as bytes_before from (
        select m.id, m.channel_seq, ${bytesOf} from messages m
        where m.project = ${page.project} and m.channel = ${page.channel}
          and m.channel is not null and m.channel_seq > ${page.after}
          and m.sender_key <> ${page.notFrom ?? ''}
        order by m.channel_seq ${limitTo(page.limit)}
      ) as found
    ) as page join messages m on m.id = page.id
    where page.bytes_before < ${PAGE_BYTES} order by m.channel_seq`);
}

/** The last place that was taken before this time; places and times grow together. */
export function findPlaceBefore(
  db: Db,
  at: At,
  sinceMs: number,
): Promise<{ seq: number } | undefined> {
  return db.get(sql`
    select channel_seq as seq from messages
    where project = ${at.project} and channel = ${at.channel} and channel is not null
      and created_at_ms < ${sinceMs}
    order by channel_seq desc limit 1`);
}

export interface StatRow {
  channel: string;
  sender: string;
  count: number;
  last_at_ms: number;
}

export interface StatPage {
  project: string;
  channel: string | undefined;
  sinceMs: number;
  limit: number;
}

/** Of the newest so many in each channel, so that a long history costs no more than a short. */
const COUNTED = 10_000;

/** The busiest first. */
export function countPosts(db: Db, page: StatPage): Promise<StatRow[]> {
  const one = page.channel === undefined ? sql`1 = 1` : sql`c.key = ${page.channel}`;
  return db.all(sql`
    select m.channel, max(m.sender) as sender, count(*) as count,
      max(m.created_at_ms) as last_at_ms
    from channels c join messages m on m.project = c.project and m.channel = c.key
      and m.channel is not null and m.channel_seq > c.last_seq - ${COUNTED}
    where c.project = ${page.project} and m.created_at_ms >= ${page.sinceMs} and ${one}
    group by m.channel, m.sender_key
    order by count desc, m.channel, m.sender_key ${limitTo(page.limit)}`);
}
