/**
 * Hand-outs: brings waiting tasks and idle agents together, through the pure `assign`.
 *
 * It is called in the transaction that made a task runnable or an agent idle, so that no runnable
 * task is ever left waiting beside an agent that could do it. Whoever calls holds the project's
 * row, or two hubs could each see only half of such a pair.
 */
import { limits, SignalboxError } from '../../contract/index.ts';
import {
  type AgentRow,
  assignTask,
  capabilitiesOf,
  findAgent,
  listIdleAgents,
} from '../agent/index.ts';
import { type CommandContext, record } from '../event/index.ts';
import { assign, type IdleAgent, type WaitingTask } from './assign.ts';
import { factsOf } from './facts.ts';
import { decide } from './lifecycle.ts';
import { isHeldUp, takeOwnIntents } from './locks.ts';
import { listWithPaths } from './path-queries.ts';
import {
  findTask,
  insertAttempt,
  listRunnable,
  nextFence,
  type RunnableRow,
  type TaskRow,
  updateTask,
} from './queries.ts';
import { parseList } from './view.ts';

/** Pages grow: nearly always the first agent or task that is looked at fits. */
const PAGE_SIZES = [1, 32, 1_000];

/** Offers a task that may be handed out now to an idle agent, if there is one that can do it. */
export async function matchTask(context: CommandContext, task: TaskRow): Promise<void> {
  if (task.state !== 'queued' || task.available_at_ms > context.nowMs) return;
  if (await isHeldUp(context, task)) return;
  for (const limit of PAGE_SIZES) {
    const rows = await listIdleAgents(context.tx, context.actor.project, limit);
    const [match] = assign([toWaiting(task)], rows.map(toIdle));
    const agent = rows.find((row) => row.key === match?.agentKey);
    if (agent !== undefined) return void (await offer(context, task, agent));
    if (rows.length < limit) return;
  }
}

/**
 * Offers the next task that the agent can do; answers it, or undefined when nothing waits for it.
 */
export async function matchAgent(
  context: CommandContext,
  agent: AgentRow,
): Promise<TaskRow | undefined> {
  let [afterRankMs, afterId] = [Number.MIN_SAFE_INTEGER, ''];
  for (let pageIndex = 0; ; pageIndex++) {
    const limit = PAGE_SIZES[pageIndex] ?? 1_000;
    const { project } = context.actor;
    const page = { project, nowMs: context.nowMs, limit, afterRankMs, afterId };
    const rows = await listRunnable(context.tx, page);
    const taskId = await firstFree(context, rows, agent);
    const task = taskId === undefined ? undefined : await findTask(context.tx, project, taskId);
    if (task !== undefined) return offer(context, task, agent);
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return undefined;
    [afterRankMs, afterId] = [last.rank_ms, last.id];
  }
}

/** The first of these that the agent can do, and whose paths nobody else has. */
async function firstFree(
  context: CommandContext,
  rows: readonly RunnableRow[],
  agent: AgentRow,
): Promise<string | undefined> {
  let left = rows;
  for (;;) {
    const [match] = assign(left.map(toWaiting), [toIdle(agent)]);
    const row = left.find(({ id }) => id === match?.taskId);
    if (row === undefined || !(await isHeldUp(context, row))) return row?.id;
    left = left.filter((other) => other !== row);
  }
}

/** Tasks looked at when locks were given back; nearly always a few wait for paths, or none. */
const INTENTS_MAX = 1_000;

/** Hands out what waited for paths that are free now. Called wherever locks end. */
export async function matchIntents(context: CommandContext): Promise<void> {
  const { tx, actor, nowMs } = context;
  const page = { project: actor.project, nowMs, limit: INTENTS_MAX };
  for (const task of await listWithPaths(tx, page)) {
    await matchTask(context, task);
  }
}

/** Offers the next task to an agent whose hand has become free, if it can be told. */
export async function matchFreed(context: CommandContext, agentKey: string): Promise<void> {
  const agent = await findAgent(context.tx, context.actor.project, agentKey);
  const isIdle = agent?.presence === 'online' && agent.is_pushed === 1 && agent.task_id === null;
  if (agent !== undefined && isIdle) await matchAgent(context, agent);
}

/** The hand-out: here, and only here, the fence rises. */
async function offer(context: CommandContext, task: TaskRow, agent: AgentRow): Promise<TaskRow> {
  const { tx, nowMs } = context;
  const verdict = decide(factsOf(task), { type: 'offer' });
  const isFree = verdict.is === 'move' && (await assignTask(tx, agent, task.id));
  if (!isFree) throw lostRace(task);
  const next: TaskRow = {
    ...task,
    state: 'offered',
    reason: null,
    agent: agent.name,
    agent_key: agent.key,
    attempt: task.attempt + 1,
    fence: await nextFence(tx),
    offered_at_ms: nowMs,
    accepted_at_ms: null,
    started_at_ms: null,
    next_check_ms: nowMs + limits.offerMs,
  };
  if (!(await updateTask(tx, next))) throw lostRace(task);
  await insertAttempt(tx, next);
  await takeOwnIntents(context, next);
  await record(context, {
    type: 'task.offered',
    subject: task.id,
    audience: agent.key,
    data: { agent: agent.name, attempt: next.attempt, fence: next.fence },
  });
  return { ...next, version: task.version + 1 };
}

function lostRace(task: TaskRow): SignalboxError {
  return new SignalboxError('conflict', `task ${task.id} has just moved`, { retryAfterMs: 50 });
}

function toWaiting(row: RunnableRow): WaitingTask {
  return {
    id: row.id,
    rankMs: row.rank_ms,
    needs: parseList(row.needs),
    preferredKey: row.preferred_key,
  };
}

function toIdle(row: AgentRow): IdleAgent {
  return {
    key: row.key,
    idleSinceMs: row.idle_since_ms,
    capabilities: new Set(capabilitiesOf(row)),
  };
}
