/** What is done with a delivery by itself: given back, held longer, given up, put back, expired. */
import { limits, type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import { type CommandContext, record, seesAll } from '../event/index.ts';
import { nameKey } from '../../contract/index.ts';
import { requireReceipt } from './acknowledge.ts';
import { type DeliveryRow, findDelivery, listDeliveries } from './delivery-queries.ts';
import { endLeases, updateDelivery } from './delivery-write-queries.ts';
import {
  decideDelivery,
  type DeliveryCommand,
  type DeliveryFacts,
  type DeliveryVerdict,
} from './lifecycle.ts';
import { type Box, countOpened, lockMailbox, takePlace } from './mailbox-queries.ts';
import { findMessage } from './queries.ts';
import { unknown } from './sight.ts';
import { isSmall, itemOf, toDelivery, toMessage } from './view.ts';

export async function nack(
  context: CommandContext,
  { id, receipt, delayMs, reason }: Parsed<'message.nack'>,
): Promise<Output<'message.nack'>> {
  const row = await requireHeld(context, id, receipt);
  const words = reason ?? `given back by ${row.recipient}`;
  const availableAtMs = context.nowMs + delayMs;
  return toDelivery(
    await carryOut(context, row, { command: { type: 'nack' }, reason: words, availableAtMs }),
  );
}

export async function progress(
  context: CommandContext,
  { id, receipt, leaseMs }: Parsed<'message.progress'>,
): Promise<Output<'message.progress'>> {
  const row = await requireHeld(context, id, receipt);
  permitted(row, decideDelivery(factsOf(row), { type: 'progress' }, context.nowMs));
  const leaseUntilMs = context.nowMs + leaseMs;
  await write(context, {
    ...row,
    lease_until_ms: leaseUntilMs,
    next_check_ms: nextCheck(row, leaseUntilMs),
  });
  return { leaseUntilMs };
}

export async function term(
  context: CommandContext,
  { id, receipt, reason }: Parsed<'message.term'>,
): Promise<Output<'message.term'>> {
  const row = await requireHeld(context, id, receipt);
  return toDelivery(await carryOut(context, row, { command: { type: 'term' }, reason }));
}

/** The recipient and the sender may, and those who see all. */
export async function redrive(
  context: CommandContext,
  { id, recipient }: Parsed<'message.redrive'>,
): Promise<Output<'message.redrive'>> {
  const { tx, actor } = context;
  const wanted = recipient === undefined ? undefined : nameKey(recipient);
  const found = await listDeliveries(tx, id, DELIVERIES_MAX);
  for (const row of found) await lockMailbox(tx, boxOf(row));
  const all = await listDeliveries(tx, id, DELIVERIES_MAX);
  const mine = all.filter(
    (row) =>
      row.project === actor.project &&
      (wanted === undefined || row.recipient_key === wanted) &&
      (row.recipient_key === actor.key || row.sender_key === actor.key || seesAll(actor)),
  );
  if (mine.length === 0) throw unknown(id);
  const dead = mine.filter(({ state }) => state === 'dead');
  if (dead.length === 0) permitted(mine[0], decideOf(mine[0], context.nowMs));
  for (const row of dead) {
    const last = await atTheEnd(context, row);
    await carryOut(context, last, { command: { type: 'redrive' }, reason: null });
  }
  return { count: dead.length };
}

const DELIVERIES_MAX = 10_000;

/** Whoever reads by cursor has passed its old place. */
async function atTheEnd({ tx }: CommandContext, row: DeliveryRow): Promise<DeliveryRow> {
  const { last_seq: seq } = await takePlace(tx, boxOf(row));
  return { ...row, seq };
}

function decideOf(row: DeliveryRow | undefined, nowMs: number): DeliveryVerdict {
  if (row === undefined) return { is: 'same' };
  return decideDelivery(factsOf(row), { type: 'redrive' }, nowMs);
}

/** An agent has left, or is gone: what it had in hand goes back, and counts as a failure. */
export async function giveBackAll(context: CommandContext, key: string): Promise<void> {
  const box = { project: context.actor.project, key };
  await lockMailbox(context.tx, box);
  await endLeases(context.tx, box, context.nowMs);
}

/** What time does to a delivery that is looked at because it is due. */
export async function checkDelivery(
  context: CommandContext,
  box: Box,
  messageId: string,
): Promise<void> {
  await lockMailbox(context.tx, box);
  const row = await findDelivery(context.tx, box, messageId);
  if (row === undefined || row.next_check_ms === null) return;
  if (row.next_check_ms > context.nowMs) return;
  const verdict = decideDelivery(factsOf(row), { type: 'check' }, context.nowMs);
  if (verdict.is === 'move') {
    const reason =
      verdict.to === 'expired' ? 'its time was over' : `${row.recipient} let its lease lapse`;
    await carryOut(context, row, { command: { type: 'check' }, reason });
    return;
  }
  if (row.hand_outs > 0 && row.available_at_ms <= context.nowMs) await tellReturned(context, row);
  const atMs = context.nowMs + limits.messageRecheckMs;
  await write(context, { ...row, next_check_ms: nextCheck(row, atMs) });
}

async function requireHeld(
  { tx, actor }: CommandContext,
  id: string,
  receipt: string,
): Promise<DeliveryRow> {
  await lockMailbox(tx, actor);
  const row = await findDelivery(tx, actor, id);
  if (row === undefined) throw unknown(id);
  requireReceipt(row, receipt);
  return row;
}

interface Details {
  command: DeliveryCommand;
  reason: string | null;
  availableAtMs?: number;
}

async function carryOut(
  context: CommandContext,
  row: DeliveryRow,
  { command, ...details }: Details,
): Promise<DeliveryRow> {
  const verdict = decideDelivery(factsOf(row), command, context.nowMs);
  if (permitted(row, verdict) === undefined || verdict.is !== 'move') return row;
  const { nowMs } = context;
  const { reason, availableAtMs = nowMs } = details;
  const isRedriven = command.type === 'redrive';
  const isWaiting = verdict.to === 'pending';
  const failures = isRedriven ? 0 : row.failures + (verdict.isFailure ? 1 : 0);
  const next: DeliveryRow = {
    ...row,
    state: verdict.to,
    reason: verdict.to === 'dead' && verdict.isFailure ? spent(failures, row, reason) : reason,
    failures,
    hand_outs: isRedriven ? 0 : row.hand_outs,
    available_at_ms: isWaiting ? availableAtMs : row.available_at_ms,
    lease_until_ms: null,
    // What is put back by hand is not to expire at once.
    expires_at_ms: isRedriven ? null : row.expires_at_ms,
    next_check_ms: null,
  };
  if (isWaiting) {
    const isLater = availableAtMs > nowMs;
    next.next_check_ms = nextCheck(next, isLater ? availableAtMs : nowMs + limits.messageRecheckMs);
  }
  await write(context, next);
  // Whoever takes a new place has been counted there.
  const opened = isRedriven ? 0 : Number(isOpen(next)) - Number(isOpen(row));
  if (opened !== 0) await countOpened(context.tx, boxOf(row), opened);
  await tellMoved(context, next);
  return { ...next, version: row.version + 1 };
}

function isOpen({ next_check_ms: nextCheckMs }: DeliveryRow): boolean {
  return nextCheckMs !== null;
}

function boxOf({ project, recipient_key: key }: DeliveryRow): Box {
  return { project, key };
}

function spent(
  failures: number,
  { hand_outs: handOuts }: DeliveryRow,
  last: string | null,
): string {
  return `failed ${failures} times in ${handOuts} hand-outs; at last: ${last ?? 'no reason given'}`;
}

function nextCheck({ expires_at_ms: expiresAtMs }: DeliveryRow, atMs: number): number {
  return expiresAtMs === null ? atMs : Math.min(atMs, expiresAtMs);
}

/** Undefined: nothing is left to do. */
function permitted(row: DeliveryRow | undefined, verdict: DeliveryVerdict): 'move' | undefined {
  if (verdict.is === 'move') return 'move';
  if (verdict.is === 'same') return undefined;
  throw new SignalboxError('conflict', verdict.message, {
    hint: '`signalbox why` tells where it stands.',
    details: { state: row?.state },
  });
}

async function write({ tx }: CommandContext, row: DeliveryRow): Promise<void> {
  if (await updateDelivery(tx, row)) return;
  const message = `message ${row.message_id} has just moved`;
  throw new SignalboxError('conflict', message, { retryAfterMs: 50 });
}

async function tellMoved(context: CommandContext, row: DeliveryRow): Promise<void> {
  if (row.state === 'pending') {
    if (row.available_at_ms <= context.nowMs) await tellReturned(context, row);
    return;
  }
  if (row.state !== 'expired' && row.state !== 'dead') return;
  const reason = row.reason ?? '';
  await record(context, {
    type: `message.${row.state}`,
    subject: row.message_id,
    audience: row.sender_key,
    data: { agent: row.recipient, reason },
  });
}

/** Waits again, and is pushed again. */
async function tellReturned(context: CommandContext, row: DeliveryRow): Promise<void> {
  const message = await findMessage(context.tx, row.project, row.message_id);
  if (message === undefined) return;
  const reason = row.reason === null ? {} : { reason: row.reason };
  const item = isSmall(message) ? { item: itemOf(row, toMessage(message)) } : {};
  await record(context, {
    type: 'message.returned',
    subject: row.message_id,
    audience: row.recipient_key,
    data: { agent: message.sender, ...reason, ...item },
  });
}

function factsOf(row: DeliveryRow): DeliveryFacts {
  return {
    state: row.state,
    isSignal: row.is_signal === 1,
    handOuts: row.hand_outs,
    failures: row.failures,
    availableAtMs: row.available_at_ms,
    leaseUntilMs: row.lease_until_ms,
    expiresAtMs: row.expires_at_ms,
  };
}
