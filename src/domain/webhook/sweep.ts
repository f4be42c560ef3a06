/** Forgets, in portions, what has been over for long, and what is left of removed webhooks. */
import { limits } from '../../contract/index.ts';
import type { CommandContext } from '../event/index.ts';
import { deleteDeliveriesOf, deleteEnded } from './delivery-queries.ts';
import { deleteRemoved, findRemoved } from './queries.ts';

const FORGOTTEN_AT_ONCE = 1_000;

/** True where there is more. */
export async function forgetDeliveries({ tx, nowMs }: CommandContext): Promise<boolean> {
  const limit = FORGOTTEN_AT_ONCE;
  const removed = await findRemoved(tx);
  if (removed !== undefined) {
    const gone = await deleteDeliveriesOf(tx, removed.id, limit);
    if (gone < limit) await deleteRemoved(tx, removed.id);
    return true;
  }
  const delivered = nowMs - limits.webhookDeliveredKeptMs;
  const dead = nowMs - limits.webhookDeadKeptMs;
  const gone =
    (await deleteEnded(tx, { state: 'delivered', beforeMs: delivered, limit })) +
    (await deleteEnded(tx, { state: 'dead', beforeMs: dead, limit }));
  return gone >= limit;
}
