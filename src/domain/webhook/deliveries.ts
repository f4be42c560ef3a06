/** Looking at deliveries, and trying dead ones again. */
import {
  type Output,
  type Parsed,
  SignalboxError,
  type WebhookDelivery,
} from '../../contract/index.ts';
import { pageOf } from '../../core/page.ts';
import type { CommandContext, QueryContext } from '../event/index.ts';
import {
  type DeliveryRow,
  findDelivery,
  listDeliveries,
  updateDelivery,
} from './delivery-queries.ts';
import { findWebhook } from './queries.ts';
import { toDelivery } from './view.ts';

/** Sorts behind every id. */
const LAST = '~';

export async function deliveries(
  context: QueryContext,
  input: Parsed<'webhook.deliveries'>,
): Promise<Output<'webhook.deliveries'>> {
  const rows = await listDeliveries(context.db, {
    project: context.actor.project,
    beforeId: input.cursor ?? LAST,
    limit: input.limit,
    webhookId: input.id,
    state: input.state,
  });
  return pageOf(rows, { limit: input.limit, toItem: toDelivery, toCursor: ({ id }) => id });
}

export async function redrive(
  context: CommandContext,
  { id }: Parsed<'webhook.redrive'>,
): Promise<WebhookDelivery> {
  const { tx, actor, nowMs } = context;
  const row = await findDelivery(tx, actor.project, id);
  if (row === undefined) throw unknown(id);
  const next: DeliveryRow = {
    ...row,
    state: 'pending',
    attempts: 0,
    ended_at_ms: null,
    next_check_ms: nowMs,
  };
  const isDone = row.state === 'dead' && (await updateDelivery(tx, next));
  if (isDone) return toDelivery(next);
  throw new SignalboxError('conflict', `${id} is ${row.state}, not dead`, {
    hint: '`signalbox webhook deliveries --state dead` lists what can be tried again.',
  });
}

/** Why a delivery waits. */
export async function whyDelivery(context: QueryContext, id: string): Promise<Output<'why'>> {
  const { db, actor } = context;
  if (!actor.scopes.has('operate')) {
    throw new SignalboxError('forbidden', `${actor.name} may not see what webhooks send`);
  }
  const row = await findDelivery(db, actor.project, id);
  if (row === undefined) throw unknown(id);
  const webhook = await findWebhook(db, actor.project, row.webhook_id);
  const head = `the notice of ${row.type} to ${row.webhook_id} is ${row.state}`;
  const summary = row.reason === null ? head : `${head}: ${row.reason}`;
  const fact = factOf(row, webhook?.state === 'paused' ? webhook.reason : null);
  return { id, kind: 'notice', state: row.state, summary, facts: fact === null ? [] : [fact] };
}

type Fact = Output<'why'>['facts'][number];

function factOf(row: DeliveryRow, pausedFor: string | null): Fact | null {
  const { webhook_id: holder, attempts } = row;
  if (row.state === 'delivered') return null;
  if (row.state === 'dead') {
    const fact = `given up after ${tries(attempts)}: ${row.reason ?? 'no reason is known'}`;
    const frees = `\`signalbox webhook redrive ${row.id}\` tries it again.`;
    return { fact, holder, untilMs: null, frees };
  }
  if (row.lease_until_ms !== null) {
    const frees = 'The receiver answers; or a hub tries again then.';
    return { fact: 'is being sent now', holder, untilMs: row.lease_until_ms, frees };
  }
  if (pausedFor !== null) {
    const frees = `\`signalbox webhook resume ${holder}\` lets it go on.`;
    return { fact: `its webhook is paused: ${pausedFor}`, holder, untilMs: null, frees };
  }
  const untilMs = row.next_check_ms;
  if (attempts === 0) {
    const fact = 'waits for its turn: others to the same receiver are being sent';
    return { fact, holder, untilMs, frees: 'Nothing to do: it is sent next.' };
  }
  const fact = `waits out its backoff after ${tries(attempts)}: ${row.reason ?? 'it failed'}`;
  return { fact, holder, untilMs, frees: 'Nothing to do: it is tried again then.' };
}

function tries(count: number): string {
  return count === 1 ? '1 try' : `${count} tries`;
}

function unknown(id: string): SignalboxError {
  return new SignalboxError('not_found', `there is no delivery ${id}`, {
    hint: '`signalbox webhook deliveries` lists them; ended ones are forgotten after some days.',
  });
}
