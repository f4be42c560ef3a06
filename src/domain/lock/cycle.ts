/**
 * A deadlock closes when somebody begins to wait, and at no other time: so it is looked for then,
 * along who waits for whom, and the whole circle is named.
 */
import { SignalboxError } from '../../contract/index.ts';
import { pathInWords } from '../../contract/path-words.ts';
import type { Db } from '../../store/db.ts';
import { findHits, type Hit, type Wanted } from './overlapping.ts';
import { itemsOfRow } from './view.ts';
import { findLock, listOpenOf, type LockRow } from './queries.ts';

/** One who waits, what for, and the lock that is in the way. */
export interface Step {
  agent: string;
  wants: string;
  heldBy: string;
}

/** Holders looked at before the search is given up: nobody makes a circle as long as this. */
const HOLDERS_MAX = 1_000;

/** The circle that waiting for these would close, or undefined. */
export async function findCycle(
  db: Db,
  wanted: Wanted & { agent: string },
  hits: readonly Hit[],
): Promise<Step[] | undefined> {
  const ways: { holder: string; steps: Step[] }[] = [];
  const seen = new Set<string>();
  const follow = async (agent: string, found: readonly Hit[], steps: Step[]): Promise<void> => {
    for (const { item, row } of found) {
      if (seen.has(row.holder)) continue;
      seen.add(row.holder);
      const lock = await findLock(db, wanted.project, row.lock_id);
      const heldBy = lock?.agent ?? row.holder;
      ways.push({
        holder: row.holder,
        steps: [...steps, { agent, wants: item.pattern.text, heldBy }],
      });
    }
  };
  await follow(wanted.agent, hits, []);
  for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
    if (way.holder === wanted.holder) return way.steps;
    if (seen.size > HOLDERS_MAX) return undefined;
    const open = await listOpenOf(db, wanted.project, way.holder);
    for (const lock of open.filter((row) => row.state === 'waiting')) {
      await follow(lock.agent, await findHits(db, wantedBy(lock)), way.steps);
    }
  }
  return undefined;
}

export function wantedBy(lock: LockRow): Wanted {
  const { project, holder, mode, place } = lock;
  return { project, holder, mode, place, items: itemsOfRow(lock) };
}

export function deadlock(steps: readonly Step[]): SignalboxError {
  const circle = steps
    .map(({ agent, wants, heldBy }) => `${agent} wants ${pathInWords(wants)}, which ${heldBy} has`)
    .join('; ');
  return new SignalboxError('conflict', `waiting would close a circle: ${circle}`, {
    hint: 'Release what you hold of it, then ask for all that you need at once, as one set.',
    details: { cycle: steps },
  });
}
