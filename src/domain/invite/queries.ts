/** Where invites are: one statement a function. */
import type { InvitedRole } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { limitTo, sql } from '../../store/sql.ts';

export interface InviteRow {
  id: string;
  project: string;
  hash: string;
  agent: string | null;
  role: InvitedRole;
  slots: number;
  state: 'open' | 'redeemed' | 'revoked';
  creator: string;
  created_at_ms: number;
  expires_at_ms: number;
  ended_at_ms: number | null;
  /** JSON list. */
  names: string;
}

export async function insertInvite(tx: Tx, row: InviteRow): Promise<void> {
  await tx.run(sql`
    insert into invites (id, project, hash, agent, role, slots, state, creator, created_at_ms,
      expires_at_ms, ended_at_ms, names)
    values (${row.id}, ${row.project}, ${row.hash}, ${row.agent}, ${row.role}, ${row.slots},
      ${row.state}, ${row.creator}, ${row.created_at_ms}, ${row.expires_at_ms},
      ${row.ended_at_ms}, ${row.names})`);
}

/** The invite that is good now, by the hash of its code. */
export function findOpenInvite(
  db: Db,
  hash: string,
  nowMs: number,
): Promise<InviteRow | undefined> {
  return db.get(sql`
    select * from invites where hash = ${hash} and state = 'open' and expires_at_ms > ${nowMs}`);
}

export function findInvite(db: Db, project: string, id: string): Promise<InviteRow | undefined> {
  return db.get(sql`select * from invites where project = ${project} and id = ${id}`);
}

export function countOpenInvites(
  db: Db,
  project: string,
  nowMs: number,
): Promise<{ count: number } | undefined> {
  return db.get(sql`
    select count(*) as count from invites
    where project = ${project} and state = 'open' and expires_at_ms > ${nowMs}`);
}

export interface InvitePage {
  project: string;
  afterId: string;
  limit: number;
}

export function listInvites(db: Db, page: InvitePage): Promise<InviteRow[]> {
  return db.all(sql`
    select * from invites where project = ${page.project} and id > ${page.afterId}
    order by id ${limitTo(page.limit)}`);
}

export interface EndOfInvite {
  project: string;
  id: string;
  state: 'redeemed' | 'revoked';
  nowMs: number;
  names: string;
}

/** Ends an invite that is good now; false where somebody else has, or its time is over. */
export async function endInvite(tx: Tx, end: EndOfInvite): Promise<boolean> {
  const changed = await tx.run(sql`
    update invites set state = ${end.state}, ended_at_ms = ${end.nowMs}, names = ${end.names}
    where project = ${end.project} and id = ${end.id} and state = 'open'
      and expires_at_ms > ${end.nowMs}`);
  return changed === 1;
}

/** Returns how many there were. */
export function deleteInvites(tx: Tx, beforeMs: number, limit: number): Promise<number> {
  return tx.run(sql`
    delete from invites where id in (
      select id from invites where expires_at_ms < ${beforeMs}
      order by expires_at_ms ${limitTo(limit)})`);
}
