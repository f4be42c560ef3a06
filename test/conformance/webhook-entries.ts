/** Each operation of webhooks: that it works, and how it is refused. */
import { expect } from 'vitest';
import { limits, type OperationName } from '../../src/contract/index.ts';
import { NOBODY } from '../support/hub.ts';
import type { Entry, Scene } from './scene.ts';

const HOOK = 'https://hub.example.org/hook';
const noHook = { id: NOBODY.webhook };

async function submitted({ person }: Scene): Promise<void> {
  await person.task.submit({ title: 'a task' });
}

async function webhook({ person }: Scene): Promise<string> {
  return (await person.webhook.add({ url: HOOK })).webhook.id;
}

/** One that its receiver, which is on a private address, can never get. */
async function deadDelivery(at: Scene): Promise<string> {
  const id = await webhook(at);
  await submitted(at);
  await expect
    .poll(async () => {
      await at.hub.pass(limits.webhookRetryMostMs);
      return (await at.person.webhook.deliveries({ id, state: 'dead' })).items.length;
    })
    .toBeGreaterThan(0);
  const { items } = await at.person.webhook.deliveries({ id, state: 'dead' });
  return items[0]?.id ?? '';
}

type Name = Extract<OperationName, `webhook.${string}`>;

export const webhookEntries: Record<Name, Entry> = {
  'webhook.add': {
    works: ({ person }) => person.webhook.add({ url: HOOK, events: ['task.dead'], shape: 'slack' }),
    refusals: {
      conflict: async ({ person }) => {
        for (let count = 0; count <= limits.webhooksMax; count++)
          await person.webhook.add({ url: HOOK });
      },
    },
  },
  'webhook.list': {
    works: async (at) => {
      const id = await webhook(at);
      const { items } = await at.person.webhook.list();
      expect(items).toMatchObject([{ id, url: HOOK, state: 'active', creator: 'pat' }]);
      expect(JSON.stringify(items)).not.toContain('whsec_');
    },
  },
  'webhook.show': {
    works: async (at) => {
      const id = await webhook(at);
      expect(await at.person.webhook.show({ id })).toMatchObject({ pending: 0, dead: 0 });
    },
    refusals: { not_found: ({ person }) => person.webhook.show(noHook) },
  },
  'webhook.remove': {
    works: async (at) => {
      const id = await webhook(at);
      await at.person.webhook.remove({ id });
      expect((await at.person.webhook.list()).items).toEqual([]);
    },
    refusals: {
      not_found: async (at) => {
        const id = await webhook(at);
        await at.person.webhook.remove({ id });
        await at.person.webhook.remove({ id });
      },
    },
  },
  'webhook.rotate': {
    works: async (at) => {
      const id = await webhook(at);
      const { webhook: rotated, secret } = await at.person.webhook.rotate({ id });
      expect(secret).toMatch(/^whsec_/);
      const { nowMs } = await at.person.hub.status();
      const graceMs = (rotated.oldSecretUntilMs ?? 0) - nowMs;
      expect(graceMs).toBeGreaterThan(limits.webhookGraceMsDefault - 60_000);
      expect(graceMs).toBeLessThanOrEqual(limits.webhookGraceMsDefault);
    },
    refusals: { not_found: ({ person }) => person.webhook.rotate(noHook) },
  },
  'webhook.pause': {
    works: async (at) => {
      const id = await webhook(at);
      const paused = await at.person.webhook.pause({ id, reason: 'it moves' });
      expect(paused).toMatchObject({ state: 'paused', reason: 'it moves' });
    },
    refusals: { not_found: ({ person }) => person.webhook.pause(noHook) },
  },
  'webhook.resume': {
    works: async (at) => {
      const id = await webhook(at);
      await at.person.webhook.pause({ id });
      expect(await at.person.webhook.resume({ id })).toMatchObject({
        state: 'active',
        reason: null,
      });
    },
    refusals: { not_found: ({ person }) => person.webhook.resume(noHook) },
  },
  'webhook.test': {
    works: async (at) => {
      const answer = await at.person.webhook.test({ id: await webhook(at) });
      expect(answer).toMatchObject({ isDelivered: false, status: null, answer: '' });
      expect(answer.reason).toContain('--webhook-allow 10.0.0.1');
    },
    refusals: { not_found: ({ person }) => person.webhook.test(noHook) },
  },
  'webhook.deliveries': {
    works: async (at) => {
      const id = await webhook(at);
      await submitted(at);
      await expect
        .poll(async () => {
          await at.hub.hub.tick();
          return (await at.person.webhook.deliveries({ id })).items.map(({ type }) => type);
        })
        .toContain('task.queued');
    },
  },
  'webhook.redrive': {
    works: async (at) => {
      const again = await at.person.webhook.redrive({ id: await deadDelivery(at) });
      expect(again).toMatchObject({ state: 'pending', attempts: 0 });
    },
    refusals: {
      not_found: ({ person }) => person.webhook.redrive({ id: NOBODY.delivery }),
      conflict: async (at) => {
        const id = await deadDelivery(at);
        await at.person.webhook.redrive({ id });
        return at.person.webhook.redrive({ id });
      },
    },
  },
};

/** An input of each in which every field stands. */
export const webhookInputs: Record<Name, Record<string, unknown>> = {
  'webhook.add': {
    url: 'https://example.org/hook',
    events: ['task.done'],
    subject: 'x',
    shape: 'slack',
    secret: `whsec_${'a'.repeat(32)}`,
  },
  'webhook.list': { cursor: 'x', limit: 1 },
  'webhook.show': { id: NOBODY.webhook },
  'webhook.remove': { id: NOBODY.webhook },
  'webhook.rotate': { id: NOBODY.webhook, graceMs: 0, secret: `whsec_${'a'.repeat(32)}` },
  'webhook.pause': { id: NOBODY.webhook, reason: 'x' },
  'webhook.resume': { id: NOBODY.webhook, fromNow: true },
  'webhook.test': { id: NOBODY.webhook },
  'webhook.deliveries': { id: NOBODY.webhook, state: 'dead', cursor: 'x', limit: 1 },
  'webhook.redrive': { id: NOBODY.delivery },
};
