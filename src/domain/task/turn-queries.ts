/** How far turns have gone, and by what weights: one statement a function. */
import type { Db, Tx } from '../../store/db.ts';
import { limitTo, sql } from '../../store/sql.ts';
import type { TaskRow } from './queries.ts';
import type { Turns } from './turns.ts';

/** A level of a project, and whose turns in it. */
export type TurnKey = Pick<TaskRow, 'project' | 'level' | 'submitter_key'>;

/** The one whose turns are the place up to which turns were given. */
export const NOBODY = '';

export async function findTurns(db: Db, of: TurnKey): Promise<Turns> {
  const row = await db.get<Turns>(sql`
    select
      coalesce((select pass from turns where project = ${of.project} and level = ${of.level}
        and submitter_key = ${of.submitter_key}), 0) as pass,
      coalesce((select pass from turns where project = ${of.project} and level = ${of.level}
        and submitter_key = ${NOBODY}), 0) as reached,
      coalesce((select weight from shares where project = ${of.project}
        and submitter_key = ${of.submitter_key}), 1) as weight`);
  return row ?? { pass: 0, reached: 0, weight: 1 };
}

/** Turns only go on: a task that is handed out again does not bring them back. */
export async function savePass(tx: Tx, of: TurnKey, pass: number): Promise<void> {
  await tx.run(sql`
    insert into turns (project, level, submitter_key, pass)
    values (${of.project}, ${of.level}, ${of.submitter_key}, ${pass})
    on conflict (project, level, submitter_key) do update set pass = excluded.pass
      where turns.pass < excluded.pass`);
}

/** Beside the version: it only says when it goes. */
export async function savePlace(
  tx: Tx,
  { id, level, turn }: Pick<TaskRow, 'id' | 'level' | 'turn'>,
): Promise<void> {
  await tx.run(sql`update tasks set level = ${level}, turn = ${turn} where id = ${id}`);
}

export interface ShareRow {
  project: string;
  submitter_key: string;
  submitter: string;
  weight: number;
}

export async function saveWeight(tx: Tx, row: ShareRow): Promise<void> {
  await tx.run(sql`
    insert into shares (project, submitter_key, submitter, weight)
    values (${row.project}, ${row.submitter_key}, ${row.submitter}, ${row.weight})
    on conflict (project, submitter_key) do update
      set weight = excluded.weight, submitter = excluded.submitter`);
}

export function listShares(
  db: Db,
  page: { project: string; afterKey: string; limit: number },
): Promise<ShareRow[]> {
  return db.all(sql`
    select * from shares
    where project = ${page.project} and submitter_key > ${page.afterKey}
    order by submitter_key ${limitTo(page.limit)}`);
}
