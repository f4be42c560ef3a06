/** What was posted to a channel: it stands once, and whoever reads brings a cursor. */
import { channelKey, limits, type Output, type Parsed } from '../../contract/index.ts';
import { findChannel, listUnread, refuseFuturePlace } from '../channel/index.ts';
import type { QueryContext } from '../event/index.ts';
import {
  type At,
  countPosts,
  findPlaceBefore,
  isWholePage,
  listPosted,
  type MessageRow,
} from './queries.ts';
import { toMessage } from './view.ts';

export async function read(
  { db, actor }: QueryContext,
  input: Parsed<'channel.read'>,
): Promise<Output<'channel.read'>> {
  const at = { project: actor.project, channel: channelKey(input.name) };
  const headCursor = (await findChannel(db, at))?.last_seq ?? 0;
  refuseFuturePlace(input.after ?? 0, headCursor);
  const after = await startOf({ db, at, headCursor }, input);
  const rows = await listPosted(db, { ...at, after, limit: input.limit });
  const last = rows.at(-1)?.channel_seq ?? after;
  return {
    items: rows.map(toPosted),
    nextCursor: isWholePage(rows, input.limit) ? last : Math.max(last, headCursor),
    headCursor,
  };
}

/** Own posts are passed over: nobody is told what it wrote itself. */
export async function unread(
  { db, actor }: QueryContext,
  { limit }: Parsed<'channel.unread'>,
): Promise<Output<'channel.unread'>> {
  const { project, key } = actor;
  const channels = await listUnread(db, { project, key, limit: limits.pageMax });
  const items: Output<'channel.unread'>['items'] = [];
  let isMore = false;
  for (const { channel, cursor_seq: after } of channels) {
    const left = limit - items.length;
    isMore ||= left === 0;
    if (left === 0) break;
    const rows = await listPosted(db, { project, channel, after, limit: left, notFrom: key });
    items.push(...rows.map((row) => ({ channel, ...toPosted(row) })));
    isMore ||= isWholePage(rows, left);
  }
  return { items, isMore };
}

interface Place {
  db: QueryContext['db'];
  at: At;
  headCursor: number;
}

/** After a cursor, since a time (what was posted at that very moment belongs to it), or the end. */
async function startOf(
  { db, at, headCursor }: Place,
  { after, sinceMs, limit }: Parsed<'channel.read'>,
): Promise<number> {
  if (sinceMs === undefined) return after ?? Math.max(0, headCursor - limit);
  const before = (await findPlaceBefore(db, at, sinceMs))?.seq ?? 0;
  return Math.max(after ?? 0, before);
}

function toPosted(row: MessageRow): Output<'channel.read'>['items'][number] {
  return { cursor: row.channel_seq ?? 0, message: toMessage(row) };
}

export async function stats(
  { db, actor }: QueryContext,
  input: Parsed<'channel.stats'>,
): Promise<Output<'channel.stats'>> {
  const rows = await countPosts(db, {
    project: actor.project,
    channel: input.name === undefined ? undefined : channelKey(input.name),
    sinceMs: input.sinceMs ?? 0,
    limit: limits.pageMax,
  });
  return {
    items: rows.map((row) => ({
      channel: row.channel,
      agent: row.sender,
      messages: row.count,
      lastAtMs: row.last_at_ms,
    })),
  };
}
