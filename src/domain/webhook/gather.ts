/**
 * Makes deliveries of what has happened: the cursor of a webhook and the deliveries up to it move
 * in one transaction, so that none is lost and none is made twice, whatever is killed.
 *
 * The log of events is the queue. No more than a bounded number of deliveries waits beside it; the
 * cursor of a receiver that is slow stays behind.
 */
import { limits, type Event } from '../../contract/index.ts';
import { newId } from '../../core/ids.ts';
import { type CommandContext, isWanted, readOn } from '../event/index.ts';
import { countPending, insertDelivery } from './delivery-queries.ts';
import { mayCarry, readerOf } from './lifecycle.ts';
import { holdWebhook, updateWebhook } from './queries.ts';
import type { WebhookRow } from './queries.ts';
import { typesOf } from './view.ts';

const EVENTS_AT_ONCE = 200;

/** True where there may be more to read at once. */
export async function gather(context: CommandContext, id: string): Promise<boolean> {
  const { tx, actor } = context;
  const webhook = await holdWebhook(tx, actor.project, id);
  if (webhook?.state !== 'active') return false;
  const { count: pending = 0 } = (await countPending(tx, id)) ?? {};
  const room = Math.min(EVENTS_AT_ONCE, limits.webhookPendingMax - pending);
  if (room <= 0) return false;
  const { events, nextCursor, isMore } = await readOn(context, webhook.cursor_seq, room);
  const carries = carrierOf(webhook);
  for (const event of events) {
    if (carries(event)) await deliver(context, webhook, event);
  }
  await updateWebhook(tx, { ...webhook, cursor_seq: nextCursor });
  return isMore;
}

function carrierOf(webhook: WebhookRow): (event: Event) => boolean {
  const maker = readerOf(webhook.creator, webhook.creator_role, webhook.project);
  const types = typesOf(webhook);
  const filter = {
    ...(types === null ? {} : { types }),
    ...(webhook.subject === null ? {} : { subject: webhook.subject }),
  };
  return (event) => isWanted(event, filter, maker) && mayCarry(webhook.id, event, maker);
}

async function deliver(context: CommandContext, webhook: WebhookRow, event: Event): Promise<void> {
  const { tx, nowMs, random } = context;
  await insertDelivery(tx, {
    id: newId('whd', nowMs, random),
    project: webhook.project,
    webhook_id: webhook.id,
    seq: event.seq,
    event: JSON.stringify(event),
    type: event.type,
    subject: event.subject,
    state: 'pending',
    attempts: 0,
    status: null,
    reason: null,
    lease_until_ms: null,
    created_at_ms: nowMs,
    ended_at_ms: null,
    next_check_ms: nowMs,
    version: 1,
  });
}
