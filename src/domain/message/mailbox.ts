/** The recipient's side: reading without burning anything, and taking under a lease. */
import { limits, type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import { registerActor } from '../agent/index.ts';
import type { CommandContext } from '../event/index.ts';
import { countPending, findItems, listItems, listWaiting } from './delivery-queries.ts';
import { markLeased, markOffered, markOfferedUpTo } from './delivery-write-queries.ts';
import { type Box, findMailbox, lockMailbox, type Place } from './mailbox-queries.ts';
import { inOrder } from './order.ts';
import { isWholePage, LOOKED_AT, PAGE_BYTES } from './queries.ts';
import { toItem } from './view.ts';

const EMPTY: Place = { last_seq: 0, open_count: 0 };
/** Among so many the next to be handed out is chosen. */
const WINDOW = 1_000;

export async function read(
  context: CommandContext,
  input: Parsed<'message.read'>,
): Promise<Output<'message.read'>> {
  const { tx, nowMs, actor } = context;
  await registerActor(context);
  const place = (await findMailbox(tx, actor)) ?? EMPTY;
  refuseFuture(input.after, place);
  const { project, key } = actor;
  const { after, limit, isPending, types, thread } = input;
  const isLook = thread !== undefined || (types !== undefined && !isPending);
  const upTo = isLook ? Math.min(after + LOOKED_AT, place.last_seq) : place.last_seq;
  const page = { project, key, after, upTo, limit, nowMs, isPending, types, thread };
  const rows = await listItems(tx, page);
  const fresh = rows.filter((row) => row.offered_at_ms === null && row.next_check_ms !== null);
  if (fresh.length > 0) await markOffered(tx, actor, { seqs: fresh.map(({ seq }) => seq), nowMs });
  const last = rows.at(-1)?.seq ?? input.after;
  const counted = { project, key, nowMs, countMax: limits.pendingCountedMax };
  return {
    items: rows.map(toItem),
    nextCursor: isWholePage(rows, limit) ? last : Math.max(last, upTo),
    pending: await countPending(tx, counted),
  };
}

export function refuseFuture(cursor: number, { last_seq: newest }: Place): void {
  if (cursor <= newest) return;
  throw new SignalboxError('invalid_input', `the newest place is ${newest}, not ${cursor}`, {
    hint: `Go on from a cursor that this hub gave for this mailbox; the newest is ${newest}.`,
    details: { latest: newest },
  });
}

export async function receive(
  context: CommandContext,
  input: Parsed<'message.receive'>,
): Promise<Output<'message.receive'>> {
  const { tx, nowMs, actor } = context;
  await registerActor(context);
  await lockMailbox(tx, actor);
  const { project, key } = actor;
  const range = { after: 0, upTo: Number.MAX_SAFE_INTEGER, limit: WINDOW };
  const waiting = await listWaiting(tx, { project, key, ...range, nowMs, types: input.types });
  const chosen = inOrder(
    waiting.map((row) => ({ ...row, senderKey: row.sender_key })),
    input.limit,
  );
  if (chosen.length === 0) return { items: [] };
  const seqs = upToPage(chosen).map(({ seq }) => seq);
  await markLeased(tx, actor, { seqs, nowMs, leaseUntilMs: nowMs + input.leaseMs });
  return { items: await itemsOf(context, actor, seqs) };
}

/** The first always, and then as many as one answer may hold. */
function upToPage<Row extends { bytes: number }>(rows: readonly Row[]): Row[] {
  let before = 0;
  return rows.filter(({ bytes }) => {
    const fits = before < PAGE_BYTES;
    before += bytes;
    return fits;
  });
}

/** In the order in which they were chosen. */
async function itemsOf({ tx }: CommandContext, box: Box, seqs: readonly number[]) {
  const rows = await findItems(tx, box, seqs);
  const bySeq = new Map(rows.map((row) => [row.seq, row]));
  return seqs.flatMap((seq) => {
    const row = bySeq.get(seq);
    return row === undefined ? [] : [toItem(row)];
  });
}

export async function offered(
  context: CommandContext,
  { upTo }: Parsed<'message.offered'>,
): Promise<Output<'message.offered'>> {
  const { tx, nowMs, actor } = context;
  const place = (await findMailbox(tx, actor)) ?? EMPTY;
  refuseFuture(upTo, place);
  const count = await markOfferedUpTo(tx, actor, { upTo, nowMs });
  return { count };
}
