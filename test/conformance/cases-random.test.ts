/**
 * Writers at random against one case, some of whom name the version they read and some who do not,
 * several at once. Whatever the order was in which the hub took them: versions never skip, what
 * named a version stood on that very version, and the state is what the history says it is.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { SignalboxError } from '../../src/contract/index.ts';
import { present } from '../../src/core/assert.ts';
import { eachEngine } from '../support/engines.ts';
import { openTestHub } from '../support/hub.ts';

type Step =
  | { do: 'read'; writer: number }
  | { do: 'put' | 'patch' | 'advance'; writer: number; isNaming: boolean; field: number };

const ID = 'abc-123';
const WRITERS = 3;
const stages = ['a', 'b', 'c'].map((name, index) => ({
  name,
  next: [['b'], ['c', 'a'], ['a']][index] ?? [],
}));

const writer = fc.nat({ max: WRITERS - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('read' as const), writer }),
  fc.record({
    do: fc.constantFrom('put' as const, 'patch' as const, 'advance' as const),
    writer,
    isNaming: fc.boolean(),
    field: fc.nat({ max: 2 }),
  }),
);
/** The steps of one round are asked for at the same moment. */
const rounds = fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { maxLength: 12 });

interface Writer {
  client: Client;
  read: number;
}

interface Taken {
  version: number;
  basedOn: number | null;
  change: (state: Record<string, unknown>) => Record<string, unknown>;
}

async function perform(at: Writer, one: Step, stamp: number): Promise<Taken | undefined> {
  const { client } = at;
  if (one.do === 'read') {
    at.read = (await client.case.get({ id: ID })).version;
    return undefined;
  }
  const basedOn = one.isNaming ? at.read : null;
  const asked = { id: ID, ...(basedOn === null ? {} : { version: basedOn }) };
  const patch = { [`f${one.field}`]: stamp };
  try {
    switch (one.do) {
      case 'put': {
        const { version } = await client.case.put({ ...asked, state: patch });
        return { version, basedOn, change: () => patch };
      }
      case 'patch': {
        const { version } = await client.case.patch({ ...asked, patch });
        return { version, basedOn, change: (state) => ({ ...state, ...patch }) };
      }
      case 'advance': {
        const moved = await client.case.advance({ ...asked, patch });
        return {
          version: moved.case.version,
          basedOn,
          change: (state) => ({ ...state, ...patch }),
        };
      }
    }
  } catch (error) {
    if (!(error instanceof SignalboxError) || error.code !== 'conflict') throw error;
    return undefined;
  }
}

eachEngine((engine) => {
  test('versions never skip and nothing that was read is lost', async () => {
    const numRuns = engine === 'postgres' ? 8 : 30;
    await fc.assert(
      fc.asyncProperty(rounds, async (plan) => {
        const hub = await openTestHub(engine);
        const person = await hub.as('pat', 'operator');
        await person.pipeline.set({ name: 'ring', stages });
        await person.case.put({ id: ID, state: {}, pipeline: 'ring' });
        const names = ['ada', 'bob', 'carol'];
        const writers = await Promise.all(
          names.map(async (name) => ({ client: await hub.as(name), read: 1 })),
        );
        const taken: Taken[] = [{ version: 1, basedOn: null, change: () => ({}) }];
        let stamp = 0;
        for (const round of plan) {
          const done = round.map((one) =>
            perform(present(writers[one.writer], 'the writer'), one, ++stamp),
          );
          taken.push(...(await Promise.all(done)).filter((write) => write !== undefined));
        }
        taken.sort((one, other) => one.version - other.version);
        expect(taken.map(({ version }) => version)).toEqual(taken.map((_, index) => index + 1));
        for (const { version, basedOn } of taken) {
          if (basedOn !== null) expect(basedOn).toBe(version - 1);
        }
        const { items } = await person.case.history({ id: ID, limit: 200 });
        expect(items.map(({ version, basedOn }) => ({ version, basedOn })).toReversed()).toEqual(
          taken.map(({ version, basedOn }) => ({ version, basedOn })),
        );
        let state: Record<string, unknown> = {};
        for (const { version, change } of taken) {
          state = change(state);
          const then = await person.case.get({ id: ID, version });
          expect(then.state, `version ${version}`).toEqual(state);
        }
        await hub.close();
      }),
      { numRuns },
    );
  });
});
