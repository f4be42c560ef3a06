/** Everything that a person wants to see of a hub at one glance, asked for at once. */
import type { Client } from '../../client/index.ts';
import type { Agent, Change, Fact, Output, Task } from '../../contract/index.ts';
import type { Clock } from '../../core/clock.ts';
import { allAgents } from '../agent/all.ts';

const AGENTS_MAX = 12;
const WAITING_MAX = 3;
const DEAD_MAX = 3;
const CHANGES_MAX = 3;

export interface Board {
  status: Output<'hub.status'>;
  /** How long it took to hear from the hub, its database included. */
  answeredMs: number;
  /** Those that are here, who needs somebody first. */
  agents: { agent: Agent; work: Work | undefined }[];
  /** How many more are here. */
  agentsMore: number;
  lanes: Output<'task.waiting'>['lanes'];
  /** The first of those that wait, each with what it waits for first. */
  waiting: { task: Output<'task.waiting'>['first'][number]; fact: Fact | undefined }[];
  /** Changes that a human decides. */
  awaiting: Change[];
  verifying: Change[];
  dead: Task[];
}

/** What an agent has in hand, and since when. */
export interface Work {
  title: string;
  sinceMs: number;
}

export interface Look {
  hub: Client;
  clock: Clock;
  signal?: AbortSignal;
  /** By agent and task, for who looks again and again: it does not change. */
  works: Map<string, Work>;
}

export async function look(at: Look): Promise<Board> {
  const { hub, clock, signal, works } = at;
  const ask = { signal };
  // The first question also opens the connection, which says nothing of the hub.
  const agents = await allAgents(hub, ask);
  const startMs = clock.nowMs();
  const status = await hub.hub.status({}, ask);
  const answeredMs = clock.nowMs() - startMs;
  const [{ lanes, first }, awaiting, verifying, dead] = await Promise.all([
    hub.task.waiting({ limit: WAITING_MAX }, ask),
    hub.change.list({ state: 'awaiting', limit: CHANGES_MAX }, ask),
    hub.change.list({ state: 'verifying', limit: CHANGES_MAX }, ask),
    hub.task.list({ state: 'dead', limit: DEAD_MAX }, ask),
  ]);
  const here = agents.filter(({ state }) => state !== 'offline').toSorted(byNeed);
  const shown = here.slice(0, AGENTS_MAX);
  const isShown = new Set(shown.map(keyOf));
  for (const key of works.keys()) if (!isShown.has(key)) works.delete(key);
  const factOf = async (id: string): Promise<Fact | undefined> =>
    (await hub.why({ id }, ask)).facts[0];
  return {
    status,
    answeredMs,
    agents: await Promise.all(
      shown.map(async (agent) => ({ agent, work: await workOf(at, agent).catch(() => undefined) })),
    ),
    agentsMore: here.length - shown.length,
    lanes,
    // Between two questions it may have gone; then there is nothing to say of it.
    waiting: await Promise.all(
      first.map(async (task) => ({ task, fact: await factOf(task.id).catch(() => undefined) })),
    ),
    awaiting: awaiting.items,
    verifying: verifying.items,
    dead: dead.items,
  };
}

async function workOf({ hub, signal, works }: Look, agent: Agent): Promise<Work | undefined> {
  const { taskId } = agent;
  if (taskId === null) return undefined;
  const key = keyOf(agent);
  const known = works.get(key);
  if (known !== undefined) return known;
  const { task, attempts } = await hub.task.show({ id: taskId }, { signal });
  const attempt = attempts.at(-1);
  const startedAtMs = attempt?.startedAtMs ?? undefined;
  const sinceMs = startedAtMs ?? attempt?.offeredAtMs ?? task.availableAtMs;
  const work = { title: task.title, sinceMs };
  if (startedAtMs !== undefined) works.set(key, work);
  return work;
}

function keyOf({ name, taskId }: Agent): string {
  return `${name} ${taskId}`;
}

const ORDER: readonly Agent['state'][] = ['blocked', 'working', 'assigned', 'draining', 'idle'];

function byNeed(one: Agent, other: Agent): number {
  return (
    ORDER.indexOf(one.state) - ORDER.indexOf(other.state) || one.name.localeCompare(other.name)
  );
}
