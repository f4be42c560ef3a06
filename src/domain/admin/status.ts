/** The hub in numbers. */
import type { Output } from '../../contract/index.ts';
import {
  type AgentRow,
  capabilitiesOf,
  findProjectHold,
  listAgents,
  listIdleBeyondHold,
  toAgent,
  toHold,
} from '../agent/index.ts';
import { spentByProject } from '../budget/index.ts';
import { countChangesByState } from '../change/index.ts';
import type { QueryContext } from '../event/index.ts';
import { doMeet, listTakenPaths, newBudget } from '../lock/index.ts';
import {
  countByState,
  countRunnable,
  findOldestQueued,
  listWithPaths,
  parseList,
  type RunnableKind,
  type TaskRow,
} from '../task/index.ts';

type Counts = Pick<
  Output<'hub.status'>,
  'tasks' | 'changes' | 'agents' | 'oldestQueuedAtMs' | 'spent' | 'hold' | 'missedMatches'
>;

export async function countAll(context: QueryContext): Promise<Counts> {
  const { db, actor, nowMs } = context;
  const tasks = await countByState(db, actor.project);
  const changes = await countChangesByState(db, actor.project);
  const oldest = await findOldestQueued(db, actor.project);
  return {
    tasks: Object.fromEntries(tasks.map((row) => [row.state, row.count])),
    changes: Object.fromEntries(changes.map((row) => [row.state, row.count])),
    agents: await countAgents(context),
    oldestQueuedAtMs: oldest?.created_at_ms ?? null,
    spent: await spentByProject(db, actor.project, nowMs),
    hold: toHold(await findProjectHold(db, actor.project)),
    missedMatches: await countMissedMatches(context),
  };
}

const AGENTS_MAX = 10_000;
/** What falls due is done by the next tick after its time, and not later. */
const TICK_GRACE_MS = 2_000;

async function countAgents({ db, actor }: QueryContext): Promise<Record<string, number>> {
  const page = { project: actor.project, afterKey: '', limit: AGENTS_MAX };
  const counts: Record<string, number> = {};
  for (const row of await listAgents(db, page)) {
    const { state } = toAgent(row);
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

/**
 * Runnable tasks that wait beside an idle agent which could do them. It shares nothing with the
 * scheduler, so that it can catch it: anything but 0 is a defect. Each statement sees a moment of
 * its own, so what is found counts only where its agent is idle still: an agent that was seen idle,
 * and was given work before the tasks were read, has missed none of them.
 */
export async function countMissedMatches(context: Omit<QueryContext, 'dialect'>): Promise<number> {
  const idle = await listIdle(context);
  if (idle.length === 0) return 0;
  const waiting = await listWaiting(context);
  if (countFor(idle, waiting) === 0) return 0;
  const after = new Map((await listIdle(context)).map((row) => [row.key, row.idle_since_ms]));
  const still = idle.filter((row) => after.get(row.key) === row.idle_since_ms);
  return countFor(still, waiting);
}

/** Whom nothing holds back. */
async function listIdle({ db, actor, nowMs }: Omit<QueryContext, 'dialect'>): Promise<AgentRow[]> {
  const overBeforeMs = nowMs - TICK_GRACE_MS;
  const held = await findProjectHold(db, actor.project);
  if ((held?.held_until_ms ?? 0) > overBeforeMs) return [];
  return listIdleBeyondHold(db, actor.project, { overBeforeMs, limit: AGENTS_MAX });
}

async function listWaiting(context: Omit<QueryContext, 'dialect'>): Promise<RunnableKind[]> {
  const { db, actor, nowMs } = context;
  const lookedAtMs = nowMs - TICK_GRACE_MS;
  const waiting = await countRunnable(db, actor.project, { nowMs, lookedAtMs });
  const withPaths = await listUnobstructed(context);
  const isLeftToTick = ({ next_check_ms: dueMs }: TaskRow): boolean =>
    dueMs !== null && dueMs <= nowMs && dueMs > lookedAtMs;
  const looked = withPaths.filter((task) => !isLeftToTick(task));
  return [...waiting, ...looked.map((task) => ({ ...task, count: 1 }))];
}

function countFor(agents: readonly AgentRow[], waiting: readonly RunnableKind[]): number {
  const idle = agents.map((row) => ({ row, capabilities: new Set(capabilitiesOf(row)) }));
  const canBeDone = (task: RunnableKind): boolean => {
    const wanted = new Set(parseList(task.needs));
    return idle.some(({ row, capabilities }) => {
      const isTrusted = row.trust >= task.trust;
      return isTrusted && takes(row, task.repository_id) && wanted.isSubsetOf(capabilities);
    });
  };
  return waiting.filter(canBeDone).reduce((sum, { count }) => sum + count, 0);
}

function takes({ repositories }: AgentRow, id: string | null): boolean {
  return id === null || repositories === null || parseList(repositories).includes(id);
}

const WITH_PATHS_MAX = 1_000;

/**
 * Tasks whose paths nobody has, nor a task before them in their lane that waits for its own. Those
 * that may be kept back by their key are left out: some other task is then in hand.
 */
async function listUnobstructed(context: Omit<QueryContext, 'dialect'>): Promise<TaskRow[]> {
  const { db, actor, nowMs } = context;
  const page = { project: actor.project, nowMs, limit: WITH_PATHS_MAX };
  const all = await listWithPaths(db, page);
  const order = new Map(all.map(({ id }, index) => [id, index]));
  const tasks = all.filter((task) => task.concurrency_key === null);
  if (tasks.length === 0) return [];
  const taken = await listTakenPaths(db, actor.project);
  const budget = newBudget();
  const isTaken = (task: TaskRow): boolean =>
    doMeet(parseList(task.paths), taken.get(task.repository_id ?? '') ?? [], budget);
  const waiting = all.filter(isTaken);
  return tasks.filter((task) => {
    const isBehind = (other: TaskRow): boolean =>
      other.lane === task.lane &&
      other.repository_id === task.repository_id &&
      other.id !== task.parent_id &&
      (order.get(other.id) ?? 0) < (order.get(task.id) ?? 0) &&
      doMeet(parseList(other.paths), parseList(task.paths), budget);
    return !isTaken(task) && !waiting.some(isBehind);
  });
}
