/** Who holds locks, and until when: one statement a function. */
import type { Db, Tx } from '../../store/db.ts';
import { limitTo, sql } from '../../store/sql.ts';

export interface SessionRow {
  project: string;
  holder: string;
  agent_key: string;
  lease_until_ms: number;
  lease_ms: number;
}

/** A lease is only ever made longer by this; returns when it ends. */
export async function renewSession(tx: Tx, row: SessionRow): Promise<number> {
  const longer = await tx.get<Pick<SessionRow, 'lease_until_ms'>>(sql`
    insert into lock_sessions (project, holder, agent_key, lease_until_ms, lease_ms)
    values (${row.project}, ${row.holder}, ${row.agent_key}, ${row.lease_until_ms},
      ${row.lease_ms})
    on conflict (project, holder) do update set lease_until_ms = excluded.lease_until_ms,
      lease_ms = excluded.lease_ms
    where excluded.lease_until_ms > lock_sessions.lease_until_ms
    returning lease_until_ms`);
  const stands = longer ?? (await findSession(tx, row.project, row.holder));
  return stands?.lease_until_ms ?? row.lease_until_ms;
}

export function findSession(
  tx: Tx,
  project: string,
  holder: string,
): Promise<SessionRow | undefined> {
  return tx.get(sql`
    select * from lock_sessions where project = ${project} and holder = ${holder}
    ${tx.dialect.forUpdate}`);
}

export async function deleteSession(tx: Tx, project: string, holder: string): Promise<void> {
  await tx.run(sql`delete from lock_sessions where project = ${project} and holder = ${holder}`);
}

export function listLapsedSessions(db: Db, nowMs: number, limit: number): Promise<SessionRow[]> {
  return db.all(sql`
    select * from lock_sessions where lease_until_ms <= ${nowMs}
    order by lease_until_ms ${limitTo(limit)}`);
}

/** Time in which the hub was down counts against no holder: each has its whole lease again. */
export async function rearmLockSessions(tx: Tx, nowMs: number): Promise<void> {
  await tx.run(sql`
    update lock_sessions set lease_until_ms = ${nowMs} + lease_ms
    where lease_until_ms < ${nowMs} + lease_ms`);
}
