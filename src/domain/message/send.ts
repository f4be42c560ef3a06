/**
 * Sending: the message once, a delivery for each mailbox, and the events that push them, in the
 * transaction of whoever sends.
 */
import {
  channelKey,
  EVERYONE,
  limits,
  type Message,
  type Output,
  type Parsed,
  SignalboxError,
} from '../../contract/index.ts';
import { newId } from '../../core/ids.ts';
import { registerActor } from '../agent/index.ts';
import { type CommandContext, record } from '../event/index.ts';
import { answered } from './answer.ts';
import { takeChannelPlace } from '../channel/index.ts';
import {
  countOpen,
  type DeliveryRow,
  findFirstOpen,
  insertDelivery,
  raiseFloor,
  takePlace,
} from './delivery-queries.ts';
import { insertMessage, type MessageRow } from './queries.ts';
import { type Addressee, addresseesOf } from './recipients.ts';
import { isSmall, itemOf } from './view.ts';

export type NewMessage = Parsed<'message.send'>;
export type Sent = Output<'message.send'>;

/** May be called by other domains, which thereby speak as the one who asked them. */
export async function send(context: CommandContext, input: NewMessage): Promise<Sent> {
  await registerActor(context);
  const addressees = await addresseesOf(context, input);
  const row = newMessage(context, input);
  if (input.replyTo !== undefined) await answered(context, input.replyTo, row.id);
  const channel = channelOf(input);
  if (channel !== null) {
    const { nowMs, actor } = context;
    const at = { project: actor.project, channel, nowMs };
    [row.channel, row.channel_seq] = [channel, await takeChannelPlace(context.tx, at)];
  }
  await insertMessage(context.tx, row);
  const outgoing = { row, message: shownAs(row, input) };
  if (row.channel !== null) await post(context, outgoing);
  for (const addressee of addressees) await deliver(context, outgoing, addressee);
  return {
    id: row.id,
    recipients: addressees.length + (channel === null ? 0 : 1),
    createdAtMs: row.created_at_ms,
    cursor: row.channel_seq,
  };
}

function channelOf({ to }: NewMessage): string | null {
  if ('everyone' in to) return EVERYONE;
  return 'channel' in to ? channelKey(to.channel) : null;
}

function newMessage({ actor, nowMs, random }: CommandContext, input: NewMessage): MessageRow {
  const data = input.data === undefined ? null : JSON.stringify(input.data);
  if (data !== null && data.length > limits.messageCharsMax) {
    throw new SignalboxError('too_large', `the data has ${data.length} characters`, {
      hint: `It may have ${limits.messageCharsMax}; bigger things belong into a branch.`,
    });
  }
  return {
    id: newId('msg', nowMs, random),
    project: actor.project,
    sender: actor.name,
    sender_key: actor.key,
    recipient: JSON.stringify(input.to),
    type: input.type,
    body: input.text,
    data,
    thread: input.thread ?? null,
    reply_to: input.replyTo ?? null,
    priority: input.priority,
    is_signal: input.isSignal ? 1 : 0,
    channel: null,
    channel_seq: null,
    created_at_ms: nowMs,
    expires_at_ms: input.ttlMs === undefined ? null : nowMs + input.ttlMs,
  };
}

interface Outgoing {
  row: MessageRow;
  message: Message;
}

/** As `toMessage` shows the row; what has just been put into JSON need not be taken out of it. */
function shownAs(row: MessageRow, { to, data }: NewMessage): Message {
  return {
    id: row.id,
    from: row.sender,
    to,
    type: row.type,
    text: row.body,
    data: data ?? null,
    thread: row.thread,
    replyTo: row.reply_to,
    priority: row.priority,
    isSignal: row.is_signal === 1,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
  };
}

async function post(context: CommandContext, { row, message }: Outgoing): Promise<void> {
  const { channel, channel_seq: cursor } = row;
  if (channel === null || cursor === null) return;
  const posted = { cursor, message };
  const data = isSmall(row) ? { posted } : { agent: row.sender };
  await record(context, { type: 'channel.posted', subject: channel, data });
}

async function deliver(
  context: CommandContext,
  { row, message }: Outgoing,
  to: Addressee,
): Promise<void> {
  const { tx, nowMs } = context;
  const box = { project: row.project, key: to.key };
  const { last_seq: seq, floor_seq: floor } = await takePlace(tx, box);
  if (seq - floor > limits.mailboxPerSenderMax) await refuseFull(context, { ...box, seq, floor });
  const delivery: DeliveryRow = {
    project: row.project,
    recipient_key: to.key,
    seq,
    message_id: row.id,
    recipient: to.name,
    sender_key: row.sender_key,
    is_signal: row.is_signal,
    state: 'pending',
    stored_at_ms: nowMs,
    offered_at_ms: null,
    seen_at_ms: null,
    acked_at_ms: null,
    answered_at_ms: null,
    hand_outs: 0,
    failures: 0,
    available_at_ms: nowMs,
    lease_until_ms: null,
    expires_at_ms: row.expires_at_ms,
    reason: null,
    next_check_ms: row.expires_at_ms ?? nowMs + limits.messageRecheckMs,
    version: 1,
  };
  await insertDelivery(tx, delivery);
  const item = itemOf(delivery, message);
  const data = isSmall(row) ? { item } : { agent: row.sender };
  await record(context, { type: 'message.stored', subject: row.id, audience: to.key, data });
}

interface Full {
  project: string;
  key: string;
  seq: number;
  floor: number;
}

/** Counted only where the span of the mailbox says that it may be full. */
async function refuseFull(context: CommandContext, full: Full): Promise<void> {
  const { tx, nowMs, actor } = context;
  const first = await findFirstOpen(tx, full, full.floor);
  const floor = (first?.seq ?? full.seq) - 1;
  await raiseFloor(tx, full, { toSeq: floor });
  const counted = { ...full, after: floor, nowMs };
  const all = await countOpen(tx, { ...counted, countMax: limits.mailboxMax });
  if (all >= limits.mailboxMax) throw crowded(`the mailbox holds ${all} messages`);
  const perSender = { ...counted, countMax: limits.mailboxPerSenderMax };
  const mine = await countOpen(tx, perSender, actor.key);
  if (mine >= limits.mailboxPerSenderMax) {
    throw crowded(`${mine} messages of ${actor.name} wait in the mailbox already`);
  }
}

const FULL_RETRY_MS = 60_000;

function crowded(message: string): SignalboxError {
  return new SignalboxError('rate_limited', message, {
    hint: 'Nothing unread is thrown away: send again when some of it was acknowledged.',
    retryAfterMs: FULL_RETRY_MS,
  });
}
