/** The recipient's side: reading without burning anything, and taking under a lease. */
import { limits, type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import { registerActor } from '../agent/index.ts';
import type { CommandContext } from '../event/index.ts';
import { inOrder } from './order.ts';
import {
  type Box,
  countPending,
  findFirstOpen,
  findItems,
  findMailbox,
  listItems,
  listWaiting,
  lockMailbox,
  markLeased,
  markOffered,
  markOfferedUpTo,
  type Place,
  raiseFloor,
} from './delivery-queries.ts';
import { toItem } from './view.ts';

const EMPTY: Place = { last_seq: 0, floor_seq: 0 };
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
  const floor = await risenFloor(context, place);
  const after = input.isPending ? Math.max(input.after, floor) : input.after;
  const { project, key } = actor;
  const { limit, isPending, types, thread } = input;
  const page = { project, key, after, limit, nowMs, isPending, types, thread };
  const rows = await listItems(tx, page);
  const fresh = rows.filter((row) => row.offered_at_ms === null && row.next_check_ms !== null);
  if (fresh.length > 0) await markOffered(tx, actor, { seqs: fresh.map(({ seq }) => seq), nowMs });
  const last = rows.at(-1)?.seq ?? input.after;
  const isWholePage = rows.length === input.limit;
  const counted = { project, key, after: floor, nowMs, countMax: limits.pendingCountedMax };
  return {
    items: rows.map(toItem),
    nextCursor: isWholePage ? last : Math.max(last, place.last_seq),
    pending: await countPending(tx, counted),
  };
}

/** What has ended at the beginning is passed over for good. */
async function risenFloor({ tx, actor }: CommandContext, place: Place): Promise<number> {
  if (place.floor_seq >= place.last_seq) return place.floor_seq;
  const first = await findFirstOpen(tx, actor, place.floor_seq);
  const floor = first === undefined ? place.last_seq : first.seq - 1;
  if (floor > place.floor_seq) await raiseFloor(tx, actor, { toSeq: floor });
  return floor;
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
  const place = (await findMailbox(tx, actor)) ?? EMPTY;
  const after = await risenFloor(context, place);
  const page = { project: actor.project, key: actor.key, after, nowMs, limit: WINDOW };
  const waiting = await listWaiting(tx, { ...page, types: input.types });
  const chosen = inOrder(
    waiting.map((row) => ({ ...row, senderKey: row.sender_key })),
    input.limit,
  );
  if (chosen.length === 0) return { items: [] };
  const seqs = chosen.map(({ seq }) => seq);
  await markLeased(tx, actor, { seqs, nowMs, leaseUntilMs: nowMs + input.leaseMs });
  return { items: await itemsOf(context, actor, seqs) };
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
  const count = await markOfferedUpTo(tx, actor, { upTo, after: place.floor_seq, nowMs });
  return { count };
}
