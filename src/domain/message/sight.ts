/** Who may know of a message; to everybody else there is none. */
import { SignalboxError } from '../../contract/index.ts';
import type { Db } from '../../store/db.ts';
import { type Actor, seesAll } from '../event/index.ts';
import { findDeliveries } from './delivery-queries.ts';
import type { MessageRow } from './queries.ts';

/** What went to a channel is everybody's; else the sender, the recipients and those who see all. */
export async function mayRead(db: Db, actor: Actor, row: MessageRow): Promise<boolean> {
  if (row.channel !== null || row.sender_key === actor.key || seesAll(actor)) return true;
  return (await findDeliveries(db, actor, [row.id])).length > 0;
}

export function unknown(id: string): SignalboxError {
  return new SignalboxError('not_found', `there is no message ${id} for you`, {
    hint: '`signalbox message list` shows the messages that you may read.',
  });
}
