/** Mailboxes and their places: one statement a function. */
import type { Db, Tx } from '../../store/db.ts';
import { sql } from '../../store/sql.ts';

/** Whose mailbox. */
export interface Box {
  project: string;
  key: string;
}

export interface Place {
  last_seq: number;
  /** What waits, is delayed or in somebody's hands. */
  open_count: number;
}

/**
 * The next place in a mailbox. Its row is held until the commit, so that places become visible in
 * their order: whoever reads by cursor passes over nothing.
 */
export async function takePlace(tx: Tx, { project, key }: Box): Promise<Place> {
  const place = await tx.get<Place>(sql`
    insert into mailboxes (project, key, last_seq, open_count) values (${project}, ${key}, 1, 1)
    on conflict (project, key) do update
      set last_seq = mailboxes.last_seq + 1, open_count = mailboxes.open_count + 1
    returning last_seq, open_count`);
  return place ?? { last_seq: 1, open_count: 1 };
}

export function findMailbox(db: Db, { project, key }: Box): Promise<Place | undefined> {
  return db.get(sql`
    select last_seq, open_count from mailboxes where project = ${project} and key = ${key}`);
}

/**
 * Who moves deliveries holds their mailbox first, as who sends does: nothing is handed out twice,
 * and two of them never wait for each other.
 */
export async function lockMailbox(tx: Tx, { project, key }: Box): Promise<void> {
  if (tx.dialect.engine === 'sqlite') return;
  await tx.get(sql`
    select key from mailboxes where project = ${project} and key = ${key}
    ${tx.dialect.forUpdate}`);
}

/** So many more are open; fewer, where it is below zero. */
export async function countOpened(tx: Tx, { project, key }: Box, more: number): Promise<void> {
  await tx.run(sql`
    update mailboxes set open_count = open_count + ${more}
    where project = ${project} and key = ${key}`);
}
