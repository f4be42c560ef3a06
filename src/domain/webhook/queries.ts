/** Where webhooks and their deliveries are: one statement a function. */
import type { Role, WebhookShape, WebhookState } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { limitTo, sql } from '../../store/sql.ts';

export interface WebhookRow {
  id: string;
  project: string;
  url: string;
  /** JSON list; null: all types. */
  events: string | null;
  subject: string | null;
  shape: WebhookShape;
  state: WebhookState;
  reason: string | null;
  creator: string;
  creator_role: Role;
  secret: string;
  old_secret: string | null;
  old_secret_until_ms: number | null;
  cursor_seq: number;
  dead_in_row: number;
  created_at_ms: number;
}

export function findWebhook(db: Db, project: string, id: string): Promise<WebhookRow | undefined> {
  return db.get(sql`
    select * from webhooks where id = ${id} and project = ${project} and state <> 'removed'`);
}

/** The same, kept from other writers until the commit. */
export function holdWebhook(tx: Tx, project: string, id: string): Promise<WebhookRow | undefined> {
  return tx.get(sql`
    select * from webhooks where id = ${id} and project = ${project} and state <> 'removed'
    ${tx.dialect.forUpdate}`);
}

export interface WebhookPage {
  project: string;
  afterId: string;
  limit: number;
}

export function listWebhooks(db: Db, page: WebhookPage): Promise<WebhookRow[]> {
  return db.all(sql`
    select * from webhooks
    where project = ${page.project} and id > ${page.afterId} and state <> 'removed'
    order by id ${limitTo(page.limit)}`);
}

export function countWebhooks(db: Db, project: string): Promise<{ count: number } | undefined> {
  return db.get(sql`
    select count(*) as count from webhooks where project = ${project} and state <> 'removed'`);
}

export async function insertWebhook(tx: Tx, row: WebhookRow): Promise<void> {
  await tx.run(sql`
    insert into webhooks (id, project, url, events, subject, shape, state, reason, creator,
      creator_role, secret, old_secret, old_secret_until_ms, cursor_seq, dead_in_row,
      created_at_ms)
    values (${row.id}, ${row.project}, ${row.url}, ${row.events}, ${row.subject}, ${row.shape},
      ${row.state}, ${row.reason}, ${row.creator}, ${row.creator_role}, ${row.secret},
      ${row.old_secret}, ${row.old_secret_until_ms}, ${row.cursor_seq}, ${row.dead_in_row},
      ${row.created_at_ms})`);
}

/** Writes what may change of a webhook that this transaction holds. */
export async function updateWebhook(tx: Tx, row: WebhookRow): Promise<void> {
  await tx.run(sql`
    update webhooks set state = ${row.state}, reason = ${row.reason}, secret = ${row.secret},
      old_secret = ${row.old_secret}, old_secret_until_ms = ${row.old_secret_until_ms},
      cursor_seq = ${row.cursor_seq}, dead_in_row = ${row.dead_in_row}
    where id = ${row.id}`);
}

/** What signs and where it goes are forgotten at once. */
export async function markRemoved(tx: Tx, id: string): Promise<void> {
  await tx.run(sql`
    update webhooks set state = 'removed', secret = '', old_secret = null, url = ''
    where id = ${id}`);
}

export function findRemoved(db: Db): Promise<{ id: string; project: string } | undefined> {
  return db.get(sql`select id, project from webhooks where state = 'removed' limit 1`);
}

export async function deleteRemoved(tx: Tx, id: string): Promise<void> {
  await tx.run(sql`delete from webhooks where id = ${id} and state = 'removed'`);
}

/** The active ones that have not seen the newest event. */
export function listBehind(db: Db, headSeq: number): Promise<Pick<WebhookRow, 'id' | 'project'>[]> {
  return db.all(sql`
    select id, project from webhooks where state = 'active' and cursor_seq < ${headSeq}`);
}
