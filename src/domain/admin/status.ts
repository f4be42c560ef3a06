/** The hub in numbers. */
import type { Output } from '../../contract/index.ts';
import { capabilitiesOf, listAgents, listIdleAgents, toAgent } from '../agent/index.ts';
import { countChangesByState } from '../change/index.ts';
import type { QueryContext } from '../event/index.ts';
import { countByState, countRunnableByNeeds, findOldestQueued, parseList } from '../task/index.ts';

type Counts = Pick<
  Output<'hub.status'>,
  'tasks' | 'changes' | 'agents' | 'oldestQueuedAtMs' | 'missedMatches'
>;

export async function countAll(context: QueryContext): Promise<Counts> {
  const { db, actor } = context;
  const tasks = await countByState(db, actor.project);
  const changes = await countChangesByState(db, actor.project);
  const oldest = await findOldestQueued(db, actor.project);
  return {
    tasks: Object.fromEntries(tasks.map((row) => [row.state, row.count])),
    changes: Object.fromEntries(changes.map((row) => [row.state, row.count])),
    agents: await countAgents(context),
    oldestQueuedAtMs: oldest?.created_at_ms ?? null,
    missedMatches: await countMissedMatches(context),
  };
}

const AGENTS_MAX = 10_000;

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
 * scheduler, so that it can catch it: anything but 0 is a defect.
 */
export async function countMissedMatches({ db, actor, nowMs }: QueryContext): Promise<number> {
  const agents = await listIdleAgents(db, actor.project, AGENTS_MAX);
  if (agents.length === 0) return 0;
  const idle = agents.map((row) => new Set(capabilitiesOf(row)));
  const waiting = await countRunnableByNeeds(db, actor.project, nowMs);
  return waiting
    .filter(({ needs }) => {
      const wanted = new Set(parseList(needs));
      return idle.some((capabilities) => wanted.isSubsetOf(capabilities));
    })
    .reduce((sum, { count }) => sum + count, 0);
}
