/**
 * What falls due. Each thing is looked at in a transaction of its own, with its state read again,
 * so that two hubs may sweep at once.
 */
import { findAgent, lockProject } from '../agent/index.ts';
import type { CommandContext } from '../event/index.ts';
import { nextLookMs, silentUntilMs } from './next-check.ts';
import { isStopped, settle, unblock, whyForsaken } from './dependents.ts';
import { factsOf, writeTask } from './facts.ts';
import { decide } from './lifecycle.ts';
import { risen } from './line.ts';
import { moveTask } from './move.ts';
import { loseTask } from './presence.ts';
import { findTask, type TaskRow } from './queries.ts';
import { matchFreed, matchTask } from './schedule.ts';

export async function checkTask(context: CommandContext, id: string): Promise<void> {
  await lockProject(context.tx, context.actor.project);
  const row = await findTask(context.tx, context.actor.project, id);
  if (row?.next_check_ms === null || row === undefined) return;
  if (row.next_check_ms > context.nowMs) return;
  if (await expire(context, row)) return;
  if (await cancelIfForsaken(context, row)) return;
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
  await matchTask(context, await lookAgain(context, risen(row, context.nowMs)));
}

/** A backstop: the sweep of agents gives the work of lost ones back before this finds any. */
async function checkHolder(context: CommandContext, row: TaskRow): Promise<void> {
  const holder = await findAgent(context.tx, row.project, row.agent_key ?? '');
  const isHeld = holder?.task_id === row.id && holder.presence !== 'offline';
  if (isHeld) return stall(context, row);
  if (holder?.task_id === row.id) return loseTask(context, holder, 'its agent is gone');
  const verdict = decide(factsOf(row), { type: 'lose' });
  if (verdict.is !== 'move') return;
  await matchTask(context, await settle(context, row, { ...verdict, reason: 'its agent is gone' }));
}

/** It was not handed in by its deadline: nobody needs it any more. */
async function expire(context: CommandContext, row: TaskRow): Promise<boolean> {
  if (row.deadline_ms === null || row.deadline_ms > context.nowMs) return false;
  const verdict = decide(factsOf(row), { type: 'expire' });
  if (verdict.is !== 'move') return false;
  const reason = 'it was not handed in by its deadline';
  await settle(context, row, { ...verdict, reason });
  if (row.agent_key !== null) await matchFreed(context, row.agent_key);
  return true;
}

/** Its agent is there, and may have fallen silent on the task all the same. */
async function stall(context: CommandContext, row: TaskRow): Promise<void> {
  const silentMs = silentUntilMs(row);
  const isSilent = silentMs !== null && silentMs <= context.nowMs;
  const verdict = decide(factsOf(row), { type: 'stall' });
  if (!isSilent || verdict.is !== 'move') return void (await lookAgain(context, row));
  const reason = `${row.agent} said nothing of it for ${row.progress_timeout_ms} ms`;
  const next = await settle(context, row, { ...verdict, reason, failure: reason });
  await matchTask(context, next);
  if (row.agent_key !== null) await matchFreed(context, row.agent_key);
}

/** What was left over when its parent, or what it needs, ended with too much at once. */
async function cancelIfForsaken(context: CommandContext, row: TaskRow): Promise<boolean> {
  if (row.parent_id === null && row.state !== 'blocked') return false;
  const verdict = decide(factsOf(row), { type: 'cancel' });
  if (verdict.is !== 'move') return false;
  const reason = await whyForsaken(context, row);
  if (reason === null || !(await isStopped(context, row))) return false;
  await settle(context, row, { ...verdict, reason });
  if (row.agent_key !== null) await matchFreed(context, row.agent_key);
  return true;
}

async function checkNeeded(context: CommandContext, row: TaskRow): Promise<void> {
  if (!(await unblock(context, row))) await lookAgain(context, row);
}

async function lookAgain(context: CommandContext, row: TaskRow): Promise<TaskRow> {
  const next = { ...row, next_check_ms: nextLookMs(row, context.nowMs) };
  await writeTask(context, next);
  return { ...next, version: row.version + 1 };
}
