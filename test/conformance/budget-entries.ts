/** Each operation on budgets and pauses: that it works, and how it is refused. */
import type { Budget, OperationName } from '../../src/contract/index.ts';
import { NOBODY } from '../support/hub.ts';
import type { Entry, Scene } from './scene.ts';

const SOON = 1_700_000_600_000;

type Name = Extract<OperationName, `budget.${string}` | 'agent.pause' | 'agent.resume'>;

function bounded({ person }: Scene): Promise<Budget> {
  return person.budget.set({ scope: 'project', window: 'day', tokensMax: 1_000 });
}

async function done({ person, ada }: Scene): Promise<string> {
  const { id } = await person.task.submit({ title: 'cheap' });
  const { assignment } = await ada.client.task.pull();
  await ada.client.task.complete({ taskId: id, fence: assignment?.task.fence ?? 0 });
  return id;
}

export const budgetEntries: Record<Name, Entry> = {
  'budget.set': {
    works: bounded,
    refusals: {
      not_found: ({ person }) => person.budget.set({ scope: { agent: 'nobody' }, tokensMax: 1 }),
      conflict: async (at) => {
        await at.person.budget.set({ scope: { task: await done(at) }, tokensMax: 1 });
      },
    },
  },
  'budget.remove': {
    works: async (at) => {
      await bounded(at);
      return at.person.budget.remove({ scope: 'project', window: 'day' });
    },
    refusals: {
      not_found: ({ person }) => person.budget.remove({ scope: 'project', window: 'hour' }),
    },
  },
  'budget.list': {
    works: async (at) => {
      await bounded(at);
      return at.person.budget.list();
    },
  },
  'agent.pause': {
    works: async ({ ada }) => {
      const { nowMs } = await ada.client.hub.status();
      return ada.client.agent.pause({ untilMs: nowMs + 60_000, reason: 'its tool rests' });
    },
    refusals: {
      not_found: ({ person }) =>
        person.agent.pause({ agent: 'nobody', untilMs: SOON, reason: 'gone' }),
      forbidden: ({ ada }) =>
        ada.client.agent.pause({ agent: 'root', untilMs: SOON, reason: 'not me' }),
    },
  },
  'agent.resume': {
    works: ({ person }) => person.agent.resume({ agent: 'ada' }),
    refusals: {
      not_found: ({ person }) => person.agent.resume({ agent: 'nobody' }),
      forbidden: ({ ada }) => ada.client.agent.resume({ agent: 'root' }),
    },
  },
};

/** An input of each in which every field stands. */
export const budgetInputs: Record<Name, Record<string, unknown>> = {
  'budget.set': { scope: 'project', window: 'day', tokensMax: 1, costMicrosMax: 1 },
  'budget.remove': { scope: { task: NOBODY.task }, window: 'ever' },
  'budget.list': { cursor: 'x', limit: 1 },
  'agent.pause': { agent: 'ada', untilMs: SOON, reason: 'x' },
  'agent.resume': { agent: 'ada' },
};
