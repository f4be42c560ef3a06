/** Looking at messages that were sent: who may, and what there is. */
import { channelKey, nameKey, type Output, type Parsed } from '../../contract/index.ts';
import { type QueryContext, seesAll } from '../event/index.ts';
import { listDead, listDeliveries } from './delivery-queries.ts';
import { findEndOfLook, findMessage, isWholePage, listMessages } from './queries.ts';
import { mayRead, unknown } from './sight.ts';
import { toDelivery, toMessage } from './view.ts';

const DELIVERIES_SHOWN = 1_000;
/** Greater than every id. */
const END = '~';

export async function show(
  { db, actor }: QueryContext,
  { id }: Parsed<'message.show'>,
): Promise<Output<'message.show'>> {
  const row = await findMessage(db, actor.project, id);
  if (row === undefined || !(await mayRead(db, actor, row))) throw unknown(id);
  const deliveries = await listDeliveries(db, id, DELIVERIES_SHOWN);
  return { message: toMessage(row), deliveries: deliveries.map(toDelivery) };
}

export async function list(
  { db, actor }: QueryContext,
  input: Parsed<'message.list'>,
): Promise<Output<'message.list'>> {
  const key = (name: string | undefined) => (name === undefined ? undefined : nameKey(name));
  const { thread, limit, cursor: beforeId = END } = input;
  const look = { project: actor.project, beforeId, thread };
  const end = await findEndOfLook(db, look);
  const rows = await listMessages(db, {
    ...look,
    fromId: end ?? '',
    limit,
    fromKey: key(input.from),
    toKey: key(input.to),
    channel: input.channel === undefined ? undefined : channelKey(input.channel),
    type: input.type,
    pattern: input.search === undefined ? undefined : patternOf(input.search),
    readerKey: seesAll(actor) ? undefined : actor.key,
  });
  const nextCursor = isWholePage(rows, limit) ? (rows.at(-1)?.id ?? null) : (end ?? null);
  return { items: rows.map(toMessage), nextCursor };
}

/** What `like` would read as a pattern is searched for as it stands. */
function patternOf(search: string): string {
  return `%${search.toLowerCase().replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
}

export async function dead(
  { db, actor }: QueryContext,
  input: Parsed<'message.dead'>,
): Promise<Output<'message.dead'>> {
  const [afterId = '', afterKey = ''] = (input.cursor ?? '').split(' ');
  const rows = await listDead(db, {
    project: actor.project,
    afterId,
    afterKey,
    limit: input.limit,
    readerKey: seesAll(actor) ? undefined : actor.key,
  });
  const last = rows.at(-1);
  const isMore = isWholePage(rows, input.limit) && last !== undefined;
  return {
    items: rows.map((row) => ({
      message: toMessage({ ...row, recipient: row.addressed }),
      delivery: toDelivery(row),
    })),
    nextCursor: isMore ? `${last.message_id} ${last.recipient_key}` : null,
  };
}
