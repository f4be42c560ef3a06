/**
 * Hand-outs: brings waiting tasks and idle agents together, through the pure `assign`.
 *
 * It is called in the transaction that made a task runnable or an agent idle, so that no runnable
 * task is ever left waiting beside an agent that could do it. Whoever calls holds the project's
 * row, or two hubs could each see only half of such a pair.
 */
import { limits } from '../../contract/index.ts';
import type { Tx } from '../../store/db.ts';
import {
  type AgentRow,
  assignTask,
  capabilitiesOf,
  findAgent,
  findProjectHold,
  listIdleAgents,
} from '../agent/index.ts';
import { type CommandContext, record } from '../event/index.ts';
import { assign, canDo, FLAWLESS, type IdleAgent, provenAt, type WaitingTask } from './assign.ts';
import { assignmentOf, isSmall } from './assignment.ts';
import { insertAttempt } from './attempt-queries.ts';
import { isBarred } from './barriers.ts';
import { beforeDeadline } from './next-check.ts';
import { factsOf, hasMoved, requireTask, writeTask } from './facts.ts';
import { decide } from './lifecycle.ts';
import { inLine, queueUp, saveReached, withPlace } from './line.ts';
import type { TaskKind } from './line-queries.ts';
import { takeOwnIntents } from './locks.ts';
import { findTask, nextFence, type TaskRow } from './queries.ts';
import { type Records, recordsOf } from './records.ts';
import { parseList } from './view.ts';
import { insertTask, type updateTask } from './write-queries.ts';

/** Pages grow: nearly always the first agent that is looked at fits. */
const PAGE_SIZES = [1, 50, 1_000, 100_000];

/**
 * Offers a task that may be handed out now to an idle agent, if there is one that can do it. Else
 * it takes its place in line.
 */
export async function matchTask(context: CommandContext, known: TaskRow): Promise<void> {
  const mayHaveMoved = known.concurrency_key !== null || known.paths !== '[]';
  const task = mayHaveMoved ? await requireTask(context, known.id) : known;
  if (!isWaiting(context, task)) return;
  if ((await matchWith(context, task, null)) === undefined) await queueUp(context, task);
}

/** The same for a task that has just been made: it is written once, as it stands then. */
export async function bringIn(context: CommandContext, made: TaskRow): Promise<void> {
  const choice = await choiceFor(context, made, null);
  if (choice !== undefined) {
    await offer(context, { ...made, version: 0 }, { ...choice, write: insertOffered });
  } else {
    const row = isWaiting(context, made) ? await withPlace(context, made) : made;
    await insertTask(context.tx, row);
  }
}

async function insertOffered(tx: Tx, row: TaskRow): Promise<boolean> {
  await insertTask(tx, { ...row, version: row.version + 1 });
  return true;
}

function isWaiting({ nowMs }: CommandContext, task: TaskRow): boolean {
  return task.state === 'queued' && task.available_at_ms <= nowMs;
}

/** Returns the agent that has it now. `but`: one to leave out, matched by the caller itself. */
export async function matchWith(
  context: CommandContext,
  task: TaskRow,
  but: string | null,
): Promise<string | undefined> {
  const choice = await choiceFor(context, task, but);
  if (choice !== undefined) await offer(context, task, choice);
  return choice?.agent.key;
}

async function choiceFor(
  context: CommandContext,
  task: TaskRow,
  but: string | null,
): Promise<Choice | undefined> {
  if (!isWaiting(context, task)) return undefined;
  const choice = await choose(context, task, but);
  if (choice === undefined || (await isHeldBack(context))) return undefined;
  return (await isBarred(context, task)) ? undefined : choice;
}

async function choose(
  context: CommandContext,
  task: TaskRow,
  but: string | null,
): Promise<Choice | undefined> {
  const { tx, actor } = context;
  const waiting = toWaiting(task);
  for (const limit of isChoosy(waiting) ? PAGE_SIZES.slice(2) : PAGE_SIZES) {
    const page = await listIdleAgents(tx, actor.project, limit);
    const rows = page.filter(({ key }) => key !== but);
    const records = await recordsOf(tx, actor.project, { needs: waiting.needs, agents: rows });
    const idle = rows.map((row) => toIdle(row, records));
    const [match] = assign([waiting], idle);
    const at = idle.findIndex(({ key }) => key === match?.agentKey);
    const [agent, chosen] = [rows[at], idle[at]];
    // Among some of them only one that nobody can have proved better than is surely the best.
    const isAll = page.length < limit;
    const isBest = chosen !== undefined && (isAll || provenAt(chosen, waiting.needs) === FLAWLESS);
    if (agent !== undefined && isBest) return { agent, because: match?.because ?? null };
    if (isAll) return undefined;
  }
  return undefined;
}

/** The whole project gets no new work: its budget is spent. */
async function isHeldBack({ tx, actor }: CommandContext): Promise<boolean> {
  return (await findProjectHold(tx, actor.project)) !== undefined;
}

/** Somebody who has been idle for less long may be the right one. */
function isChoosy({ prefers, preferredKey }: WaitingTask): boolean {
  return preferredKey !== null || prefers.length > 0;
}

/**
 * Offers the next task that the agent can do, of this repository where one is named; returns it, or
 * undefined when nothing waits for it.
 */
export async function matchAgent(
  context: CommandContext,
  agent: AgentRow,
  repositoryId?: string,
): Promise<TaskRow | undefined> {
  if (agent.held_until_ms !== null || (await isHeldBack(context))) return undefined;
  const idle = toIdle(agent);
  const fits = (kind: TaskKind): boolean =>
    (repositoryId === undefined || kind.repository_id === repositoryId) &&
    canDo(idle, toAsked(kind));
  for await (const task of inLine(context, fits)) {
    if (await isBarred(context, task)) continue;
    const row = await findTask(context.tx, context.actor.project, task.id);
    if (row === undefined) continue;
    return offer(context, row, { agent, because: null });
  }
  return undefined;
}

/** Offers the next task to an agent whose hand has become free, if it can be told. */
export async function matchFreed(context: CommandContext, agentKey: string): Promise<void> {
  const agent = await findAgent(context.tx, context.actor.project, agentKey);
  const isIdle = agent?.presence === 'online' && agent.is_pushed === 1 && agent.task_id === null;
  if (agent !== undefined && isIdle) await matchAgent(context, agent);
}

/** Looks for work for every agent that is idle: what held the project back is over. */
export async function matchAll(context: CommandContext): Promise<void> {
  const { tx, actor } = context;
  for (const agent of await listIdleAgents(tx, actor.project, PAGE_SIZES.at(-1) ?? 0)) {
    await matchFreed(context, agent.key);
  }
}

/** The hand-out: here, and only here, the fence rises. */
export async function offer(context: CommandContext, task: TaskRow, to: Choice): Promise<TaskRow> {
  const { agent, because, write } = to;
  const { tx, nowMs } = context;
  const verdict = decide(factsOf(task), { type: 'offer' });
  const isFree = verdict.is === 'move' && (await assignTask(tx, agent, task.id));
  if (!isFree) throw hasMoved(task);
  const next: TaskRow = {
    ...task,
    state: 'offered',
    reason: because === null ? null : `${agent.name} was chosen: ${because}`,
    agent: agent.name,
    agent_key: agent.key,
    attempt: task.attempt + 1,
    fence: await nextFence(tx),
    offered_at_ms: nowMs,
    accepted_at_ms: null,
    started_at_ms: null,
    note: null,
    blocked_by: null,
    progressed_at_ms: null,
    next_check_ms: beforeDeadline(task, nowMs + limits.offerMs),
  };
  await writeTask(context, next, write);
  await insertAttempt(tx, next);
  await saveReached(context, next);
  await takeOwnIntents(context, next);
  await record(context, {
    type: 'task.offered',
    subject: task.id,
    audience: agent.key,
    data: {
      agent: agent.name,
      attempt: next.attempt,
      fence: next.fence,
      ...(because !== null && { reason: because }),
      ...(isSmall(next) && { assignment: await assignmentOf(context, next) }),
    },
  });
  return { ...next, version: task.version + 1 };
}

interface Choice {
  agent: AgentRow;
  because: string | null;
  /** Where it is not in the table yet. */
  write?: typeof updateTask;
}

export function toAsked(row: TaskKind): Pick<WaitingTask, 'needs' | 'trust' | 'repositoryId'> {
  return { needs: parseList(row.needs), trust: row.trust, repositoryId: row.repository_id };
}

function toWaiting(row: TaskRow): WaitingTask {
  return {
    ...toAsked(row),
    id: row.id,
    rankMs: row.rank_ms,
    prefers: parseList(row.prefers),
    preferredKey: row.preferred_key,
  };
}

export const NO_RECORDS: Records = new Map();

export function toIdle(row: AgentRow, records: Records = NO_RECORDS): IdleAgent {
  const { repositories } = row;
  return {
    key: row.key,
    idleSinceMs: row.idle_since_ms,
    capabilities: new Set(capabilitiesOf(row)),
    trust: row.trust,
    repositories: repositories === null ? null : new Set(parseList(repositories)),
    records: records.get(row.key) ?? new Map(),
  };
}
