/** The same hand-out for an agent that asks instead of being told. */
import {
  canonicalUrl,
  type Hold,
  limits,
  type Output,
  type Parsed,
  SignalboxError,
} from '../../contract/index.ts';
import {
  type AgentRow,
  arrive,
  findAgent,
  findProjectHold,
  lockProject,
  setTaskSession,
  toHold,
} from '../agent/index.ts';
import type { CommandContext } from '../event/index.ts';
import { findRepositoryByUrl } from '../repository/index.ts';
import { canDo } from './assign.ts';
import { assignmentOf } from './assignment.ts';
import { isBarred } from './barriers.ts';
import { factsOf, requireTask } from './facts.ts';
import { decide } from './lifecycle.ts';
import { moveTask } from './move.ts';
import type { TaskRow } from './queries.ts';
import { matchAgent, offer, toAsked, toIdle } from './schedule.ts';
import { parseList } from './view.ts';

export async function pull(
  context: CommandContext,
  input: Parsed<'task.pull'>,
): Promise<Output<'task.pull'>> {
  const { tx, actor } = context;
  await lockProject(tx, actor.project);
  const before = await findAgent(tx, actor.project, actor.key);
  const row = await arrive(context, {
    capabilities: input.capabilities,
    sessionId: before?.session_id ?? undefined,
    isPushed: before?.is_pushed === 1 && before.presence === 'online',
    repositories: before === undefined ? null : repositoriesOf(before),
    leaseMs: limits.pullLeaseMs,
  });
  const taskId = await chosenTask(context, row, input);
  await setTaskSession(tx, row, input.session ?? '');
  if (taskId === undefined) return { assignment: null, hold: await holdOn(context, row) };
  const task = await requireTask(context, taskId);
  const command = { type: 'accept' as const, agentKey: actor.key, fence: task.fence };
  const verdict = decide(factsOf(task), command);
  const taken = verdict.is === 'move' ? await moveTask(context, task, verdict) : task;
  return { assignment: await assignmentOf(context, taken), hold: null };
}

/** What keeps new work from the agent: its own hold, or that of the whole project. */
async function holdOn({ tx }: CommandContext, agent: AgentRow): Promise<Hold | null> {
  return toHold(agent) ?? toHold(await findProjectHold(tx, agent.project));
}

function repositoriesOf({ repositories }: AgentRow): string[] | null {
  return repositories === null ? null : parseList(repositories);
}

/** What is in hand, else what was asked for, else the next one. */
async function chosenTask(
  context: CommandContext,
  agent: AgentRow,
  { taskId, repository }: Parsed<'task.pull'>,
): Promise<string | undefined> {
  const { task_id: inHand } = agent;
  if (inHand !== null && taskId !== undefined && taskId !== inHand) {
    throw new SignalboxError('conflict', `${agent.name} has ${inHand} in hand`, {
      hint: 'One task at a time: hand it in or give it back, then take the next.',
      details: { taskId: inHand },
    });
  }
  if (inHand !== null) return inHand;
  if (taskId !== undefined) return (await takeOne(context, agent, taskId)).id;
  if (repository === undefined) return (await matchAgent(context, agent))?.id;
  const { tx, actor } = context;
  const known = await findRepositoryByUrl(tx, actor.project, canonicalUrl(repository));
  // Of a repository that nobody has named there can be no task.
  return known === undefined ? undefined : (await matchAgent(context, agent, known.id))?.id;
}

/** Out of its turn, because somebody chose it; under the same rules otherwise. */
async function takeOne(context: CommandContext, agent: AgentRow, taskId: string): Promise<TaskRow> {
  const task = await requireTask(context, taskId);
  const why = await whyNot(context, agent, task);
  if (why === null) return offer(context, task, { agent, because: null });
  throw new SignalboxError('conflict', `task ${taskId} cannot be taken: ${why}`, {
    hint: `\`signalbox why ${taskId}\` tells all that it waits for.`,
    details: { state: task.state, holder: task.agent },
  });
}

async function whyNot(
  context: CommandContext,
  agent: AgentRow,
  task: TaskRow,
): Promise<string | null> {
  if (task.state !== 'queued') {
    return `it is ${task.state}${task.agent === null ? '' : `, held by ${task.agent}`}`;
  }
  if (task.available_at_ms > context.nowMs) return 'it waits until its time has come';
  const hold = await holdOn(context, agent);
  if (hold !== null) return hold.reason;
  if (!canDo(toIdle(agent), toAsked(task))) return `it asks for more than ${agent.name} has`;
  if (await isBarred(context, task)) return 'what it means to change is in other hands';
  return null;
}
