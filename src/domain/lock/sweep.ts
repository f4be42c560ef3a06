/** What falls due: the lease of a session that has fallen silent, and records that are old. */
import { limits } from '../../contract/index.ts';
import type { CommandContext } from '../event/index.ts';
import { endLock } from './line.ts';
import { forgetLocks, holdLine, listOpenOf } from './queries.ts';
import { deleteSession, findSession } from './session-queries.ts';

/** Takes everything from a session whose lease is over; returns whether anything was held. */
export async function expireSession(context: CommandContext, holder: string): Promise<boolean> {
  const { tx, actor, nowMs } = context;
  await holdLine(tx, actor.project);
  const session = await findSession(tx, actor.project, holder);
  if (session === undefined || session.lease_until_ms > nowMs) return false;
  const open = await listOpenOf(tx, actor.project, holder);
  for (const row of open)
    await endLock(context, row, { by: 'expire', reason: 'its session fell silent' });
  await deleteSession(tx, actor.project, holder);
  return open.length > 0;
}

const FORGOTTEN_AT_ONCE = 1_000;

/** Returns whether there may be more. */
export async function forgetOldLocks({ tx, nowMs }: CommandContext): Promise<boolean> {
  const count = await forgetLocks(tx, nowMs - limits.lockKeptMs, FORGOTTEN_AT_ONCE);
  return count === FORGOTTEN_AT_ONCE;
}
