/** Where the journal is: one statement a function. */
import type { Db, Tx } from '../../store/db.ts';
import { sql } from '../../store/sql.ts';

export interface JournalKey {
  project: string;
  actor: string;
  operation: string;
  key: string;
}

export interface JournalRow {
  at_ms: number;
  project: string;
  actor: string;
  operation: string;
  key: string | null;
  input_hash: string;
  reply: string | null;
}

export function findEntry(
  db: Db,
  of: JournalKey,
): Promise<Pick<JournalRow, 'input_hash' | 'reply'> | undefined> {
  return db.get(sql`
    select input_hash, reply from journal
    where project = ${of.project} and actor = ${of.actor} and operation = ${of.operation}
      and key = ${of.key}`);
}

export async function insertEntry(tx: Tx, row: JournalRow): Promise<void> {
  await tx.run(sql`
    insert into journal (at_ms, project, actor, operation, key, input_hash, reply)
    values (${row.at_ms}, ${row.project}, ${row.actor}, ${row.operation}, ${row.key},
      ${row.input_hash}, ${row.reply})`);
}

/** Lets go of answers and their keys; the audit line stays. Answers how many went. */
export function forgetReplies(tx: Tx, beforeMs: number, limit: number): Promise<number> {
  return tx.run(sql`
    update journal set reply = null, key = null
    where seq in (
      select seq from journal where reply is not null and at_ms < ${beforeMs}
      order by at_ms limit ${limit})`);
}

export function findOldReply(db: Db, beforeMs: number): Promise<{ seq: number } | undefined> {
  return db.get(sql`
    select seq from journal where reply is not null and at_ms < ${beforeMs} limit 1`);
}

export async function setMeta(tx: Tx, key: string, value: string): Promise<void> {
  await tx.run(sql`
    insert into meta (key, value) values (${key}, ${value})
    on conflict (key) do update set value = excluded.value`);
}

export function findMeta(db: Db, key: string): Promise<{ value: string } | undefined> {
  return db.get(sql`select value from meta where key = ${key}`);
}
