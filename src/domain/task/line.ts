/**
 * The tasks that may be handed out now, in the order in which they go, and how one comes into that
 * line. Read as far as it is walked along, so the usual hand-out costs one look, and no task that
 * an agent could do is ever left out. A kind of task that does not fit is read once and then left
 * out: what an agent cannot do costs by its kinds, and not by its tasks. All of it runs under the
 * project's row.
 */
import type { Db } from '../../store/db.ts';
import type { CommandContext } from '../event/index.ts';
import {
  listRunnable,
  listRunnableBut,
  nameOfKind,
  type RunnableRow,
  type TaskKind,
} from './line-queries.ts';
import type { TaskRow } from './queries.ts';
import { findTurns, NOBODY, savePass, savePlace } from './turn-queries.ts';
import { FIRST, levelOf, type Place, turnOf } from './turns.ts';

/** Nearly always the first one is taken. */
const PAGE_SIZES = [1, 50];
const PAGE_MAX = 100;
/** A statement takes only so many values. Of what is over this, each task is read. */
const KINDS_MAX = 1_024;

/** Those that fit; whether one does is told by its kind alone. */
export async function* inLine(
  { tx, actor, nowMs }: CommandContext,
  fits: (kind: TaskKind) => boolean,
): AsyncGenerator<RunnableRow, void> {
  const line = { project: actor.project, nowMs };
  const unfit = new Map<string, TaskKind>();
  let after: Place = FIRST;
  for (let pageIndex = 0; ; pageIndex++) {
    const limit = PAGE_SIZES[pageIndex] ?? PAGE_MAX;
    const page = { ...line, limit, after };
    const rows = await (pageIndex < PAGE_SIZES.length
      ? listRunnable(tx, page)
      : listRunnableBut(tx, page, [...unfit.values()]));
    for (const row of rows) {
      if (fits(row)) yield row;
      else if (unfit.size < KINDS_MAX) unfit.set(nameOfKind(row), row);
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return;
    after = last;
  }
}

/**
 * A task that has to wait takes its place in line, behind what its submitter has in the same level
 * already. Who is served at once needs no turn: nobody was kept waiting by it.
 */
export async function queueUp(context: CommandContext, row: TaskRow): Promise<void> {
  if (row.turn === null) await savePlace(context.tx, await withPlace(context, row));
}

export async function withPlace({ tx, nowMs }: CommandContext, row: TaskRow): Promise<TaskRow> {
  const { pass, ...placed } = await nextPlace(tx, row, nowMs);
  await savePass(tx, placed, pass);
  return placed;
}

type Unplaced = Pick<TaskRow, 'project' | 'level' | 'turn' | 'submitter_key' | 'rank_ms'>;

/** The place that it would take now. */
export async function nextPlace<Row extends Unplaced>(
  db: Db,
  row: Row,
  nowMs: number,
): Promise<Row & { pass: number }> {
  const level = levelOf(row.rank_ms, nowMs);
  return { ...row, level, ...turnOf(await findTurns(db, { ...row, level })) };
}

/** Out of its place, where it has waited its way into the next level: it takes one there. */
export function risen(row: TaskRow, nowMs: number): TaskRow {
  const level = levelOf(row.rank_ms, nowMs);
  return level < row.level ? { ...row, level, turn: null } : row;
}

/** It is its turn: who comes into line now begins no earlier. */
export async function saveReached({ tx }: CommandContext, row: TaskRow): Promise<void> {
  if (row.turn === null) return;
  await savePass(tx, { project: row.project, level: row.level, submitter_key: NOBODY }, row.turn);
}
