/** A message that answers another one: the other was read, and has climbed its last rung. */
import { type CommandContext, record } from '../event/index.ts';
import { findDelivery } from './delivery-queries.ts';
import { updateDelivery } from './delivery-write-queries.ts';
import { countOpened } from './mailbox-queries.ts';
import { findMessage } from './queries.ts';
import { mayRead, unknown } from './sight.ts';

export async function answered(
  context: CommandContext,
  originalId: string,
  answerId: string,
): Promise<void> {
  const { tx, actor, nowMs } = context;
  const original = await findMessage(tx, actor.project, originalId);
  if (original === undefined || !(await mayRead(tx, actor, original))) throw unknown(originalId);
  const delivery = await findDelivery(tx, actor, originalId);
  if (delivery === undefined || delivery.answered_at_ms !== null) return;
  const isOpen = delivery.next_check_ms !== null;
  await updateDelivery(tx, {
    ...delivery,
    state: isOpen ? 'acked' : delivery.state,
    offered_at_ms: delivery.offered_at_ms ?? nowMs,
    seen_at_ms: delivery.seen_at_ms ?? nowMs,
    acked_at_ms: delivery.acked_at_ms ?? nowMs,
    answered_at_ms: nowMs,
    lease_until_ms: null,
    next_check_ms: null,
  });
  if (isOpen) await countOpened(tx, actor, -1);
  await record(context, {
    type: 'message.answered',
    subject: originalId,
    audience: original.sender_key,
    data: { agent: actor.name, ids: [answerId] },
  });
}
