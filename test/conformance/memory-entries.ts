/** Each operation of memory: that it works, and how it is refused. */
import type { Input, OperationName } from '../../src/contract/index.ts';
import { NOBODY, REPOSITORY } from '../support/hub.ts';
import type { Entry, Scene } from './scene.ts';

const whole = {
  text: 'The parser needs LF line ends.',
  layer: 'working',
  type: 'LEARNED',
  tags: ['Parser'],
  paths: ['src/parser'],
  repository: REPOSITORY,
  session: 's',
} as const satisfies Input<'memory.remember'>;

async function kept({ ada }: Scene): Promise<string> {
  return (await ada.client.memory.remember({ ...whole, tags: ['parser'], paths: ['src'] })).id;
}

type Name = Extract<OperationName, `memory.${string}`>;

export const memoryEntries: Record<Name, Entry> = {
  'memory.remember': { works: kept },
  'memory.recall': {
    works: async (at) => {
      await kept(at);
      return at.person.memory.recall({ query: 'line ends', agent: 'ada', layers: ['working'] });
    },
  },
  'memory.forget': {
    works: async (at) => at.person.memory.forget({ id: await kept(at) }),
    refusals: {
      not_found: ({ person }) => person.memory.forget({ id: NOBODY.memory }),
      forbidden: async (at) => {
        const { id } = await at.person.memory.remember({ text: 'mine' });
        return at.ada.client.memory.forget({ id });
      },
    },
  },
};

/** An input of each operation of memory in which every field stands. */
export const memoryInputs: Record<Name, Record<string, unknown>> = {
  'memory.remember': whole,
  'memory.recall': {
    query: 'x',
    tags: ['x'],
    paths: ['src'],
    layers: ['episodic'],
    agent: 'ada',
    session: 's',
    limit: 1,
    charsMax: 100,
  },
  'memory.forget': { id: NOBODY.memory },
};
