/**
 * Locks as they are asked for: a task's attempt can hold them only while it is in hand, under its
 * fence; and what is given back may be what a waiting task needs.
 */
import { limits, type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import { lockProject } from '../agent/index.ts';
import type { CommandContext } from '../event/index.ts';
import * as locks from '../lock/index.ts';
import { requireTask, staleFence } from './facts.ts';
import { matchPaths } from './freed.ts';
import { inHand } from './lifecycle.ts';
import { setHasLocks } from './path-queries.ts';

type Named = Parsed<'lock.acquire'>['holder'];

export async function acquire(
  context: CommandContext,
  input: Parsed<'lock.acquire'>,
): Promise<Output<'lock.acquire'> | SignalboxError> {
  const holder = await holderOf(context, input.holder, input.leaseMs);
  const answer = await locks.acquire(context, input, holder);
  const isTasks = holder.taskId !== null && !(answer instanceof SignalboxError);
  if (isTasks) await setHasLocks(context.tx, holder.taskId ?? '', 1);
  return answer;
}

export async function release(
  context: CommandContext,
  input: Parsed<'lock.release'>,
): Promise<Output<'lock.release'>> {
  await lockProject(context.tx, context.actor.project);
  const holder = await holderOf(context, input.holder, limits.lockLeaseMsMin);
  const held = await locks.pathsOfHolder(context.tx, context.actor.project, holder.key);
  const answer = await locks.release(context, input, holder);
  if (answer.released.length > 0) await matchPaths(context, { freed: held });
  return answer;
}

export async function steal(
  context: CommandContext,
  input: Parsed<'lock.steal'>,
): Promise<Output<'lock.steal'>> {
  await lockProject(context.tx, context.actor.project);
  const answer = await locks.steal(context, input);
  await matchPaths(context, { freed: locks.pathsIn(answer.items) });
  return answer;
}

/** The lease of a session ran out: what it held is free for others, and for tasks. */
export async function expireSession(context: CommandContext, holder: string): Promise<void> {
  await lockProject(context.tx, context.actor.project);
  const held = await locks.pathsOfHolder(context.tx, context.actor.project, holder);
  if (await locks.expireSession(context, holder)) await matchPaths(context, { freed: held });
}

/** A task's locks are taken for the attempt that has it in hand, and for nobody else. */
async function holderOf(
  context: CommandContext,
  named: Named,
  leaseMs: number,
): Promise<locks.Holder> {
  if ('session' in named) return locks.sessionHolder(context.actor, named.session, leaseMs);
  const task = await requireTask(context, named.taskId);
  const isHeld =
    inHand.includes(task.state) &&
    task.fence === named.fence &&
    task.agent_key === context.actor.key;
  if (isHeld) return locks.taskHolder(context.actor, task.id);
  throw staleFence(task);
}
