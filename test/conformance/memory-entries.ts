/** Each operation of memory: that it works, and how it is refused. */
import type { OperationName } from '../../src/contract/index.ts';
import { NOBODY, REPOSITORY } from '../support/hub.ts';
import type { Entry, Scene } from './scene.ts';

async function kept({ person }: Scene): Promise<string> {
  return (await person.memory.remember({ text: 'Lint first.', tags: ['lint'] })).id;
}

type Name = Extract<OperationName, `memory.${string}`>;

export const memoryEntries: Record<Name, Entry> = {
  'memory.remember': {
    works: ({ ada }) =>
      ada.client.memory.remember({ text: 'x', repository: REPOSITORY, paths: ['src/a.ts'] }),
  },
  'memory.recall': {
    works: async (at) => {
      await kept(at);
      return at.ada.client.memory.recall({ query: 'lint', tags: ['lint'], paths: ['src'] });
    },
  },
  'memory.forget': {
    works: async (at) => at.person.memory.forget({ id: await kept(at) }),
    refusals: {
      not_found: ({ person }) => person.memory.forget({ id: NOBODY.memory }),
      forbidden: async (at) => at.ada.client.memory.forget({ id: await kept(at) }),
    },
  },
};

const about = { tags: ['lint'], paths: ['src/a.ts'], session: 's' };

/** An input of each operation of memory in which every field stands. */
export const memoryInputs: Record<Name, Record<string, unknown>> = {
  'memory.remember': { ...about, text: 'x', layer: 'working', type: 'X', repository: REPOSITORY },
  'memory.recall': {
    ...about,
    query: 'x',
    layers: ['working'],
    agent: 'ada',
    limit: 1,
    charsMax: 10,
  },
  'memory.forget': { id: NOBODY.memory },
};
