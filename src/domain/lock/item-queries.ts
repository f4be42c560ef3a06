/** What locks cover, while they are held or waited for: one statement a function. */
import type { LockMode } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { join, type Sql, sql } from '../../store/sql.ts';

export interface ItemRow {
  project: string;
  /** The repository's id, or `name` for things that are no paths. */
  scope: string;
  base: string;
  lock_id: string;
  pattern: string;
  is_literal: number;
  holder: string;
  mode: LockMode;
  state: 'waiting' | 'granted';
  place: number;
}

export async function insertItem(tx: Tx, row: ItemRow): Promise<void> {
  await tx.run(sql`
    insert into lock_items (project, scope, base, lock_id, pattern, is_literal, holder, mode,
      state, place)
    values (${row.project}, ${row.scope}, ${row.base}, ${row.lock_id}, ${row.pattern},
      ${row.is_literal}, ${row.holder}, ${row.mode}, ${row.state}, ${row.place})`);
}

export async function grantItems(tx: Tx, lockId: string): Promise<void> {
  await tx.run(sql`update lock_items set state = 'granted' where lock_id = ${lockId}`);
}

export async function deleteItems(tx: Tx, lockId: string): Promise<void> {
  await tx.run(sql`delete from lock_items where lock_id = ${lockId}`);
}

export async function deleteItem(tx: Tx, row: ItemRow): Promise<void> {
  await tx.run(sql`
    delete from lock_items where project = ${row.project} and scope = ${row.scope}
      and base = ${row.base} and lock_id = ${row.lock_id} and pattern = ${row.pattern}`);
}

export function listItems(db: Db, lockId: string): Promise<ItemRow[]> {
  return db.all(sql`select * from lock_items where lock_id = ${lockId} order by base, pattern`);
}

export interface Ground {
  project: string;
  scope: string;
  /** Every folder on the way up, and the base itself. */
  bases: readonly string[];
  /** Folders of which everything below is meant too. */
  folders: readonly string[];
}

/** What may overlap: other items whose base is one of these, or lies below one of the folders. */
export function listItemsOn(db: Db, ground: Ground): Promise<ItemRow[]> {
  const below = ground.folders.map((folder) =>
    folder === '' ? sql`true` : sql`(base >= ${`${folder}/`} and base < ${`${folder}0`})`,
  );
  const on = sql`base in (${join(ground.bases)})`;
  const where: Sql = below.length === 0 ? on : join([on, ...below], ' or ');
  return db.all(sql`
    select * from lock_items
    where project = ${ground.project} and scope = ${ground.scope} and (${where})
    order by place`);
}

export function listAllItems(
  db: Db,
  project: string,
): Promise<Pick<ItemRow, 'scope' | 'pattern'>[]> {
  return db.all(sql`
    select scope, pattern from lock_items where project = ${project} and scope <> 'name'`);
}

/** The items that a holder has or waits for. */
export function listItemsOf(db: Db, project: string, holder: string): Promise<ItemRow[]> {
  return db.all(sql`
    select i.* from locks l join lock_items i on i.lock_id = l.id
    where l.project = ${project} and l.holder = ${holder} and l.ended_at_ms is null
    order by i.place`);
}
