/** For tests of webhooks: a hub with a person and a receiver on this machine. */
import { createHmac } from 'node:crypto';
import { expect } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import type { Input, Webhook, WebhookDelivery } from '../../src/contract/index.ts';
import { openReceiver, type Received, type Receiver } from '../../src/outbound/fixture.ts';
import type { TestEngine } from './engines.ts';
import { openTestHub, type TestHub } from './hub.ts';

export const webhookAllow = ['127.0.0.1'];
export const FOREVER = () => {};

export interface Scene {
  hub: TestHub;
  person: Client;
  receiver: Receiver;
}

export async function scene(engine: TestEngine): Promise<Scene> {
  const hub = await openTestHub(engine, { webhookAllow });
  return { hub, person: await hub.as('pat', 'operator'), receiver: await openReceiver() };
}

export type Wanted = Omit<Input<'webhook.add'>, 'url'>;

/** One that hears of submitted tasks. */
export async function add(
  { person, receiver }: Pick<Scene, 'person' | 'receiver'>,
  more: Wanted = {},
): Promise<{ webhook: Webhook; secret: string; id: string }> {
  const added = await person.webhook.add({ url: receiver.url, events: ['task.queued'], ...more });
  return { ...added, id: added.webhook.id };
}

export async function submit({ person }: Pick<Scene, 'person'>, title = 'x'): Promise<string> {
  return (await person.task.submit({ title, needs: ['nobody'] })).id;
}

/** Does what is due until there is so much. */
export async function until(hub: TestHub, holds: () => boolean | Promise<boolean>): Promise<void> {
  await expect
    .poll(async () => {
      await hub.hub.tick();
      return holds();
    })
    .toBe(true);
}

/** On PostgreSQL an event has its number a moment after it was committed. */
export async function numbered({ person }: Pick<Scene, 'person'>, type: string): Promise<void> {
  await expect
    .poll(async () => (await person.event.list({ limit: 1000 })).items.at(-1)?.type)
    .toBe(type);
}

export async function only(
  { person }: Pick<Scene, 'person'>,
  id: string,
): Promise<WebhookDelivery> {
  const { items } = await person.webhook.deliveries({ id });
  expect(items).toHaveLength(1);
  const [first] = items;
  if (first === undefined) throw new Error('there is no delivery');
  return first;
}

/** Waits until the one delivery has been tried so often. */
export async function tried(
  at: Pick<Scene, 'hub' | 'person'>,
  id: string,
  times: number,
): Promise<WebhookDelivery> {
  await until(at.hub, async () => {
    const { items } = await at.person.webhook.deliveries({ id });
    return items.length === 1 && (items[0]?.attempts ?? 0) >= times;
  });
  return only(at, id);
}

export async function stateOf({ person }: Pick<Scene, 'person'>, id: string): Promise<string> {
  return (await person.webhook.show({ id })).webhook.state;
}

/** As the specification has it, by nothing of ours. */
export function fits({ headers, body }: Received, secret: string): boolean[] {
  const signed = `${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`;
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const own = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  return String(headers['webhook-signature'])
    .split(' ')
    .map((one) => one === own);
}

export const idsOf = (received: Received[]): unknown[] =>
  received.map(({ headers }) => headers['webhook-id']);
export const typesOf = (received: Received[]): string[] =>
  received.map(({ body }) => JSON.parse(body).type);
