/**
 * Who holds a lock: the attempt of a task, or one session of an agent. Never the bare name: two
 * processes that call themselves alike are two holders.
 */
import type { CommandContext } from '../event/index.ts';

export interface Holder {
  /** Under which holders are compared: `task:tsk_…`, or the agent's key and its session. */
  key: string;
  agent: string;
  agentKey: string;
  session: string | null;
  taskId: string | null;
  /** A task's locks have no lease: they end with its attempt. */
  leaseMs: number | null;
}

type Named = Pick<CommandContext['actor'], 'name' | 'key'>;

export function sessionHolder(actor: Named, session: string, leaseMs: number): Holder {
  const key = sessionKey(actor.key, session);
  return { key, agent: actor.name, agentKey: actor.key, session, taskId: null, leaseMs };
}

export function taskHolder(actor: Named, taskId: string): Holder {
  const key = taskHolderKey(taskId);
  return { key, agent: actor.name, agentKey: actor.key, session: null, taskId, leaseMs: null };
}

export function sessionKey(agentKey: string, session: string): string {
  return `session:${agentKey}:${session}`;
}

export function taskHolderKey(taskId: string): string {
  return `task:${taskId}`;
}
