/**
 * Who holds a lock: the attempt of a task, or one session of an agent. Never the bare name: two
 * processes that call themselves alike are two holders.
 */
import type { Db } from '../../store/db.ts';
import { findAgent } from '../agent/index.ts';
import type { Actor } from '../event/index.ts';

export interface Holder {
  /** Under which holders are compared: `task:tsk_…`, or the agent's key and its session. */
  key: string;
  agent: string;
  agentKey: string;
  session: string | null;
  taskId: string | null;
  /** A task's locks have no lease: they end with its attempt. */
  leaseMs: number | null;
  /** The task that this session has in hand: what that holds is its own too. */
  also?: readonly string[];
}

type Named = Pick<Actor, 'name' | 'key'>;

export function sessionHolder(actor: Named, session: string, leaseMs: number): Holder {
  const key = sessionKey(actor.key, session);
  return { key, agent: actor.name, agentKey: actor.key, session, taskId: null, leaseMs };
}

export function taskHolder(actor: Named, taskId: string): Holder {
  const key = taskHolderKey(taskId);
  return { key, agent: actor.name, agentKey: actor.key, session: null, taskId, leaseMs: null };
}

/** What else is this session's own: the locks of the task that it works on. */
export async function tasksOf(db: Db, actor: Actor, session: string): Promise<string[]> {
  const agent = await findAgent(db, actor.project, actor.key);
  const isIts = agent?.task_session === session && agent.task_id !== null;
  return isIts ? [taskHolderKey(agent.task_id ?? '')] : [];
}

export function sessionKey(agentKey: string, session: string): string {
  return `session:${agentKey}:${session}`;
}

export function taskHolderKey(taskId: string): string {
  return `task:${taskId}`;
}
