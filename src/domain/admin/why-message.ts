/** On which rung a message stands with each recipient, and what it waits for there. */
import { type Fact, type Output, SignalboxError } from '../../contract/index.ts';
import { findAgent } from '../agent/index.ts';
import type { QueryContext } from '../event/index.ts';
import { type DeliveryRow, findMessage, listDeliveries, mayRead } from '../message/index.ts';

const SHOWN = 20;

export async function whyMessage(context: QueryContext, id: string): Promise<Output<'why'>> {
  const { db, actor } = context;
  const message = await findMessage(db, actor.project, id);
  if (message === undefined || !(await mayRead(db, actor, message))) {
    throw new SignalboxError('not_found', `there is no message ${id} for you`, {
      hint: '`signalbox message list` shows the messages that you may read.',
    });
  }
  const deliveries = await listDeliveries(db, id, SHOWN);
  const facts: Fact[] = [];
  for (const row of deliveries) facts.push(...(await factsOf(context, row)));
  const states = [...new Set(deliveries.map(rungOf))];
  const state = message.channel === null ? states.join(', ') : 'posted';
  const where = message.channel === null ? '' : ` in #${message.channel}`;
  const summary = `${message.type} from ${message.sender} is ${state}${where}`;
  return { id, kind: 'message', state, summary, facts };
}

/** The highest rung that was reached, or how it ended. */
function rungOf(row: DeliveryRow): string {
  if (row.state === 'dead' || row.state === 'expired') return row.state;
  if (row.answered_at_ms !== null) return 'answered';
  if (row.acked_at_ms !== null) return 'acked';
  if (row.seen_at_ms !== null) return 'seen';
  return row.offered_at_ms === null ? 'stored' : 'offered';
}

async function factsOf(context: QueryContext, row: DeliveryRow): Promise<Fact[]> {
  const { recipient, reason } = row;
  const fact = (text: string, frees: string, untilMs: number | null = null): Fact[] => [
    { fact: text, holder: recipient, untilMs, frees },
  ];
  switch (row.state) {
    case 'leased':
      return fact(
        `${recipient} has it under a lease (hand-out ${row.hand_outs})`,
        'It acknowledges; or the lease ends then, and it is handed out again.',
        row.lease_until_ms,
      );
    case 'dead':
      return fact(
        `a dead letter: ${reason ?? 'no reason was given'}`,
        `\`signalbox message redrive ${row.message_id}\` puts it back.`,
      );
    case 'pending':
      return factsOfPending(context, row, fact);
    case 'acked':
    case 'expired':
      return [];
  }
}

type MakeFact = (text: string, frees: string, untilMs?: number | null) => Fact[];

async function factsOfPending(
  { db, nowMs }: QueryContext,
  row: DeliveryRow,
  fact: MakeFact,
): Promise<Fact[]> {
  const { recipient } = row;
  if (row.available_at_ms > nowMs) {
    const why = row.reason ?? 'given back';
    return fact(
      `waits after ${row.failures} failures: ${why}`,
      'Nothing to do: it is offered again then.',
      row.available_at_ms,
    );
  }
  if (row.seen_at_ms !== null) return fact(`${recipient} has read it`, 'It acknowledges.');
  if (row.offered_at_ms !== null) {
    return fact(
      `offered to ${recipient}, which has not said that it was read`,
      'It reads and acknowledges.',
    );
  }
  const agent = await findAgent(db, row.project, row.recipient_key);
  if (agent === undefined) {
    return fact(
      `${recipient} has never been here`,
      'It connects or reads its mailbox for the first time.',
    );
  }
  const seconds = Math.round((nowMs - agent.last_seen_ms) / 1000);
  return fact(
    `lies in the mailbox of ${recipient}, who was seen ${seconds} s ago`,
    'It reads its mailbox: `signalbox inbox`.',
  );
}
