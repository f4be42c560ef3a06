/**
 * The scheduler, pure: which waiting task goes to which idle agent.
 *
 * Lanes are strict with aging. A task's rank is the time it was queued plus a step for each lane
 * below urgent, and the smallest rank goes first: among tasks of the same age the lane decides, and
 * one that has waited a whole step longer is treated as one lane higher, so nothing starves. The
 * rank never changes while a task waits, so the queue is one index.
 *
 * Among idle agents that can do a task, its preferred one (who knows the work already) goes first,
 * else the one that has been idle the longest, which spreads the work evenly.
 */
import { type Lane, Lane as LaneSchema, limits } from '../../contract/index.ts';

export interface WaitingTask {
  id: string;
  rankMs: number;
  needs: readonly string[];
  preferredKey: string | null;
}

export interface IdleAgent {
  key: string;
  idleSinceMs: number;
  capabilities: ReadonlySet<string>;
}

export interface Match {
  taskId: string;
  agentKey: string;
}

export function rankMs(lane: Lane, queuedAtMs: number): number {
  return queuedAtMs + LaneSchema.options.indexOf(lane) * limits.agingStepMs;
}

export function canDo(agent: IdleAgent, task: Pick<WaitingTask, 'needs'>): boolean {
  return task.needs.every((need) => agent.capabilities.has(need));
}

/** Each task and each agent appears at most once; no possible match is left out. */
export function assign(tasks: readonly WaitingTask[], agents: readonly IdleAgent[]): Match[] {
  const matches: Match[] = [];
  const idle = agents.toSorted((a, b) => a.idleSinceMs - b.idleSinceMs || compare(a.key, b.key));
  const waiting = tasks.toSorted((a, b) => a.rankMs - b.rankMs || compare(a.id, b.id));
  for (const task of waiting) {
    if (idle.length === 0) break;
    const able = idle.filter((agent) => canDo(agent, task));
    const chosen = able.find((agent) => agent.key === task.preferredKey) ?? able[0];
    if (chosen === undefined) continue;
    idle.splice(idle.indexOf(chosen), 1);
    matches.push({ taskId: task.id, agentKey: chosen.key });
  }
  return matches;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
