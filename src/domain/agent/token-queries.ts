/** Where tokens are: one statement a function. */
import type { Role } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { limitTo, sql } from '../../store/sql.ts';

export interface TokenRow {
  id: string;
  project: string;
  agent: string;
  agent_key: string;
  role: Role;
  hash: string;
  created_at_ms: number;
  expires_at_ms: number | null;
  revoked_at_ms: number | null;
  rotated_from: string | null;
}

export function findToken(db: Db, hash: string): Promise<TokenRow | undefined> {
  return db.get(sql`select * from tokens where hash = ${hash}`);
}

export function findTokenById(db: Db, project: string, id: string): Promise<TokenRow | undefined> {
  return db.get(sql`select * from tokens where project = ${project} and id = ${id}`);
}

/** Somebody who was given a token has been heard of, even if it was never used. */
export function findTokenOfAgent(
  db: Db,
  project: string,
  key: string,
): Promise<{ id: string } | undefined> {
  return db.get(sql`
    select id from tokens where project = ${project} and agent_key = ${key}
      and revoked_at_ms is null limit 1`);
}

export interface TokensOfRole {
  role: Role;
  /** How many still let the agent in. */
  live: number;
}

/** The roles that an agent was ever given a token for. */
export function countTokensByRole(
  db: Db,
  agent: { project: string; key: string; nowMs: number },
): Promise<TokensOfRole[]> {
  return db.all(sql`
    select role, count(case when revoked_at_ms is null
      and (expires_at_ms is null or expires_at_ms > ${agent.nowMs}) then 1 end) as live
    from tokens where project = ${agent.project} and agent_key = ${agent.key} group by role`);
}

/** A token that still lets somebody in as admin. */
export function findAdminToken(db: Db, nowMs: number): Promise<{ id: string } | undefined> {
  return db.get(sql`
    select id from tokens
    where role = 'admin' and revoked_at_ms is null
      and (expires_at_ms is null or expires_at_ms > ${nowMs})
    limit 1`);
}

export interface TokenPage {
  project: string;
  afterId: string;
  limit: number;
}

export function listTokens(db: Db, page: TokenPage): Promise<TokenRow[]> {
  return db.all(sql`
    select * from tokens where project = ${page.project} and id > ${page.afterId}
    order by id ${limitTo(page.limit)}`);
}

/** Those that have not been revoked; one that has run out may be among them. */
export function listTokensOf(
  db: Db,
  { project, key }: { project: string; key: string },
): Promise<TokenRow[]> {
  return db.all(sql`
    select * from tokens where project = ${project} and agent_key = ${key}
      and revoked_at_ms is null order by id`);
}

export async function insertToken(tx: Tx, row: TokenRow): Promise<void> {
  await tx.run(sql`
    insert into tokens (id, project, agent, agent_key, role, hash, created_at_ms, expires_at_ms,
      revoked_at_ms, rotated_from)
    values (${row.id}, ${row.project}, ${row.agent}, ${row.agent_key}, ${row.role}, ${row.hash},
      ${row.created_at_ms}, ${row.expires_at_ms}, ${row.revoked_at_ms}, ${row.rotated_from})`);
}

export async function endToken(tx: Tx, id: string, ends: EndOfToken): Promise<void> {
  await tx.run(sql`
    update tokens set revoked_at_ms = ${ends.revokedAtMs}, expires_at_ms = ${ends.expiresAtMs}
    where id = ${id}`);
}

export interface EndOfToken {
  revokedAtMs: number | null;
  expiresAtMs: number | null;
}
