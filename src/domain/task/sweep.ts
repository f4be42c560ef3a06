/**
 * What falls due. Each thing is looked at in a transaction of its own, with its state read again,
 * so that two hubs may sweep at once.
 */
import { limits } from '../../contract/index.ts';
import { findAgent, lockProject } from '../agent/index.ts';
import type { CommandContext } from '../event/index.ts';
import { decide } from './lifecycle.ts';
import { factsOf } from './facts.ts';
import { moveTask } from './move.ts';
import { loseTask } from './presence.ts';
import { findTask, listNeeded, type TaskRow, updateTask } from './queries.ts';
import { matchFreed, matchTask } from './schedule.ts';

export async function checkTask(context: CommandContext, id: string): Promise<void> {
  await lockProject(context.tx, context.actor.project);
  const row = await findTask(context.tx, context.actor.project, id);
  if (row?.next_check_ms === null || row === undefined) return;
  if (row.next_check_ms > context.nowMs) return;
  switch (row.state) {
    case 'offered':
      return lapse(context, row);
    case 'queued':
      return wake(context, row);
    case 'accepted':
    case 'running':
      return checkHolder(context, row);
    case 'blocked':
      return checkNeeded(context, row);
    default:
      await lookAgain(context, row);
  }
}

/**
 * The offer was not taken in time: it goes to somebody else, and the silent agent waits its turn.
 */
async function lapse(context: CommandContext, row: TaskRow): Promise<void> {
  const verdict = decide(factsOf(row), { type: 'lapse' });
  if (verdict.is !== 'move') return;
  const reason = `${row.agent ?? 'its agent'} did not accept the offer in time`;
  await matchTask(context, await moveTask(context, row, { ...verdict, reason }));
  if (row.agent_key !== null) await matchFreed(context, row.agent_key);
}

async function wake(context: CommandContext, row: TaskRow): Promise<void> {
  await matchTask(context, await lookAgain(context, row));
}

/** A backstop: the sweep of agents gives the work of lost ones back before this finds any. */
async function checkHolder(context: CommandContext, row: TaskRow): Promise<void> {
  const holder = await findAgent(context.tx, row.project, row.agent_key ?? '');
  const isHeld = holder?.task_id === row.id && holder.presence !== 'offline';
  if (isHeld) return void (await lookAgain(context, row));
  if (holder?.task_id === row.id) return loseTask(context, holder, 'its agent is gone');
  const verdict = decide(factsOf(row), { type: 'lose' });
  if (verdict.is !== 'move') return;
  await matchTask(
    context,
    await moveTask(context, row, { ...verdict, reason: 'its agent is gone' }),
  );
}

async function checkNeeded(context: CommandContext, row: TaskRow): Promise<void> {
  const needed = await listNeeded(context.tx, row.id);
  const unmet = needed.filter((task) => task.state !== 'done').length;
  const verdict = decide(factsOf(row, unmet), { type: 'unblock' });
  if (verdict.is !== 'move') return void (await lookAgain(context, row));
  await matchTask(context, await moveTask(context, row, verdict));
}

async function lookAgain(context: CommandContext, row: TaskRow): Promise<TaskRow> {
  const next = { ...row, next_check_ms: context.nowMs + limits.recheckMs };
  await updateTask(context.tx, next);
  return { ...next, version: row.version + 1 };
}
