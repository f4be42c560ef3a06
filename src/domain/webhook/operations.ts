/** Making webhooks, holding them back and letting them go on. */
import {
  limits,
  type Output,
  type Parsed,
  SignalboxError,
  type Webhook,
} from '../../contract/index.ts';
import { newId } from '../../core/ids.ts';
import { pageOf } from '../../core/page.ts';
import { lockProject } from '../agent/index.ts';
import {
  type CommandContext,
  latestCursor,
  memberRole,
  type QueryContext,
  record,
} from '../event/index.ts';
import { countDeliveries, hastenPending } from './delivery-queries.ts';
import {
  countWebhooks,
  findWebhook,
  holdWebhook,
  insertWebhook,
  listWebhooks,
  markRemoved,
  updateWebhook,
  type WebhookRow,
} from './queries.ts';
import { maskedUrl, toWebhook } from './view.ts';

/** `url` has been judged, and `secret` was made where none was given. */
export type NewWebhook = Parsed<'webhook.add'> & { secret: string };

export async function add(
  context: CommandContext,
  input: NewWebhook,
): Promise<Output<'webhook.add'>> {
  const { tx, actor, nowMs, random } = context;
  await lockProject(tx, actor.project);
  const { count = 0 } = (await countWebhooks(tx, actor.project)) ?? {};
  if (count >= limits.webhooksMax) {
    throw new SignalboxError('conflict', `there are ${count} webhooks, which is the most`, {
      hint: 'Remove one that is not needed: `signalbox webhook list`.',
    });
  }
  const row: WebhookRow = {
    id: newId('whk', nowMs, random),
    project: actor.project,
    url: input.url,
    events: input.events === undefined ? null : JSON.stringify(input.events),
    subject: input.subject ?? null,
    shape: input.shape,
    state: 'active',
    reason: null,
    creator: actor.name,
    creator_role: memberRole(actor),
    secret: input.secret,
    old_secret: null,
    old_secret_until_ms: null,
    cursor_seq: await latestCursor(context),
    dead_in_row: 0,
    created_at_ms: nowMs,
  };
  await insertWebhook(tx, row);
  await record(context, { type: 'webhook.added', subject: row.id, data: { url: maskedUrl(row) } });
  return { webhook: toWebhook(row), secret: input.secret };
}

export async function list(
  context: QueryContext,
  input: Parsed<'webhook.list'>,
): Promise<Output<'webhook.list'>> {
  const rows = await listWebhooks(context.db, {
    project: context.actor.project,
    afterId: input.cursor ?? '',
    limit: input.limit,
  });
  return pageOf(rows, { limit: input.limit, toItem: toWebhook, toCursor: ({ id }) => id });
}

export async function show(
  context: QueryContext,
  { id }: Parsed<'webhook.show'>,
): Promise<Output<'webhook.show'>> {
  const row = await requireWebhook(context, id);
  const counts = await countDeliveries(context.db, id);
  const of = (state: string): number => counts.find((one) => one.state === state)?.count ?? 0;
  return { webhook: toWebhook(row), pending: of('pending'), dead: of('dead') };
}

export async function remove(
  context: CommandContext,
  { id }: Parsed<'webhook.remove'>,
): Promise<Output<'webhook.remove'>> {
  const row = await requireHeld(context, id);
  await markRemoved(context.tx, id);
  await record(context, { type: 'webhook.removed', subject: id, data: { url: maskedUrl(row) } });
  return { id };
}

/** Both secrets sign for the grace time, so that the receiver may change its own at any moment. */
export async function rotate(
  context: CommandContext,
  input: Parsed<'webhook.rotate'> & { secret: string },
): Promise<Output<'webhook.rotate'>> {
  const row = await requireHeld(context, input.id);
  const untilMs = context.nowMs + input.graceMs;
  const next: WebhookRow = {
    ...row,
    secret: input.secret,
    old_secret: input.graceMs === 0 ? null : row.secret,
    old_secret_until_ms: input.graceMs === 0 ? null : untilMs,
  };
  await updateWebhook(context.tx, next);
  const data = { url: maskedUrl(row), untilMs };
  await record(context, { type: 'webhook.rotated', subject: row.id, data });
  return { webhook: toWebhook(next), secret: input.secret };
}

export async function pause(
  context: CommandContext,
  { id, reason }: Parsed<'webhook.pause'>,
): Promise<Webhook> {
  const row = await requireHeld(context, id);
  if (row.state === 'paused') return toWebhook(row);
  return toWebhook(await pauseWebhook(context, row, reason ?? `${context.actor.name} paused it`));
}

/** For a person who says so, and for a receiver that does not take what is sent. */
export async function pauseWebhook(
  context: CommandContext,
  row: WebhookRow,
  reason: string,
): Promise<WebhookRow> {
  const next: WebhookRow = { ...row, state: 'paused', reason };
  await updateWebhook(context.tx, next);
  const data = { url: maskedUrl(row), reason };
  await record(context, { type: 'webhook.paused', subject: row.id, data });
  return next;
}

export async function resume(
  context: CommandContext,
  { id, fromNow }: Parsed<'webhook.resume'>,
): Promise<Webhook> {
  const row = await requireHeld(context, id);
  if (row.state === 'active') return toWebhook(row);
  const next: WebhookRow = {
    ...row,
    state: 'active',
    reason: null,
    dead_in_row: 0,
    cursor_seq: fromNow ? await latestCursor(context) : row.cursor_seq,
  };
  await updateWebhook(context.tx, next);
  await hastenPending(context.tx, id, context.nowMs);
  await record(context, { type: 'webhook.resumed', subject: id, data: { url: maskedUrl(row) } });
  return toWebhook(next);
}

export async function requireWebhook(
  { db, actor }: Pick<QueryContext, 'db' | 'actor'>,
  id: string,
): Promise<WebhookRow> {
  const row = await findWebhook(db, actor.project, id);
  if (row === undefined) throw unknown(id);
  return row;
}

async function requireHeld({ tx, actor }: CommandContext, id: string): Promise<WebhookRow> {
  const row = await holdWebhook(tx, actor.project, id);
  if (row === undefined) throw unknown(id);
  return row;
}

function unknown(id: string): SignalboxError {
  return new SignalboxError('not_found', `there is no webhook ${id}`, {
    hint: '`signalbox webhook list` shows the webhooks there are.',
  });
}
