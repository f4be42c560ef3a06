/**
 * An agent that is needed no more is taken out of the project. What it said and did stays where it
 * is, under its name: messages, attempts, the journal. Its tokens end, so that only who is let in
 * anew under that name is that agent again.
 *
 * Nothing is lost with it, since what it still has is given back first: it is not here, has no task
 * in hand, and neither holds a lock nor waits for one.
 */
import { type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import {
  type AgentRow,
  countTokensByRole,
  deleteAgent,
  endTokensOf,
  lockProject,
  requireAgent,
} from '../agent/index.ts';
import { type CommandContext, record } from '../event/index.ts';
import { countOpenOfAgent, holdLine } from '../lock/index.ts';

export async function removeAgent(
  context: CommandContext,
  { agent, reason }: Parsed<'agent.remove'>,
): Promise<Output<'agent.remove'>> {
  const { tx, actor } = context;
  await lockProject(tx, actor.project);
  await holdLine(tx, actor.project);
  const row = await requireAgent(context, agent);
  await refuseOwnOrAdmin(context, row);
  await refuseInUse(context, row);
  const tokens = await endTokensOf(context, row.key, reason ?? 'its agent was removed');
  await deleteAgent(tx, row);
  await record(context, {
    type: 'agent.removed',
    subject: row.name,
    data: { agent: row.name, ...(reason === undefined ? {} : { reason }) },
  });
  return { agent: row.name, tokens };
}

/** Who removes itself could not take that back; and no operator ends an admin. */
async function refuseOwnOrAdmin(
  { tx, actor, nowMs }: CommandContext,
  { project, key, name }: AgentRow,
): Promise<void> {
  if (key === actor.key) {
    throw new SignalboxError('conflict', `${name} is you, and nobody removes themselves`, {
      hint: 'Ask somebody else to; `token.resign` ends your own token.',
    });
  }
  const tokens = await countTokensByRole(tx, { project, key, nowMs });
  const isAdmin = tokens.some(({ role, live }) => role === 'admin' && live > 0);
  if (!isAdmin || actor.scopes.has('admin')) return;
  throw new SignalboxError('forbidden', `${name} is an admin, whose tokens only an admin ends`, {
    hint: 'Ask an admin to remove it.',
  });
}

async function refuseInUse({ tx }: CommandContext, row: AgentRow): Promise<void> {
  const { project, key, name, task_id: taskId } = row;
  if (taskId !== null) {
    throw new SignalboxError('conflict', `${name} has ${taskId} in hand`, {
      hint: `Let it end, or take it back: \`signalbox task cancel ${taskId}\`.`,
      details: { taskId },
    });
  }
  if (row.presence !== 'offline') {
    throw new SignalboxError('conflict', `${name} is online`, {
      hint: 'Stop its process first; where it has none, it is offline when its lease has ended.',
      details: { leaseUntilMs: row.lease_until_ms },
    });
  }
  const locks = await countOpenOfAgent(tx, project, key);
  if (locks === 0) return;
  throw new SignalboxError('conflict', `${name} holds locks, or waits for some`, {
    hint: `They go when their lease ends: \`signalbox lock list --agent ${name}\`.`,
    details: { locks },
  });
}
