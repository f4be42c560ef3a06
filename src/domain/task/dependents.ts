/**
 * What waits for a task: those that come after it, and its parent. What its end moves is moved in
 * the same transaction, as far as that is not too much; the rest by the next tick.
 */
import { limits } from '../../contract/index.ts';
import type { CommandContext } from '../event/index.ts';
import { rankMs } from './assign.ts';
import { factsOf, requireTask } from './facts.ts';
import {
  hastenForsaken,
  listDependents,
  listForsaken,
  listNeeded,
  listOpenChildren,
  listUnmet,
} from './family-queries.ts';
import { decide, inHand, isEnded } from './lifecycle.ts';
import { type Move, type MoveDetails, moveTask } from './move.ts';
import type { TaskRow } from './queries.ts';
import { matchFreed, matchTask } from './schedule.ts';
import { withinBudget } from './within-budget.ts';

/** Lets go the tasks that waited for this one and wait for nothing else. */
async function releaseDependents(context: CommandContext, neededId: string): Promise<void> {
  for (const { task_id: id } of await listDependents(context.tx, neededId)) {
    await unblock(context, await requireTask(context, id));
  }
}

/** How many tasks and children it waits for. */
export async function countUnmet(context: CommandContext, row: TaskRow): Promise<number> {
  const needed = await listUnmet(context.tx, row.id);
  if (row.waits_for_children === 0) return needed.length;
  const open = await listOpenChildren(context.tx, { parentId: row.id, limit: 1 });
  return needed.length + open.length;
}

/** Returns whether it waits no more. */
export async function unblock(context: CommandContext, row: TaskRow): Promise<boolean> {
  const verdict = decide(factsOf(row, await countUnmet(context, row)), { type: 'unblock' });
  if (verdict.is !== 'move') return false;
  const availableAtMs = Math.max(row.available_at_ms, context.nowMs);
  const fields = {
    rank_ms: rankMs(row.lane, availableAtMs),
    turn: null,
    available_at_ms: availableAtMs,
    waits_for_children: 0,
  };
  await matchTask(context, await moveTask(context, row, { ...verdict, fields }));
  return true;
}

/**
 * Moves a task that may end by it, and what that means for others: those that come after it go on,
 * or end with it where they are not to run without it; its children end with it where it did not
 * end well; and the parent that waits for its children looks whether this was the last.
 */
export async function settle(
  context: CommandContext,
  row: TaskRow,
  move: Move & MoveDetails,
): Promise<TaskRow> {
  const next = await moveTask(context, row, await goingOn(context, row, withinBudget(row, move)));
  if (!isEnded(next.state)) return next;
  if (next.state === 'done') await releaseDependents(context, next.id);
  const worklist = [next];
  let room: number = limits.dependentsAtOnceMax;
  for (let ended = worklist.shift(); ended !== undefined; ended = worklist.shift()) {
    if (ended.state !== 'done') {
      const cancelled = await cancelForsaken(context, ended, room);
      room -= cancelled.length;
      worklist.push(...cancelled);
    }
    if (ended.parent_id !== null) await lookAtWhole(context, ended.parent_id);
  }
  return next;
}

/**
 * A child whose landing had begun when its parent ended was let go on with that. Where nothing came
 * of it, it does not go back to the queue.
 */
async function goingOn(
  context: CommandContext,
  row: TaskRow,
  move: Move & MoveDetails,
): Promise<Move & MoveDetails> {
  if (row.state !== 'verifying' || isEnded(move.to)) return move;
  const reason = await whyForsaken(context, row);
  return reason === null ? move : { ...move, to: 'cancelled', reason };
}

/**
 * Cancels what is not to run without this task, and returns it. What is too much for one
 * transaction is looked at by the next tick.
 */
async function cancelForsaken(
  context: CommandContext,
  row: TaskRow,
  room: number,
): Promise<TaskRow[]> {
  const children = await listOpenChildren(context.tx, { parentId: row.id, limit: room });
  const later = await listForsaken(context.tx, { neededId: row.id, limit: room });
  const ids = [...children.map(({ id }) => id), ...later.map(({ task_id: id }) => id)];
  const cancelled: TaskRow[] = [];
  for (const id of ids.slice(0, room)) {
    const other = await requireTask(context, id);
    const verdict = decide(factsOf(other), { type: 'cancel' });
    if (verdict.is !== 'move' || !(await isStopped(context, other))) continue;
    const reason = `${row.id} is ${row.state}`;
    cancelled.push(await moveTask(context, other, { ...verdict, reason }));
    const { agent_key: freed } = other;
    if (freed !== null && inHand.includes(other.state)) await matchFreed(context, freed);
  }
  if (ids.length >= room) await hastenForsaken(context.tx, row.id, context.nowMs);
  return cancelled;
}

/** Whether nothing of it can land any more: what is being verified loses its change. */
export async function isStopped(context: CommandContext, row: TaskRow): Promise<boolean> {
  if (row.state !== 'verifying' || row.change_id === null) return true;
  return context.dropChange(context, row.change_id);
}

async function lookAtWhole(context: CommandContext, parentId: string): Promise<void> {
  const parent = await requireTask(context, parentId);
  if (parent.state === 'blocked' && parent.waits_for_children === 1) await unblock(context, parent);
}

/** Why it is not to go on: its parent has ended, or something that it needs; null where it may. */
export async function whyForsaken(context: CommandContext, row: TaskRow): Promise<string | null> {
  const lost = ({ state }: { state: TaskRow['state'] }): boolean =>
    isEnded(state) && state !== 'done';
  const { parent_id: parentId } = row;
  const parent = parentId === null ? undefined : await requireTask(context, parentId);
  if (parent !== undefined && lost(parent)) return `${parent.id} is ${parent.state}`;
  if (row.state !== 'blocked' || row.on_needed_failure === 'block') return null;
  const needed = (await listNeeded(context.tx, row.id)).find(lost);
  return needed === undefined ? null : `${needed.id} is ${needed.state}`;
}
