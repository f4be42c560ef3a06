/** What was sent to webhooks, and trying again what was given up. */
import { type WebhookDelivery, WebhookDeliveryState } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { table } from '../terminal/layout.ts';
import { nextPage, pageOf, theOne } from '../terminal/paging.ts';
import { stateColour, stateText, stateWord } from '../terminal/states.ts';
import { timeInWords } from '../words/time.ts';

export async function listDeliveries(context: Context): Promise<void> {
  const { args, options, output, clock } = context;
  const state = options.choice('state', WebhookDeliveryState.options);
  const hub = await context.hub();
  const page = await hub.webhook.deliveries({ ...pageOf(options), id: args[0], state });
  const nowMs = clock.nowMs();
  const next = ({ nextCheckMs }: WebhookDelivery): string =>
    nextCheckMs === null ? '-' : timeInWords(nextCheckMs, nowMs);
  const columns = [
    { title: 'ID', text: ({ id }: WebhookDelivery) => id },
    {
      title: 'STATE',
      text: (delivery: WebhookDelivery) => stateText(output, delivery.state),
      dress: (text: string, delivery: WebhookDelivery) =>
        output.paint(stateColour(delivery.state), text),
    },
    { title: 'EVENT', text: ({ type }: WebhookDelivery) => type },
    { title: 'TRIES', text: ({ attempts }: WebhookDelivery) => String(attempts) },
    { title: 'MADE', text: ({ createdAtMs }: WebhookDelivery) => timeInWords(createdAtMs, nowMs) },
    { title: 'NEXT', text: next },
    { title: 'REASON', text: ({ reason }: WebhookDelivery) => harmlessLine(reason ?? '') },
  ];
  output.give(page, () =>
    page.items.length === 0
      ? ['No deliveries.']
      : [...table(output, columns, page.items), ...nextPage(page, 'webhook deliveries')],
  );
}

export async function redriveDelivery(context: Context): Promise<void> {
  const hub = await context.hub();
  const delivery = await hub.webhook.redrive({ id: theOne(context) });
  const { output } = context;
  output.give(delivery, () => [`${delivery.id}  ${stateWord(output, delivery.state)}`]);
}
