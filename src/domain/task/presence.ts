/** What the coming and going of agents means for their work. */
import { limits, type Output, type Parsed } from '../../contract/index.ts';
import { present } from '../../core/assert.ts';
import {
  type AgentRow,
  arrive,
  assignTask,
  changePresence,
  findAgent,
  lockProject,
  setPresence,
  shownAgent,
} from '../agent/index.ts';
import { type CommandContext, latestCursor } from '../event/index.ts';
import { giveBackAll } from '../message/index.ts';
import { ensureRepository } from '../repository/index.ts';
import { isKeyTaken } from './barriers.ts';
import { settle } from './dependents.ts';
import { decide } from './lifecycle.ts';
import { factsOf, requireTask } from './facts.ts';
import { emptyContext } from './pauses.ts';
import { moveTask } from './move.ts';
import { findTask } from './queries.ts';
import { matchFreed, matchTask } from './schedule.ts';

/** A session begins or goes on: what the process still holds stays, what it lost goes back. */
export async function connect(
  context: CommandContext,
  input: Parsed<'agent.connect'>,
): Promise<Output<'agent.connect'>> {
  const { tx, actor } = context;
  await lockProject(tx, actor.project);
  const cursor = await latestCursor(context);
  const row = await arrive(context, {
    capabilities: input.capabilities,
    sessionId: input.sessionId,
    isPushed: input.takesOffers,
    repositories: await idsOf(context, input.repositories),
    leaseMs: limits.agentLeaseMs,
  });
  if (row.task_id !== null && !input.holding.includes(row.task_id)) {
    await settleForgotten(context, row);
  }
  if (input.takesOffers || input.sessionId === undefined) await emptyContext(context, row);
  for (const taskId of input.holding) await resume(context, row, taskId);
  await matchFreed(context, row.key);
  const agent = await shownAgent(context, row);
  return {
    agent,
    sessionId: present(row.session_id, 'the session'),
    beatMs: limits.agentBeatMs,
    cursor,
    taskId: agent.taskId,
  };
}

async function idsOf(
  context: CommandContext,
  urls: readonly string[] | undefined,
): Promise<string[] | null> {
  if (urls === undefined) return null;
  const ids = new Set<string>();
  for (const url of urls) ids.add((await ensureRepository(context, url, null)).id);
  return [...ids];
}

/** An offer that was on its way waits; work that the process knows nothing of goes back. */
async function settleForgotten(context: CommandContext, row: AgentRow): Promise<void> {
  const task = await requireTask(context, present(row.task_id, 'the task in hand'));
  if (task.state === 'offered') return;
  await loseTask(context, row, 'its agent came back without it');
}

async function resume(context: CommandContext, row: AgentRow, taskId: string): Promise<void> {
  const { tx, actor } = context;
  const task = await findTask(tx, actor.project, taskId);
  if (task === undefined) return;
  const command = { type: 'resume' as const, agentKey: actor.key, fence: task.fence };
  const verdict = decide(factsOf(task), command);
  if (verdict.is !== 'move' || (await isKeyTaken(context, task))) return;
  if (!(await assignTask(tx, row, task.id))) return;
  await moveTask(context, task, { ...verdict, reason: 'its agent came back in time' });
}

/** The work of an agent that is gone goes back to the queue; its late report is still taken. */
export async function loseTask(
  context: CommandContext,
  agent: AgentRow,
  reason: string,
): Promise<void> {
  if (agent.task_id === null) return;
  const task = await requireTask(context, agent.task_id);
  const verdict = decide(factsOf(task), { type: 'lose' });
  if (verdict.is !== 'move') return;
  await matchTask(context, await settle(context, task, { ...verdict, reason }));
}

export async function drain(
  context: CommandContext,
  input: Parsed<'agent.drain'>,
): Promise<Output<'agent.drain'>> {
  await lockProject(context.tx, context.actor.project);
  const row = await changePresence(context, input.sessionId, 'draining');
  return shownAgent(context, row);
}

export async function disconnect(
  context: CommandContext,
  input: Parsed<'agent.disconnect'>,
): Promise<Output<'agent.disconnect'>> {
  await lockProject(context.tx, context.actor.project);
  const row = await changePresence(context, input.sessionId, 'offline');
  await giveBackAll(context, row.key);
  await loseTask(context, row, 'its agent has left');
  return shownAgent(context, row);
}

/** The lease of an agent ran out: it is offline, and its work is offered to others at once. */
export async function expireAgent(context: CommandContext, key: string): Promise<void> {
  await lockProject(context.tx, context.actor.project);
  const row = await findAgent(context.tx, context.actor.project, key);
  if (row === undefined || row.presence === 'offline') return;
  if (row.lease_until_ms > context.nowMs) return;
  await giveBackAll(context, key);
  await loseTask(context, await setPresence(context, row, 'offline'), 'its agent is gone');
}
