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
import { type Box, lockMailbox, type Place, takePlace } from './mailbox-queries.ts';
import { insertDelivery } from './delivery-write-queries.ts';
import { countLastOf, type DeliveryRow } from './delivery-queries.ts';
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
  if (input.replyTo !== undefined) {
    await lockAll(context, addressees);
    await answered(context, input.replyTo, row.id);
  }
  const channel = channelOf(input);
  if (channel !== null) {
    const { nowMs, actor } = context;
    const at = { project: actor.project, channel, nowMs };
    const place = await takeChannelPlace(context.tx, at);
    row.channel = channel;
    row.channel_seq = place.seq;
    row.created_at_ms = place.atMs;
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

/** An answer moves a delivery of its sender too: all their mailboxes are taken in one order. */
async function lockAll(
  { tx, actor }: CommandContext,
  addressees: readonly Addressee[],
): Promise<void> {
  const keys = new Set([actor.key, ...addressees.map(({ key }) => key)]);
  for (const key of [...keys].toSorted()) {
    await lockMailbox(tx, { project: actor.project, key });
  }
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
  const place = await takePlace(tx, box);
  if (place.open_count > limits.mailboxPerSenderMax) await refuseFull(context, box, place);
  const delivery: DeliveryRow = {
    project: row.project,
    recipient_key: to.key,
    seq: place.last_seq,
    message_id: row.id,
    recipient: to.name,
    sender_key: row.sender_key,
    type: row.type,
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

const LAST = 1_000;

/**
 * A mailbox that is fairly full is closed to whoever wrote most of its last messages, and open to
 * all others until it is full.
 */
async function refuseFull({ tx, actor }: CommandContext, box: Box, place: Place): Promise<void> {
  if (place.open_count > limits.mailboxMax) {
    throw crowded(`the mailbox of ${box.key} holds ${limits.mailboxMax} messages`);
  }
  const last = { after: place.last_seq - LAST, senderKey: actor.key };
  if ((await countLastOf(tx, box, last)) <= LAST / 2) return;
  const waiting = `over ${limits.mailboxPerSenderMax} messages wait in the mailbox of ${box.key}`;
  throw crowded(`${waiting}, the last of them mostly from ${actor.name}`);
}

const FULL_RETRY_MS = 60_000;

function crowded(message: string): SignalboxError {
  return new SignalboxError('rate_limited', message, {
    hint: 'Nothing unread is thrown away: send again when some of it was acknowledged.',
    retryAfterMs: FULL_RETRY_MS,
  });
}
