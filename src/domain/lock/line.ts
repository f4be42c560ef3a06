/**
 * The line: grants and ends of locks. First come, first served; whoever leaves or gives back lets
 * the next ones through that are now free, in the order of their places.
 *
 * Whoever calls holds the line of the project.
 */
import { type EventType, SignalboxError } from '../../contract/index.ts';
import { present } from '../../core/assert.ts';
import { type CommandContext, record } from '../event/index.ts';
import { wantedBy } from './cycle.ts';
import { deleteItems, grantItems } from './item-queries.ts';
import { decideLock, type LockCommand } from './lifecycle.ts';
import { findHits, findOverlaps } from './overlapping.ts';
import { findLock, type LockRow, nextFence, updateLock } from './queries.ts';
import { itemsToEvent } from './told.ts';
import { itemsOfRow } from './view.ts';

export interface End {
  by: Exclude<LockCommand, 'grant'>;
  reason?: string;
}

/** Ends a lock and lets the next in line through. What has ended already stays as it ended. */
export async function endLock(
  context: CommandContext,
  row: LockRow,
  { by: command, reason }: End,
): Promise<LockRow> {
  const verdict = decideLock(row.state, command);
  if (verdict.is === 'same') return row;
  if (verdict.is === 'refuse') {
    throw new SignalboxError('conflict', `lock ${row.id} is ${row.state}`, {
      hint: 'Only a lock that is held can be taken away; `signalbox lock list` shows those.',
      details: { state: row.state },
    });
  }
  const ended: LockRow = {
    ...row,
    state: verdict.to,
    reason: reason ?? row.reason,
    ended_at_ms: context.nowMs,
  };
  await writeLock(context, ended);
  await deleteItems(context.tx, row.id);
  await tell(context, ended, reason ?? null);
  await letThrough(context, row);
  return { ...ended, version: row.version + 1 };
}

/** Grants what stood behind this lock and is free now. */
export async function letThrough(
  context: CommandContext,
  freed: Pick<LockRow, 'project' | 'items'>,
): Promise<void> {
  const { tx } = context;
  const { project } = freed;
  const hits = await findOverlaps(tx, { project, items: itemsOfRow(freed), isWaiting: true });
  const line = new Map(hits.map(({ row }) => [row.lock_id, row.place]));
  for (const [id] of [...line].toSorted((a, b) => a[1] - b[1])) {
    const next = await findLock(tx, project, id);
    if (next?.state !== 'waiting') continue;
    if ((await findHits(tx, wantedBy(next))).length === 0) await grant(context, next);
  }
}

async function grant(context: CommandContext, row: LockRow): Promise<void> {
  const fence = await nextFence(context.tx);
  const granted: LockRow = { ...row, state: 'granted', fence, granted_at_ms: context.nowMs };
  await writeLock(context, granted);
  await grantItems(context.tx, row.id);
  await tell(context, granted, null);
}

/** Throws the race that it lost where the lock has moved since it was read. */
export async function writeLock({ tx }: Pick<CommandContext, 'tx'>, row: LockRow): Promise<void> {
  if (await updateLock(tx, row)) return;
  throw new SignalboxError('conflict', `lock ${row.id} has just moved`, { retryAfterMs: 50 });
}

/** Told to the agent that it is of: a wake-up, or that it is lost. */
export async function tell(
  context: CommandContext,
  row: LockRow,
  reason: string | null,
): Promise<void> {
  await record(context, {
    type: eventOf(row.state),
    subject: row.id,
    audience: row.agent_key,
    data: {
      agent: row.agent,
      items: itemsToEvent(row),
      ...(row.fence === null ? {} : { fence: present(row.fence, 'the fence') }),
      ...(row.session === null ? {} : { session: row.session }),
      ...(row.task_id === null ? {} : { taskId: row.task_id }),
      ...(reason === null ? {} : { reason }),
    },
  });
}

function eventOf(state: LockRow['state']): EventType {
  return `lock.${state}`;
}
