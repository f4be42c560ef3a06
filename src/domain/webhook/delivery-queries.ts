/** What webhooks have to deliver, and did: one statement a function. */
import type { WebhookDeliveryState } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { join, limitTo, sql } from '../../store/sql.ts';
import type { WebhookRow } from './queries.ts';

export interface DeliveryRow {
  id: string;
  project: string;
  webhook_id: string;
  seq: number;
  /** JSON. */
  event: string;
  type: string;
  subject: string;
  state: WebhookDeliveryState;
  attempts: number;
  status: number | null;
  reason: string | null;
  lease_until_ms: number | null;
  created_at_ms: number;
  ended_at_ms: number | null;
  next_check_ms: number | null;
  version: number;
}

/** The active ones with something to send. */
export function listWithDue(db: Db, nowMs: number): Promise<Pick<WebhookRow, 'id' | 'project'>[]> {
  return db.all(sql`
    select w.id, w.project from webhooks w
    where w.state = 'active' and exists (
      select 1 from webhook_deliveries d
      where d.webhook_id = w.id and d.state = 'pending' and d.next_check_ms <= ${nowMs})
    order by w.id`);
}

/** The oldest first that are due and that no other hub is taking. */
export function listDueOf(
  tx: Tx,
  webhookId: string,
  due: { nowMs: number; limit: number },
): Promise<DeliveryRow[]> {
  return tx.all(sql`
    select * from webhook_deliveries
    where webhook_id = ${webhookId} and state = 'pending' and next_check_ms <= ${due.nowMs}
    order by next_check_ms, seq ${limitTo(due.limit)} ${tx.dialect.forUpdateSkipLocked}`);
}

export async function insertDelivery(tx: Tx, row: DeliveryRow): Promise<void> {
  await tx.run(sql`
    insert into webhook_deliveries (id, project, webhook_id, seq, event, type, subject, state,
      attempts, status, reason, lease_until_ms, created_at_ms, ended_at_ms, next_check_ms,
      version)
    values (${row.id}, ${row.project}, ${row.webhook_id}, ${row.seq}, ${row.event}, ${row.type},
      ${row.subject}, ${row.state}, ${row.attempts}, ${row.status}, ${row.reason},
      ${row.lease_until_ms}, ${row.created_at_ms}, ${row.ended_at_ms}, ${row.next_check_ms},
      ${row.version})`);
}

/** Writes a delivery that was read at this version; false when it has moved. */
export async function updateDelivery(tx: Tx, row: DeliveryRow): Promise<boolean> {
  const changed = await tx.run(sql`
    update webhook_deliveries set state = ${row.state}, attempts = ${row.attempts},
      status = ${row.status}, reason = ${row.reason}, lease_until_ms = ${row.lease_until_ms},
      ended_at_ms = ${row.ended_at_ms}, next_check_ms = ${row.next_check_ms},
      version = ${row.version + 1}
    where id = ${row.id} and version = ${row.version}`);
  return changed === 1;
}

export function findDelivery(
  db: Db,
  project: string,
  id: string,
): Promise<DeliveryRow | undefined> {
  return db.get(sql`
    select d.* from webhook_deliveries d join webhooks w on w.id = d.webhook_id
    where d.id = ${id} and d.project = ${project} and w.state <> 'removed'`);
}

export interface DeliveryPage {
  project: string;
  beforeId: string;
  limit: number;
  webhookId: string | undefined;
  state: WebhookDeliveryState | undefined;
}

/** Newest first. */
export function listDeliveries(db: Db, page: DeliveryPage): Promise<DeliveryRow[]> {
  const narrowed = [
    page.webhookId === undefined ? undefined : sql`d.webhook_id = ${page.webhookId}`,
    page.state === undefined ? undefined : sql`d.state = ${page.state}`,
  ].filter((condition) => condition !== undefined);
  const conditions = join(
    [
      sql`d.project = ${page.project}`,
      sql`d.id < ${page.beforeId}`,
      sql`w.state <> 'removed'`,
      ...narrowed,
    ],
    ' and ',
  );
  return db.all(sql`
    select d.* from webhook_deliveries d join webhooks w on w.id = d.webhook_id
    where ${conditions} order by d.id desc ${limitTo(page.limit)}`);
}

export function countDeliveries(
  db: Db,
  webhookId: string,
): Promise<{ state: WebhookDeliveryState; count: number }[]> {
  return db.all(sql`
    select state, count(*) as count from webhook_deliveries
    where webhook_id = ${webhookId} and state in ('pending', 'dead') group by state`);
}

export function countPending(db: Db, webhookId: string): Promise<{ count: number } | undefined> {
  return db.get(sql`
    select count(*) as count from webhook_deliveries
    where webhook_id = ${webhookId} and state = 'pending'`);
}

/** Those that wait for another try are tried at once. */
export async function hastenPending(tx: Tx, webhookId: string, nowMs: number): Promise<void> {
  await tx.run(sql`
    update webhook_deliveries set next_check_ms = ${nowMs}, version = version + 1
    where webhook_id = ${webhookId} and state = 'pending' and lease_until_ms is null`);
}

/** Returns how many went. */
export function deleteDeliveriesOf(tx: Tx, webhookId: string, limit: number): Promise<number> {
  return tx.run(sql`
    delete from webhook_deliveries where id in (
      select id from webhook_deliveries where webhook_id = ${webhookId} ${limitTo(limit)})`);
}

export interface Ended {
  state: 'delivered' | 'dead';
  beforeMs: number;
  limit: number;
}

/** Returns how many went. */
export function deleteEnded(tx: Tx, { state, beforeMs, limit }: Ended): Promise<number> {
  return tx.run(sql`
    delete from webhook_deliveries where id in (
      select id from webhook_deliveries
      where state = ${state} and ended_at_ms is not null and ended_at_ms < ${beforeMs}
      order by ended_at_ms ${limitTo(limit)})`);
}
