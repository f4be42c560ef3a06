/**
 * The tasks that may be handed out now, in the order in which they go, and how one comes into that
 * line. Read as far as it is walked along, so the usual hand-out costs one look, and no task that
 * an agent could do is ever left out. All of it runs under the project's row.
 */
import type { CommandContext } from '../event/index.ts';
import { listRunnable, type RunnableRow } from './line-queries.ts';
import type { TaskRow } from './queries.ts';
import { findTurns, NOBODY, savePass, savePlace } from './turn-queries.ts';
import { levelOf, turnOf } from './turns.ts';

/** Nearly always the first one is taken. */
const PAGE_SIZES = [1, 32];
const PAGE_MAX = 1_000;

export async function* inLine({
  tx,
  actor,
  nowMs,
}: CommandContext): AsyncGenerator<RunnableRow, void> {
  let after: Pick<RunnableRow, 'level' | 'turn' | 'rank_ms' | 'id'> = {
    level: -1,
    turn: 0,
    rank_ms: 0,
    id: '',
  };
  for (let pageIndex = 0; ; pageIndex++) {
    const limit = PAGE_SIZES[pageIndex] ?? PAGE_MAX;
    const rows = await listRunnable(tx, { project: actor.project, nowMs, limit, after });
    yield* rows;
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
  const placed = { ...row, level: levelOf(row.rank_ms, nowMs) };
  const { turn, pass } = turnOf(await findTurns(tx, placed));
  await savePass(tx, placed, pass);
  return { ...placed, turn };
}

/** Out of its place, where it has waited its way into the next level: it takes one there. */
export function risen(row: TaskRow, nowMs: number): TaskRow {
  const level = levelOf(row.rank_ms, nowMs);
  return level < row.level ? { ...row, level, turn: null } : row;
}

/** It is its turn: who comes into line now begins no earlier. */
export async function reach({ tx }: CommandContext, row: TaskRow): Promise<void> {
  if (row.turn === null) return;
  await savePass(tx, { project: row.project, level: row.level, submitter_key: NOBODY }, row.turn);
}
