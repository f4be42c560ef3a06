/** Each operation of locks: that it works, and how it is refused. */
import type { Input, Lock, OperationName } from '../../src/contract/index.ts';
import { begin, NOBODY, REPOSITORY } from '../support/hub.ts';
import type { Entry, Scene } from './scene.ts';

const item = { path: 'src/**', repository: REPOSITORY };
const one = { holder: { session: 'one' }, items: [item] };
const two = { holder: { session: 'two' }, items: [item] };

async function held({ ada }: Scene, more: Partial<Input<'lock.acquire'>> = {}): Promise<Lock> {
  return (await ada.client.lock.acquire({ ...one, ...more })).lock;
}

type Name = Extract<OperationName, `lock.${string}`>;

export const lockEntries: Record<Name, Entry> = {
  'lock.acquire': {
    works: async (at) => {
      await held(at, { items: [item, { name: 'db:schema' }], reason: 'a refactoring' });
      return at.person.lock.acquire({ ...two, wait: true });
    },
    refusals: {
      conflict: async (at) => {
        await held(at);
        return at.person.lock.acquire(two);
      },
      not_found: ({ ada }) =>
        ada.client.lock.acquire({ ...one, holder: { taskId: NOBODY.task, fence: 1 } }),
      stale_fence: async (at) => {
        await at.person.task.submit({ title: 'x' });
        const { taskId, fence } = await begin(at.ada);
        return at.ada.client.lock.acquire({ ...one, holder: { taskId, fence: fence + 1 } });
      },
      rate_limited: async (at) => {
        await held(at);
        for (let n = 0; n < 64; n++) {
          const path = `src/${n}`;
          const items = [{ path, repository: REPOSITORY }];
          await at.person.lock.acquire({ ...two, items, wait: true });
        }
        return at.person.lock.acquire({ ...two, wait: true });
      },
    },
  },
  'lock.release': {
    works: async (at) => {
      const { id } = await held(at);
      await at.ada.client.lock.release({ holder: one.holder, items: [item] });
      await held(at);
      await at.ada.client.lock.release({ holder: one.holder });
      return at.ada.client.lock.release({ holder: one.holder, id });
    },
    refusals: {
      not_found: ({ ada }) => ada.client.lock.release({ holder: one.holder, id: NOBODY.lock }),
      forbidden: async (at) => {
        const { id } = await held(at);
        return at.ada.client.lock.release({ holder: two.holder, id });
      },
      stale_fence: async (at) => {
        await at.person.task.submit({ title: 'x' });
        const { taskId, fence } = await begin(at.ada);
        return at.person.lock.release({ holder: { taskId, fence } });
      },
    },
  },
  'lock.renew': {
    works: async (at) => {
      await held(at);
      return at.ada.client.lock.renew({ session: 'one' });
    },
  },
  'lock.check': {
    works: async (at) => {
      await held(at);
      return at.person.lock.check({ items: [item], holder: two.holder, mode: 'shared' });
    },
  },
  'lock.show': {
    works: async (at) => at.person.lock.show({ id: (await held(at)).id }),
    refusals: { not_found: ({ person }) => person.lock.show({ id: NOBODY.lock }) },
  },
  'lock.list': {
    works: async (at) => {
      await held(at);
      return at.person.lock.list({ agent: 'ada', session: 'one', state: 'granted' });
    },
  },
  'lock.stats': {
    works: async (at) => {
      await held(at);
      return at.person.lock.stats();
    },
  },
  'lock.steal': {
    works: async (at) => at.person.lock.steal({ id: (await held(at)).id, reason: 'it is stuck' }),
    refusals: {
      not_found: ({ person }) => person.lock.steal({ id: NOBODY.lock, reason: 'x' }),
      conflict: async (at) => {
        const { id } = await held(at);
        await at.ada.client.lock.release({ holder: one.holder });
        return at.person.lock.steal({ id, reason: 'x' });
      },
    },
  },
};

const page = { cursor: 'x', limit: 1 };
const holder = { session: 's' };
const items = [item, { name: 'db:schema' }];

/** An input of each operation of locks in which every field stands. */
export const lockInputs: Record<Name, Record<string, unknown>> = {
  'lock.acquire': { holder, items, mode: 'shared', wait: true, leaseMs: 5_000, reason: 'x' },
  'lock.release': { holder, id: NOBODY.lock, items },
  'lock.renew': { session: 's', leaseMs: 5_000 },
  'lock.check': { items, mode: 'shared', holder },
  'lock.show': { id: NOBODY.lock },
  'lock.list': { ...page, agent: 'ada', session: 's', taskId: NOBODY.task, state: 'expired' },
  'lock.stats': {},
  'lock.steal': { id: NOBODY.lock, reason: 'x' },
};
