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

export interface MessagePage {
  project: string;
  beforeId: string;
  limit: number;
  thread: string | undefined;
  fromKey: string | undefined;
  toKey: string | undefined;
  channel: string | undefined;
  type: string | undefined;
  /** A pattern of `like`, with its signs escaped by a backslash. */
  pattern: string | undefined;
  /** Whoever does not see all sees what he sent, what he got, and what is in channels. */
  readerKey: string | undefined;
}

/** Newest first. */
export function listMessages(db: Db, page: MessagePage): Promise<MessageRow[]> {
  const { readerKey, toKey } = page;
  const narrowed = [
    page.thread === undefined ? undefined : sql`m.thread = ${page.thread}`,
    page.fromKey === undefined ? undefined : sql`m.sender_key = ${page.fromKey}`,
    toKey === undefined ? undefined : hasRecipient(toKey),
    page.channel === undefined ? undefined : sql`m.channel = ${page.channel}`,
    page.type === undefined ? undefined : sql`m.type = ${page.type}`,
    page.pattern === undefined ? undefined : sql`lower(m.body) like ${page.pattern} escape '\\'`,
    readerKey === undefined
      ? undefined
      : sql`(m.channel is not null or m.sender_key = ${readerKey} or ${hasRecipient(readerKey)})`,
  ].filter((condition) => condition !== undefined);
  const conditions = [sql`m.project = ${page.project}`, sql`m.id < ${page.beforeId}`, ...narrowed];
  return db.all(sql`
    select m.* from messages m where ${join(conditions, ' and ')}
    order by m.id desc ${limitTo(page.limit)}`);
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
}

export function listPosted(db: Db, page: PostPage): Promise<MessageRow[]> {
  return db.all(sql`
    select * from messages
    where project = ${page.project} and channel = ${page.channel} and channel is not null
      and channel_seq > ${page.after}
    order by channel_seq ${limitTo(page.limit)}`);
}

/** The first place that was taken at this time or later; places and times grow together. */
export function findPlaceSince(
  db: Db,
  at: At,
  sinceMs: number,
): Promise<{ seq: number | null } | undefined> {
  return db.get(sql`
    select min(channel_seq) as seq from messages
    where project = ${at.project} and channel = ${at.channel} and channel is not null
      and created_at_ms >= ${sinceMs}`);
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

/** The busiest first. */
export function countPosts(db: Db, page: StatPage): Promise<StatRow[]> {
  const one = page.channel === undefined ? sql`1 = 1` : sql`channel = ${page.channel}`;
  return db.all(sql`
    select channel, max(sender) as sender, count(*) as count, max(created_at_ms) as last_at_ms
    from messages
    where project = ${page.project} and channel is not null and created_at_ms >= ${page.sinceMs}
      and ${one}
    group by channel, sender_key
    order by count desc, channel, sender_key ${limitTo(page.limit)}`);
}
