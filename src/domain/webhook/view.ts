/** Webhooks and deliveries as they are shown. */
import { z } from 'zod';
import { EventType, type Webhook, type WebhookDelivery } from '../../contract/index.ts';
import type { DeliveryRow } from './delivery-queries.ts';
import type { WebhookRow } from './queries.ts';

const EventTypes = z.array(EventType);

export function typesOf({ events }: Pick<WebhookRow, 'events'>): EventType[] | null {
  return events === null ? null : EventTypes.parse(JSON.parse(events));
}

/**
 * The URL without what may be a secret: its query, and where the whole path is one, as with the
 * receivers that are made for people, the path.
 */
export function maskedUrl({ url, shape }: Pick<WebhookRow, 'url' | 'shape'>): string {
  const { origin, pathname, search } = new URL(url);
  if (shape !== 'standard') return `${origin}/…`;
  return `${origin}${pathname}${search === '' ? '' : '?…'}`;
}

export function toWebhook(row: WebhookRow): Webhook {
  return {
    id: row.id,
    url: maskedUrl(row),
    events: typesOf(row),
    subject: row.subject,
    shape: row.shape,
    state: row.state,
    reason: row.reason,
    creator: row.creator,
    cursor: row.cursor_seq,
    deadInRow: row.dead_in_row,
    oldSecretUntilMs: row.old_secret_until_ms,
    createdAtMs: row.created_at_ms,
  };
}

export function toDelivery(row: DeliveryRow): WebhookDelivery {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    seq: row.seq,
    type: row.type,
    subject: row.subject,
    state: row.state,
    attempts: row.attempts,
    status: row.status,
    reason: row.reason,
    createdAtMs: row.created_at_ms,
    endedAtMs: row.ended_at_ms,
    nextCheckMs: row.next_check_ms,
  };
}
