/** Contract ↔ domains, for webhooks; URLs are judged here, and secrets made. */
import { type OperationName, operations as o } from '../contract/index.ts';
import * as deliveries from '../domain/webhook/deliveries.ts';
import * as webhooks from '../domain/webhook/operations.ts';
import type { Guard } from '../outbound/guard.ts';
import { newWebhookSecret } from '../outbound/signature.ts';
import { command, type Handlers, query } from './bound.ts';
import type { Notices } from './notices.ts';

/** The way out of the house. */
export interface Outward {
  guard: Guard;
  notices: Notices;
}

type Name = Extract<OperationName, `webhook.${string}`>;

export function webhookHandlers({ guard, notices }: Outward): Handlers<Name> {
  return {
    'webhook.add': command(o['webhook.add'], (context, input) => {
      const { href } = guard.check(input.url);
      const secret = input.secret ?? newWebhookSecret(context.random);
      return webhooks.add(context, { ...input, url: href, secret });
    }),
    'webhook.list': query(o['webhook.list'], webhooks.list),
    'webhook.show': query(o['webhook.show'], webhooks.show),
    'webhook.remove': command(o['webhook.remove'], webhooks.remove),
    'webhook.rotate': command(o['webhook.rotate'], (context, input) => {
      const secret = input.secret ?? newWebhookSecret(context.random);
      return webhooks.rotate(context, { ...input, secret });
    }),
    'webhook.pause': command(o['webhook.pause'], webhooks.pause),
    'webhook.resume': command(o['webhook.resume'], webhooks.resume),
    'webhook.test': query(o['webhook.test'], (context, { id }) => notices.test(context, id)),
    'webhook.deliveries': query(o['webhook.deliveries'], deliveries.deliveries),
    'webhook.redrive': command(o['webhook.redrive'], deliveries.redrive),
  };
}
