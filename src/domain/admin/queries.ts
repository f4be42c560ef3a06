/** Where the journal is: one statement a function. */
import type { Db, Tx } from '../../store/db.ts';
import { limitTo, sql } from '../../store/sql.ts';

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

/** False when the key is there already. */
export async function insertEntry(tx: Tx, row: JournalRow): Promise<boolean> {
  const changed = await tx.run(sql`
    insert into journal (at_ms, project, actor, operation, key, input_hash, reply)
    values (${row.at_ms}, ${row.project}, ${row.actor}, ${row.operation}, ${row.key},
      ${row.input_hash}, ${row.reply})
    on conflict do nothing`);
  return changed === 1;
}

/** The last row of the next portion that is older than this; undefined where none is. */
export function findOldEntry(db: Db, range: OldRange): Promise<{ seq: number | null } | undefined> {
  return db.get(sql`
    select max(seq) as seq from (
      select seq, at_ms from journal where seq > ${range.afterSeq}
      order by seq ${limitTo(range.limit)}
    ) as portion where at_ms < ${range.beforeMs}`);
}

export interface OldRange {
  afterSeq: number;
  beforeMs: number;
  limit: number;
}

/** Lets go of answers and their keys; the audit line stays. */
export async function forgetReplies(tx: Tx, afterSeq: number, upToSeq: number): Promise<void> {
  await tx.run(sql`
    update journal set reply = null, key = null
    where seq > ${afterSeq} and seq <= ${upToSeq} and key is not null`);
}

export async function setMeta(tx: Tx, key: string, value: string): Promise<void> {
  await tx.run(sql`
    insert into meta (key, value) values (${key}, ${value})
    on conflict (key) do update set value = excluded.value`);
}

export function findMeta(db: Db, key: string): Promise<{ value: string } | undefined> {
  return db.get(sql`select value from meta where key = ${key}`);
}
