/** Rows as the contract shows them. */
import { z } from 'zod';
import { Lock, type Obstacle } from '../../contract/index.ts';
import type { Db } from '../../store/db.ts';
import { type Item, type ShownItem, THINGS, wordOf } from './items.ts';
import type { Hit } from './overlapping.ts';
import { parsePattern, type Pattern } from './pattern.ts';
import { findLock, type LockRow, type LockWithLease } from './queries.ts';

const Items = z.array(Lock.shape.items.element);

export function shownItems(row: Pick<LockRow, 'items'>): ShownItem[] {
  return Items.parse(JSON.parse(row.items));
}

/** What a row covers, as locks are compared; it was parsed once before it was written. */
export function itemsOfRow(row: Pick<LockRow, 'items'>): Item[] {
  return shownItems(row).flatMap((shown) => {
    if ('name' in shown) {
      const pattern: Pattern = { text: shown.name, isLiteral: true, base: shown.name };
      return { scope: THINGS, pattern, shown };
    }
    const pattern = parsePattern(shown.path);
    return typeof pattern === 'string' ? [] : { scope: shown.repositoryId, pattern, shown };
  });
}

export function toLock(row: LockWithLease): Lock {
  const isOpen = row.ended_at_ms === null;
  return {
    id: row.id,
    state: row.state,
    mode: row.mode,
    agent: row.agent,
    session: row.session,
    taskId: row.task_id,
    items: shownItems(row),
    fence: row.fence,
    reason: row.reason,
    requestedAtMs: row.requested_at_ms,
    grantedAtMs: row.granted_at_ms,
    endedAtMs: row.ended_at_ms,
    leaseUntilMs: isOpen ? row.lease_until_ms : null,
  };
}

/** One a lock that is in the way, the first ones in line first. */
export async function toObstacles(db: Db, hits: readonly Hit[], most: number): Promise<Obstacle[]> {
  const first = new Map<string, Hit>();
  for (const hit of hits) if (!first.has(hit.row.lock_id)) first.set(hit.row.lock_id, hit);
  const obstacles: Obstacle[] = [];
  for (const { item, row } of [...first.values()].slice(0, most)) {
    const lock = await findLock(db, row.project, row.lock_id);
    if (lock === undefined) continue;
    obstacles.push({
      lockId: lock.id,
      agent: lock.agent,
      session: lock.session,
      taskId: lock.task_id,
      state: row.state,
      mode: row.mode,
      item: wordOf(item.shown),
      theirs: row.pattern,
      leaseUntilMs: lock.lease_until_ms,
      reason: lock.reason,
    });
  }
  return obstacles;
}
