/**
 * What a recipient says of its messages. Seen and acked are told to the senders of signals, in one
 * event for each sender and call.
 */
import { limits, type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import { registerActor } from '../agent/index.ts';
import { type CommandContext, record } from '../event/index.ts';
import {
  type DeliveryRow,
  findDeliveries,
  listDeliveries,
  listOffered,
} from './delivery-queries.ts';
import { markAcked, markSeen } from './delivery-write-queries.ts';
import { countOpened, findMailbox, lockMailbox } from './mailbox-queries.ts';
import { refuseFuture } from './mailbox.ts';
import { unknown } from './sight.ts';
import { receiptOf } from './view.ts';

export async function ack(
  asked: CommandContext,
  { ids, upTo = 0 }: Parsed<'message.ack'>,
): Promise<Output<'message.ack'>> {
  const context = await asRecipient(asked, ids);
  await registerActor(context);
  await lockMailbox(context.tx, context.actor);
  if (ids === undefined) return { count: await ackUpTo(context, upTo) };
  return { count: await end(context, await requireAll(context, ids)) };
}

/** Who has said no name, and could have said any, acknowledges for the only recipient there is. */
async function asRecipient(context: CommandContext, ids: string[] = []): Promise<CommandContext> {
  const { tx, actor } = context;
  const [id] = ids;
  if (!actor.isUnnamed || id === undefined || ids.length > 1) return context;
  const [row, another] = await listDeliveries(tx, id, 2);
  if (row?.project !== actor.project || another !== undefined) return context;
  return { ...context, actor: { ...actor, name: row.recipient, key: row.recipient_key } };
}

/** Touches only what was offered. */
async function ackUpTo(context: CommandContext, upTo: number): Promise<number> {
  const { tx, actor } = context;
  const place = (await findMailbox(tx, actor)) ?? { last_seq: 0, open_count: 0 };
  refuseFuture(upTo, place);
  let [after, count] = [0, 0];
  for (;;) {
    const range = { after, upTo, limit: limits.ackMax };
    const offered = await listOffered(tx, actor, range);
    count += await end(context, offered);
    if (offered.length < limits.ackMax) return count;
    after = offered.at(-1)?.seq ?? upTo;
  }
}

async function end(context: CommandContext, deliveries: DeliveryRow[]): Promise<number> {
  const open = deliveries.filter((row) => row.next_check_ms !== null);
  if (open.length === 0) return 0;
  const { tx, actor, nowMs } = context;
  const count = await markAcked(tx, actor, { seqs: open.map(({ seq }) => seq), nowMs });
  await countOpened(tx, actor, -count);
  await tell(context, 'message.acked', open);
  return count;
}

export async function seen(
  context: CommandContext,
  { items }: Parsed<'message.seen'>,
): Promise<Output<'message.seen'>> {
  const deliveries = await requireAll(
    context,
    items.map(({ id }) => id),
  );
  const byId = new Map(deliveries.map((row) => [row.message_id, row]));
  for (const { id, receipt } of items) requireReceipt(byId.get(id), receipt);
  const fresh = deliveries.filter((row) => row.seen_at_ms === null);
  if (fresh.length === 0) return { count: 0 };
  const { tx, actor, nowMs } = context;
  const count = await markSeen(tx, actor, { seqs: fresh.map(({ seq }) => seq), nowMs });
  await tell(context, 'message.seen', fresh);
  return { count };
}

async function requireAll(
  { tx, actor }: CommandContext,
  ids: readonly string[],
): Promise<DeliveryRow[]> {
  const deliveries = await findDeliveries(tx, actor, ids);
  const found = new Set(deliveries.map((row) => row.message_id));
  const missing = ids.find((id) => !found.has(id));
  if (missing !== undefined) throw unknown(missing);
  return deliveries;
}

export function requireReceipt(row: DeliveryRow | undefined, receipt: string): void {
  if (row !== undefined && receiptOf(row) === receipt) return;
  throw new SignalboxError('conflict', 'the receipt is not that of the last hand-out', {
    hint: 'Use the receipt that came with the message the last time; it may be with another now.',
  });
}

async function tell(
  context: CommandContext,
  type: 'message.seen' | 'message.acked',
  deliveries: readonly DeliveryRow[],
): Promise<void> {
  const signals = deliveries.filter((row) => row.is_signal === 1);
  for (const [audience, rows] of Map.groupBy(signals, (row) => row.sender_key)) {
    const ids = rows.map((row) => row.message_id);
    const [subject = ''] = ids;
    const agent = context.actor.name;
    const data = ids.length === 1 ? { agent } : { agent, ids };
    await record(context, { type, subject, audience, data });
  }
}
