/** What waits, in numbers, and the first of it. */
import { Lane, type Output, type Parsed } from '../../contract/index.ts';
import type { QueryContext } from '../event/index.ts';
import { countLanes, listFirst } from './waiting-queries.ts';

export async function waiting(
  { db, actor, nowMs }: QueryContext,
  { limit }: Parsed<'task.waiting'>,
): Promise<Output<'task.waiting'>> {
  const lanes = await countLanes(db, actor.project, nowMs);
  const first = await listFirst(db, { project: actor.project, nowMs, limit });
  return {
    lanes: lanes
      .toSorted((one, other) => order(one.lane) - order(other.lane))
      .map(({ since_ms: sinceMs, ...counts }) => ({ ...counts, sinceMs })),
    first: first.map(({ available_at_ms: sinceMs, ...task }) => ({ ...task, sinceMs })),
  };
}

function order(lane: Lane): number {
  return Lane.options.indexOf(lane);
}
