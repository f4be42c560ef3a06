/** Each operation of cases, pipelines and artifacts: that it works, and how it is refused. */
import { text as textOf } from 'node:stream/consumers';
import { expect } from 'vitest';
import { limits, type OperationName } from '../../src/contract/index.ts';
import type { Entry, Scene } from './scene.ts';

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const file = { caseId: 'abc-123', stage: 'pulse', name: 'notes.txt' };
const stages = [{ name: 'pulse' }, { name: 'first', agent: 'FirstResponder' }];

async function opened({ ada }: Scene, pipeline?: string): Promise<string> {
  return (await ada.client.case.put({ id: 'abc-123', state: { lead: 'x' }, pipeline })).id;
}

/** A case in the first stage of a pipeline. */
async function piped(at: Scene): Promise<string> {
  await at.person.pipeline.set({ name: 'max', stages });
  return opened(at, 'max');
}

async function uploaded(at: Scene): Promise<string> {
  await opened(at);
  return (await at.ada.client.artifact.upload(file, bytes('hello'))).id;
}

const noArtifact = { id: `art_${'0'.repeat(21)}` };

type Noun = 'case' | 'pipeline' | 'artifact';

export const caseEntries: Record<Extract<OperationName, `${Noun}.${string}`>, Entry> = {
  'case.get': {
    works: async (at) => at.person.case.get({ id: await opened(at), version: 1 }),
    refusals: { not_found: ({ person }) => person.case.get({ id: 'nobody' }) },
  },
  'case.put': {
    works: piped,
    refusals: {
      not_found: (at) => opened(at, 'none'),
      conflict: async (at) =>
        at.ada.client.case.put({ id: await opened(at), version: 0, state: {} }),
    },
  },
  'case.patch': {
    works: async (at) => at.ada.client.case.patch({ id: await opened(at), patch: { a: 1 } }),
    refusals: {
      not_found: ({ ada }) => ada.client.case.patch({ id: 'nobody', patch: {} }),
      conflict: async (at) =>
        at.ada.client.case.patch({ id: await opened(at), version: 7, patch: {} }),
      too_large: async (at) => {
        const half = 'x'.repeat(limits.caseStateCharsMax / 2);
        const id = await opened(at);
        await at.ada.client.case.patch({ id, patch: { one: half } });
        return at.ada.client.case.patch({ id, patch: { other: half } });
      },
    },
  },
  'case.advance': {
    works: async (at) => at.ada.client.case.advance({ id: await piped(at), patch: { a: 1 } }),
    refusals: {
      not_found: ({ ada }) => ada.client.case.advance({ id: 'nobody' }),
      conflict: async (at) => at.ada.client.case.advance({ id: await piped(at), to: 'pulse' }),
      too_large: async (at) => {
        const patch = { one: 'x'.repeat(limits.caseStateCharsMax - 10) };
        return at.ada.client.case.advance({ id: await piped(at), patch });
      },
    },
  },
  'case.list': {
    works: async (at) => {
      await piped(at);
      const { items } = await at.person.case.list({ pipeline: 'max', stage: 'pulse', limit: 1 });
      expect(items).toHaveLength(1);
    },
  },
  'case.history': {
    works: async (at) => at.person.case.history({ id: await opened(at), limit: 1 }),
    refusals: { not_found: ({ person }) => person.case.history({ id: 'nobody' }) },
  },
  'pipeline.set': {
    works: ({ person }) => person.pipeline.set({ name: 'max', stages }),
    refusals: {
      conflict: async (at) => {
        await piped(at);
        return at.person.pipeline.set({ name: 'max', stages: [{ name: 'other' }] });
      },
    },
  },
  'pipeline.show': {
    works: async (at) => {
      await piped(at);
      const { cases } = await at.person.pipeline.show({ name: 'max' });
      expect(cases).toEqual({ pulse: 1, first: 0 });
    },
    refusals: { not_found: ({ person }) => person.pipeline.show({ name: 'none' }) },
  },
  'pipeline.list': { works: ({ person }) => person.pipeline.list({ limit: 1 }) },
  'pipeline.remove': {
    works: async ({ person }) => {
      await person.pipeline.set({ name: 'max', stages });
      expect(await person.pipeline.remove({ name: 'max' })).toEqual({ wasThere: true });
      expect(await person.pipeline.remove({ name: 'max' })).toEqual({ wasThere: false });
    },
    refusals: {
      conflict: async (at) => {
        await piped(at);
        return at.person.pipeline.remove({ name: 'max' });
      },
    },
  },
  'artifact.upload': {
    works: uploaded,
    refusals: {
      not_found: ({ ada }) => ada.client.artifact.upload(file, bytes('hello')),
      conflict: async (at) => {
        await piped(at);
        return at.ada.client.artifact.upload({ ...file, stage: 'elsewhere' }, bytes('hello'));
      },
      too_large: async (at) => {
        await opened(at);
        const more = { ...file, bytes: limits.artifactBytesMax + 1 };
        return at.ada.client.artifact.upload(more, bytes('hello'));
      },
    },
  },
  'artifact.download': {
    works: async (at) => {
      const { body } = await at.person.artifact.download({ id: await uploaded(at) });
      expect(await textOf(body)).toBe('hello');
    },
    refusals: {
      not_found: ({ person }) => person.artifact.download(noArtifact),
      out_of_range: async (at) => {
        const range = { start: 0, end: 6 };
        return at.person.artifact.download({ id: await uploaded(at) }, { range });
      },
    },
  },
  'artifact.list': {
    works: async (at) => {
      await uploaded(at);
      const { items } = await at.person.artifact.list({ ...file, isFull: true, limit: 1 });
      expect(items).toHaveLength(1);
    },
    refusals: { not_found: ({ person }) => person.artifact.list({ caseId: 'nobody' }) },
  },
};
