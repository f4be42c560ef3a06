/**
 * The scheduler, pure: which waiting task goes to which idle agent.
 *
 * Lanes are strict with aging. A task's rank is the time it was queued plus a step for each lane
 * below urgent. One that has waited a whole step counts as one lane higher, so nothing starves. In
 * a lane submitters take turns, by weight (`turns.ts`).
 *
 * Among idle agents that can do a task, one that knows the work already goes first; then who has
 * most of what the task prefers; then who has proved best at what it needs; then who has been idle
 * the longest, which spreads the work evenly.
 */
import { type Lane, Lane as LaneSchema, limits } from '../../contract/index.ts';

export interface WaitingTask {
  id: string;
  rankMs: number;
  needs: readonly string[];
  prefers: readonly string[];
  trust: number;
  repositoryId: string | null;
  preferredKey: string | null;
}

export interface IdleAgent {
  key: string;
  idleSinceMs: number;
  capabilities: ReadonlySet<string>;
  trust: number;
  /** The only repositories that it works on; null where it takes any. */
  repositories: ReadonlySet<string> | null;
  /** What became of its tasks, by what they needed. */
  records: ReadonlyMap<string, Results>;
}

export interface Results {
  succeeded: number;
  failed: number;
}

export interface Match {
  taskId: string;
  agentKey: string;
  /** Why this agent and not the one that was idle the longest; null where it is that one. */
  because: string | null;
}

export function rankMs(lane: Lane, queuedAtMs: number): number {
  return queuedAtMs + LaneSchema.options.indexOf(lane) * limits.agingStepMs;
}

type Asked = Pick<WaitingTask, 'needs' | 'trust' | 'repositoryId'>;

export function canDo(agent: Omit<IdleAgent, 'records' | 'key'>, task: Asked): boolean {
  if (agent.trust < task.trust) return false;
  const { repositories } = agent;
  const isElsewhere = task.repositoryId !== null && repositories?.has(task.repositoryId) === false;
  return !isElsewhere && task.needs.every((need) => agent.capabilities.has(need));
}

/** Each task and each agent appears at most once; no possible match is left out. */
export function assign(tasks: readonly WaitingTask[], agents: readonly IdleAgent[]): Match[] {
  const matches: Match[] = [];
  const idle = agents.toSorted((a, b) => a.idleSinceMs - b.idleSinceMs || compare(a.key, b.key));
  const waiting = tasks.toSorted((a, b) => a.rankMs - b.rankMs || compare(a.id, b.id));
  for (const task of waiting) {
    if (idle.length === 0) break;
    const able = idle.filter((agent) => canDo(agent, task));
    const [first] = able;
    const chosen = bestOf(able, task);
    if (chosen === undefined) continue;
    idle.splice(idle.indexOf(chosen), 1);
    const because = chosen === first ? null : reasonOf(chosen, task);
    matches.push({ taskId: task.id, agentKey: chosen.key, because });
  }
  return matches;
}

/** The first of those that nobody is better than. */
function bestOf(able: readonly IdleAgent[], task: WaitingTask): IdleAgent | undefined {
  let best: IdleAgent | undefined;
  for (const agent of able) {
    if (best === undefined || compareMerits(meritsOf(agent, task), meritsOf(best, task)) > 0) {
      best = agent;
    }
  }
  return best;
}

/** What is compared, the weightiest first. */
function meritsOf(agent: IdleAgent, task: WaitingTask): number[] {
  const knowsIt = Number(agent.key === task.preferredKey);
  const wanted = task.prefers.filter((one) => agent.capabilities.has(one)).length;
  return [knowsIt, wanted, provenAt(agent, task.needs)];
}

function compareMerits(one: readonly number[], other: readonly number[]): number {
  for (const [place, merit] of one.entries()) {
    const difference = merit - (other[place] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Fewer results than this say nothing. */
export const RESULTS_MIN = 5;
/** All of ten. */
export const FLAWLESS = 10;

/**
 * How many of ten tasks it brings to their end, of those that needed what it does worst. Who has
 * not done enough of them counts as good, so that a newcomer gets its chance.
 */
export function provenAt(
  { records }: Pick<IdleAgent, 'records'>,
  needs: readonly string[],
): number {
  const tenths = needs.map((need) => {
    const { succeeded, failed } = records.get(need) ?? { succeeded: 0, failed: 0 };
    const all = succeeded + failed;
    return all < RESULTS_MIN ? FLAWLESS : Math.round((FLAWLESS * succeeded) / all);
  });
  return Math.min(FLAWLESS, ...tenths);
}

function reasonOf(agent: IdleAgent, task: WaitingTask): string {
  if (agent.key === task.preferredKey) return 'it knows the work already';
  const wanted = task.prefers.filter((one) => agent.capabilities.has(one));
  if (wanted.length > 0) return `it has what is preferred: ${wanted.join(', ')}`;
  const [worst = ''] = task.needs.toSorted(
    (a, b) => provenAt(agent, [a]) - provenAt(agent, [b]) || compare(a, b),
  );
  return `others have failed more often at ${worst}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
