/** Each operation on schedules: that it works, and how it is refused. */
import { expect } from 'vitest';
import { limits, type OperationName } from '../../src/contract/index.ts';
import { NOBODY } from '../support/hub.ts';
import type { Entry, Scene } from './scene.ts';

const nobody = { schedule: NOBODY.schedule };
const schedule = 'nightly';
const nightly = { name: schedule, cron: '30 2 * * *', task: { title: 'clean up' } };

const added = ({ person }: Scene) => person.schedule.add(nightly);

/** Made by somebody whose token was then revoked, and who was given no other. */
async function orphaned({ hub, root }: Scene): Promise<void> {
  await (await hub.as('gone', 'operator')).schedule.add(nightly);
  const { items } = await root.token.list({ limit: limits.pageMax });
  for (const { id, agent } of items) if (agent === 'gone') await root.token.revoke({ id });
}

type Name = Extract<OperationName, `schedule.${string}`>;

export const scheduleEntries: Record<Name, Entry> = {
  'schedule.add': {
    works: async (at) => {
      const made = await at.person.schedule.add({
        ...nightly,
        cron: ' 30  2 * * * ',
        timeZone: 'europe/berlin',
      });
      expect(made).toMatchObject({
        cron: '30 2 * * *',
        timeZone: 'Europe/Berlin',
        overlap: 'skip',
        missedRule: 'one',
        state: 'active',
        maker: 'pat',
        runs: 0,
        task: { title: 'clean up', lane: 'normal', checks: [] },
      });
    },
    refusals: {
      conflict: async (at) => {
        await added(at);
        return at.ada.client.schedule.add({ ...nightly, name: 'NIGHT-ly' });
      },
    },
  },
  'schedule.list': {
    works: async (at) => {
      const { id } = await added(at);
      await at.person.schedule.add({ ...nightly, name: 'other' });
      await at.person.schedule.pause({ schedule: 'other' });
      const active = await at.person.schedule.list({ state: 'active' });
      expect(active.items.map((one) => one.id)).toEqual([id]);
      const { items, nextCursor } = await at.person.schedule.list({ limit: 1 });
      expect(items).toMatchObject([{ name: 'nightly' }]);
      const rest = await at.person.schedule.list({ limit: 5, cursor: nextCursor ?? '' });
      expect(rest.items).toMatchObject([{ name: 'other' }]);
    },
  },
  'schedule.show': {
    works: async (at) => {
      const made = await added(at);
      expect(await at.ada.client.schedule.show({ schedule: 'Nightly' })).toEqual(made);
      expect(await at.person.schedule.show({ schedule: made.id })).toEqual(made);
    },
    refusals: { not_found: ({ person }) => person.schedule.show({ schedule: 'nobody' }) },
  },
  'schedule.pause': {
    works: async (at) => {
      await added(at);
      const paused = await at.person.schedule.pause({ schedule, reason: 'a holiday' });
      expect(paused).toMatchObject({ state: 'paused', reason: 'a holiday', nextRunMs: null });
      expect(await at.person.schedule.pause({ schedule, reason: 'again' })).toEqual(paused);
    },
    refusals: {
      not_found: ({ person }) => person.schedule.pause(nobody),
      forbidden: async (at) => {
        await added(at);
        return at.ada.client.schedule.pause({ schedule });
      },
    },
  },
  'schedule.resume': {
    works: async (at) => {
      const { nextRunMs } = await added(at);
      await at.person.schedule.pause({ schedule });
      const resumed = await at.person.schedule.resume({ schedule });
      expect(resumed).toMatchObject({ state: 'active', reason: null, nextRunMs });
    },
    refusals: {
      not_found: ({ person }) => person.schedule.resume(nobody),
      forbidden: async (at) => {
        await added(at);
        return at.ada.client.schedule.resume({ schedule });
      },
      conflict: async (at) => {
        await orphaned(at);
        await at.person.schedule.pause({ schedule });
        return at.person.schedule.resume({ schedule });
      },
    },
  },
  'schedule.remove': {
    works: async (at) => {
      await at.ada.client.schedule.add(nightly);
      await at.ada.client.schedule.remove({ schedule });
      expect((await at.person.schedule.list()).items).toEqual([]);
    },
    refusals: {
      not_found: async (at) => {
        await added(at);
        await at.person.schedule.remove({ schedule });
        return at.person.schedule.remove({ schedule });
      },
      forbidden: async (at) => {
        await added(at);
        return at.ada.client.schedule.remove({ schedule });
      },
    },
  },
  'schedule.run': {
    works: async (at) => {
      const { nextRunMs } = await at.ada.client.schedule.add(nightly);
      const answer = await at.person.schedule.run({ schedule });
      expect(answer.schedule).toMatchObject({ runs: 1, lastTaskId: answer.task.id, nextRunMs });
      const { task } = await at.person.task.show({ id: answer.task.id });
      expect(task).toMatchObject({ title: 'clean up', submitter: 'ada', state: 'offered' });
    },
    refusals: {
      not_found: ({ person }) => person.schedule.run(nobody),
      forbidden: async (at) => {
        await added(at);
        return at.ada.client.schedule.run({ schedule });
      },
      conflict: async (at) => {
        await added(at);
        await at.person.schedule.run({ schedule });
        return at.person.schedule.run({ schedule });
      },
    },
  },
  'schedule.preview': {
    works: async ({ person }) => {
      const { nowMs } = await person.hub.status();
      const { runsMs } = await person.schedule.preview({ cron: '*/5 * * * *' });
      const first = Math.floor(nowMs / 300_000 + 1) * 300_000;
      expect(runsMs).toEqual([0, 1, 2, 3, 4].map((count) => first + count * 300_000));
    },
  },
};

const task = { title: 'x', body: 'y', lane: 'low', needs: ['ts'], failuresMax: 1 };
const rules = { overlap: 'allow', missedRule: 'none' };

/** An input of each in which every field stands. */
export const scheduleInputs: Record<Name, Record<string, unknown>> = {
  'schedule.add': { name: 'x', cron: '0 0 * * *', timeZone: 'Asia/Kathmandu', task, ...rules },
  'schedule.list': { cursor: 'x', limit: 1, state: 'paused' },
  'schedule.show': nobody,
  'schedule.pause': { ...nobody, reason: 'x' },
  'schedule.resume': nobody,
  'schedule.remove': nobody,
  'schedule.run': nobody,
  'schedule.preview': { cron: '0 0 * * *', timeZone: 'UTC', count: 3 },
};
