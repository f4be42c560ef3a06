/** Rows as the contract shows them. */
import {
  type Delivery,
  type InboxItem,
  JsonObject,
  limits,
  type Message,
  Recipient,
} from '../../contract/index.ts';
import type { DeliveryRow, ItemRow } from './delivery-queries.ts';
import type { MessageRow } from './queries.ts';

export function toRecipient(json: string): Recipient {
  return Recipient.parse(JSON.parse(json));
}

type Shown = Omit<MessageRow, 'project' | 'sender_key' | 'channel' | 'channel_seq'>;

export function toMessage(row: Shown): Message {
  return {
    id: row.id,
    from: row.sender,
    to: toRecipient(row.recipient),
    type: row.type,
    text: row.body,
    data: row.data === null ? null : JsonObject.parse(JSON.parse(row.data)),
    thread: row.thread,
    replyTo: row.reply_to,
    priority: row.priority,
    isSignal: row.is_signal === 1,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
  };
}

export function toDelivery(row: DeliveryRow): Delivery {
  return {
    recipient: row.recipient,
    state: row.state,
    cursor: row.seq,
    storedAtMs: row.stored_at_ms,
    offeredAtMs: row.offered_at_ms,
    seenAtMs: row.seen_at_ms,
    ackedAtMs: row.acked_at_ms,
    answeredAtMs: row.answered_at_ms,
    handOuts: row.hand_outs,
    failures: row.failures,
    reason: row.reason,
    nextCheckMs: row.next_check_ms,
  };
}

export function toItem(row: ItemRow): InboxItem {
  return itemOf(row, toMessage({ ...row, recipient: row.addressed }));
}

export function itemOf(delivery: DeliveryRow, message: Message): InboxItem {
  return {
    message,
    cursor: delivery.seq,
    receipt: receiptOf(delivery),
    state: delivery.state,
    handOuts: delivery.hand_outs,
    isRedelivered: delivery.hand_outs > 1 || delivery.failures > 0,
    leaseUntilMs: delivery.lease_until_ms,
  };
}

/** It goes beside the text and nowhere else, and each hand-out has another. */
export function receiptOf(delivery: Pick<DeliveryRow, 'message_id' | 'seq' | 'hand_outs'>): string {
  return `rcp_${delivery.message_id.slice(-12)}.${delivery.seq}.${delivery.hand_outs}`;
}

/** Small enough to go with its event, so that whoever is pushed to need not ask again. */
export function isSmall({ body, data }: Pick<MessageRow, 'body' | 'data'>): boolean {
  return body.length + (data?.length ?? 0) <= limits.inlineCharsMax;
}
