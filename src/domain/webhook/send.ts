/**
 * Taking deliveries to send them, and writing down what came of it. A delivery that was taken has a
 * lease: no other hub takes it before that ends, and after a hub that died it is simply due again.
 * The outcome counts only for the version that was taken.
 */
import { Event, limits } from '../../contract/index.ts';
import { type CommandContext, record } from '../event/index.ts';
import { type DeliveryRow, listDueOf, updateDelivery } from './delivery-queries.ts';
import { decideDelivery, type Outcome, reasonToPause, type Verdict } from './lifecycle.ts';
import { pauseWebhook } from './operations.ts';
import { holdWebhook, updateWebhook, type WebhookRow } from './queries.ts';
import { maskedUrl } from './view.ts';

/** What a hub has in hand. */
export interface Taken {
  delivery: DeliveryRow;
  event: Event;
  webhook: WebhookRow;
}

export async function take(
  context: CommandContext,
  { webhookId, limit }: { webhookId: string; limit: number },
): Promise<Taken[]> {
  const { tx, actor, nowMs } = context;
  const webhook = await holdWebhook(tx, actor.project, webhookId);
  if (webhook?.state !== 'active') return [];
  const leaseUntilMs = nowMs + limits.webhookLeaseMs;
  const taken: Taken[] = [];
  for (const row of await listDueOf(tx, webhookId, { nowMs, limit })) {
    const { data: event } = Event.safeParse(JSON.parse(row.event));
    // Made by a hub of a later version, on the same database: that one knows how to tell it.
    if (event === undefined) continue;
    const delivery = { ...row, lease_until_ms: leaseUntilMs, next_check_ms: leaseUntilMs };
    await updateDelivery(tx, delivery);
    taken.push({ delivery: { ...delivery, version: row.version + 1 }, event, webhook });
  }
  return taken;
}

/** The present secret, and the one before it while that signs too. */
export function secretsOf(webhook: WebhookRow, nowMs: number): string[] {
  const { secret, old_secret: old, old_secret_until_ms: untilMs } = webhook;
  return old !== null && untilMs !== null && nowMs < untilMs ? [secret, old] : [secret];
}

export async function settle(
  context: CommandContext,
  { delivery }: Taken,
  outcome: Outcome,
): Promise<void> {
  const { tx, nowMs, random } = context;
  const webhook = await holdWebhook(tx, delivery.project, delivery.webhook_id);
  if (webhook === undefined) return;
  const attempts = delivery.attempts + 1;
  const verdict = decideDelivery(outcome, attempts, random.fraction());
  const isOver = verdict.to !== 'pending';
  const next: DeliveryRow = {
    ...delivery,
    attempts,
    state: verdict.to,
    status: outcome.status,
    reason: outcome.reason,
    lease_until_ms: null,
    ended_at_ms: isOver ? nowMs : null,
    next_check_ms: verdict.to === 'pending' ? nowMs + verdict.waitMs : null,
  };
  const isOurs = await updateDelivery(tx, next);
  if (isOurs && isOver) await count(context, { webhook, delivery: next, verdict });
}

interface Ended {
  webhook: WebhookRow;
  delivery: DeliveryRow;
  verdict: Verdict;
}

/** How many died one after the other; a receiver where that goes on is left alone. */
async function count(
  context: CommandContext,
  { webhook, delivery, verdict }: Ended,
): Promise<void> {
  const deadInRow = verdict.to === 'dead' ? webhook.dead_in_row + 1 : 0;
  const counted = { ...webhook, dead_in_row: deadInRow };
  if (verdict.to === 'dead') {
    await record(context, {
      type: 'webhook.dead',
      subject: delivery.id,
      data: { webhookId: webhook.id, url: maskedUrl(webhook), reason: delivery.reason ?? '' },
    });
  }
  const reason = reasonToPause(verdict, deadInRow, delivery.reason ?? '');
  if (reason !== undefined && webhook.state === 'active') {
    await pauseWebhook(context, counted, reason);
  } else if (deadInRow !== webhook.dead_in_row) await updateWebhook(context.tx, counted);
}

/** Gives back what was not sent to its end: it is due at once, and it counts as no try. */
export async function giveBack(context: CommandContext, { delivery }: Taken): Promise<void> {
  await updateDelivery(context.tx, {
    ...delivery,
    lease_until_ms: null,
    next_check_ms: context.nowMs,
  });
}
