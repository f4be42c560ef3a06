/** What a request for a lock waits for. */
import type { Fact, Obstacle, Output } from '../../contract/index.ts';
import type { QueryContext } from '../event/index.ts';
import { wantedBy } from './cycle.ts';
import { wordOf } from './items.ts';
import { findHits, type Hit } from './overlapping.ts';
import { findLock } from './queries.ts';
import { unknownLock } from './operations.ts';
import { obstacleInWords } from './told.ts';
import { shownItems, toObstacles } from './view.ts';

const FACTS_MAX = 20;

export async function whyLock(context: QueryContext, id: string): Promise<Output<'why'>> {
  const { db, actor } = context;
  const row = await findLock(db, actor.project, id);
  if (row === undefined) throw unknownLock(id);
  const what = shownItems(row).slice(0, 3).map(wordOf).join(', ');
  const verb = row.state === 'waiting' ? 'waits for' : `${row.state}:`;
  const why = row.reason === null ? '' : ` (${row.reason})`;
  const summary = `the lock of ${row.agent} ${verb} ${what}${why}`;
  const facts =
    row.state === 'waiting'
      ? await factsOfHits(context, await findHits(db, wantedBy(row)))
      : row.state === 'granted'
        ? [ofHolder(row)]
        : [];
  return { id, kind: 'lock', state: row.state, summary, facts };
}

/** Who is in the way, until when, and what would free it. */
export async function factsOfHits(
  { db }: Pick<QueryContext, 'db'>,
  hits: readonly Hit[],
): Promise<Fact[]> {
  const obstacles = await toObstacles(db, hits, FACTS_MAX);
  return obstacles.map((obstacle) => ({
    fact: obstacleInWords(obstacle),
    holder: obstacle.taskId ?? obstacle.agent,
    untilMs: obstacle.leaseUntilMs,
    frees: freesOf(obstacle),
  }));
}

function freesOf({ state, taskId, lockId }: Obstacle): string {
  if (state === 'waiting')
    return `It gets its turn and gives it back: \`signalbox why ${lockId}\`.`;
  if (taskId !== null) return `${taskId} ends, or its change lands or is dropped.`;
  return `It releases it, its lease runs out, or \`signalbox lock steal ${lockId} --reason …\`.`;
}

function ofHolder(row: {
  agent: string;
  task_id: string | null;
  lease_until_ms: number | null;
}): Fact {
  const holder = row.task_id ?? row.agent;
  const fact = `held by ${row.agent}${row.task_id === null ? '' : ` for ${row.task_id}`}`;
  const frees = row.task_id === null ? 'It releases it, or its lease runs out.' : 'The task ends.';
  return { fact, holder, untilMs: row.lease_until_ms, frees };
}
