/** What the hub promises of memory, on every engine. */
import { expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { type Input, limits, type Output } from '../../src/contract/index.ts';
import { eachEngine } from '../support/engines.ts';
import { sql } from '../../src/store/sql.ts';
import { openTestHub, refusal, REPOSITORY } from '../support/hub.ts';

const HOUR_MS = 60 * 60_000;

type Found = Output<'memory.recall'>;
const texts = ({ items }: Found): string[] => items.map(({ text }) => text);
const scores = ({ items }: Found): number[] => items.map(({ score }) => score);

async function recalled(client: Client, input: Input<'memory.recall'>): Promise<string[]> {
  return texts(await client.memory.recall(input));
}

eachEngine((engine) => {
  test('the same text by the same agent within the hour is kept once', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = [await hub.as('ada'), await hub.as('bob')];
    const note = { text: 'Tests need a database.', type: 'LEARNED' };
    const first = await ada.memory.remember(note);
    expect(first.isNew).toBe(true);
    await hub.pass(HOUR_MS - 1);
    expect(await ada.memory.remember(note)).toEqual({ ...first, isNew: false });
    expect((await bob.memory.remember(note)).isNew).toBe(true);
    expect((await ada.memory.remember({ ...note, type: 'RULE' })).isNew).toBe(true);
    expect((await ada.memory.remember({ ...note, layer: 'procedural' })).isNew).toBe(true);
    await hub.pass(1);
    expect((await ada.memory.remember(note)).isNew).toBe(true);
    expect((await ada.memory.recall({ agent: 'ada' })).items).toHaveLength(4);
    await expect
      .poll(async () => {
        const { items } = await ada.event.list({ filter: { types: ['memory.stored'] } });
        return items.map(({ actor, data }) => `${actor} ${data.name ?? ''}`);
      })
      .toEqual(['ada LEARNED', 'bob LEARNED', 'ada RULE', 'ada LEARNED', 'ada LEARNED']);
  });

  test('of ten calls at once with one text, one keeps it', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    // Known already: her first word would hold the others up by itself.
    await ada.memory.remember({ text: 'before' });
    const calls = Array.from({ length: 10 }, () => ada.memory.remember({ text: 'once' }));
    const kept = await Promise.all(calls);
    expect(kept.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(new Set(kept.map(({ id }) => id)).size).toBe(1);
  });

  test('in the working layer each session keeps its own', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    const step = { text: 'step 3 of 5', layer: 'working' as const };
    expect((await ada.memory.remember({ ...step, session: 'one' })).isNew).toBe(true);
    expect((await ada.memory.remember({ ...step, session: 'two' })).isNew).toBe(true);
    expect((await ada.memory.remember({ ...step, session: 'two' })).isNew).toBe(false);
    expect(await recalled(ada, { session: 'one' })).toEqual(['step 3 of 5']);
    const error = await refusal(ada.memory.remember(step));
    expect(error).toMatchObject({ code: 'invalid_input' });
    expect(error.message).toContain('that of a session');
  });

  test('what has more of the words comes first, and the newest among equals', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    for (const text of ['the PARSER, old', 'Parser tests: 100%', 'neither', 'my parsers, new']) {
      await ada.memory.remember({ text });
      await hub.pass(1);
    }
    const found = await ada.memory.recall({ query: 'parser Tests' });
    expect(texts(found)).toEqual(['Parser tests: 100%', 'my parsers, new', 'the PARSER, old']);
    expect(scores(found)).toEqual([1, 0.5, 0.5]);
    expect(await recalled(ada, { query: '100_' })).toEqual(['Parser tests: 100%']);
    expect(await recalled(ada, {})).toEqual([
      'my parsers, new',
      'neither',
      'Parser tests: 100%',
      'the PARSER, old',
    ]);
  });

  test('letters beyond ASCII are folded alike on both engines', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    await ada.memory.remember({ text: 'ÜBERSETZUNG ist fällig', type: 'ARGER' });
    await ada.memory.remember({ text: '解析器需要换行符' });
    expect(await recalled(ada, { query: 'übersetzung' })).toHaveLength(1);
    expect(await recalled(ada, { query: 'U\u0308bersetzung' })).toHaveLength(1);
    expect(await recalled(ada, { query: '换行' })).toHaveLength(1);
    expect(await recalled(ada, { query: 'arger' })).toHaveLength(1);
  });

  test('a tag and a path lift what has them, and find it without a word', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    await ada.memory.remember({ text: 'file', paths: ['./src//a.ts'], repository: REPOSITORY });
    await ada.memory.remember({ text: 'folder', paths: ['src/'], tags: ['TS', 'ts', 'x_y'] });
    await ada.memory.remember({ text: 'beside', paths: ['src/a.tsx', 'srcs'], tags: ['xay'] });
    await ada.memory.remember({ text: 'file' });
    const [about] = (await ada.memory.recall({ paths: ['src/a.ts'], query: 'file' })).items;
    expect(about).toMatchObject({ paths: ['src/a.ts'], repository: REPOSITORY, score: 1.5 });
    const near = await ada.memory.recall({ paths: ['src/a.ts'] });
    expect(texts(near).toSorted()).toEqual(['file', 'folder']);
    expect(scores(near)).toEqual([0.5, 0.5]);
    const below = await recalled(ada, { paths: ['src'] });
    expect(below.toSorted()).toEqual(['beside', 'file', 'folder']);
    expect(await recalled(ada, { paths: ['.'] })).toHaveLength(3);
    expect(await recalled(ada, { tags: ['x_y'] })).toEqual(['folder']);
    const tagged = await ada.memory.recall({ tags: ['ts', 'none'] });
    expect(tagged.items).toMatchObject([{ text: 'folder', tags: ['ts', 'x_y'], score: 0.25 }]);
  });

  test('layer, agent and session narrow', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = [await hub.as('Ada'), await hub.as('bob')];
    await ada.memory.remember({ text: 'how', layer: 'procedural' });
    await ada.memory.remember({ text: 'what', session: 's' });
    await bob.memory.remember({ text: 'other' });
    expect(await recalled(bob, { layers: ['procedural'] })).toEqual(['how']);
    expect(await recalled(bob, { layers: ['procedural', 'working'] })).toEqual(['how']);
    expect((await recalled(bob, { agent: 'ada' })).toSorted()).toEqual(['how', 'what']);
    expect(await recalled(bob, { agent: 'ada', session: 's' })).toEqual(['what']);
  });

  test('no more is given than asked for, only whole items, and what is left is told', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    for (const length of [10, 80, 30, 40]) {
      await ada.memory.remember({ text: '𝒙'.repeat(length / 2) });
      await hub.pass(1);
    }
    const found = await ada.memory.recall({ charsMax: 80 });
    expect(found.items.map(({ text }) => text.length)).toEqual([40, 30, 10]);
    expect(found.left).toBe(1);
    expect(await ada.memory.recall({ charsMax: 9 })).toEqual({ items: [], left: 4 });
    expect((await ada.memory.recall({ limit: 1 })).left).toBe(3);
    expect((await ada.memory.recall({ charsMax: 160 })).left).toBe(0);
  });

  test('what cannot be is refused with words that help', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    const long = 'x'.repeat(limits.memoryCharsMax);
    expect((await ada.memory.remember({ text: long })).isNew).toBe(true);
    const paths = Array.from({ length: 3 }, () => 'x'.repeat(limits.memoryPathCharsMax / 2));
    const bad: Promise<unknown>[] = [
      ada.memory.remember({ text: `${long}x` }),
      ada.memory.remember({ text: ' \n' }),
      ada.memory.remember({ text: 'x', paths }),
      ada.memory.remember({ text: 'x', paths: ['../x'] }),
      ada.memory.remember({ text: 'x', tags: ['two words'] }),
      ada.memory.recall({ query: '?!' }),
      ada.memory.recall({ limit: limits.memoryRecallMax + 1 }),
    ];
    for (const call of bad) expect((await refusal(call)).code).toBe('invalid_input');
    expect((await ada.memory.recall({})).items).toHaveLength(1);
  });

  test('its author or a person takes it back, once, and then it can be kept anew', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = [await hub.as('ada'), await hub.as('bob')];
    const person = await hub.as('pat', 'operator');
    const { id } = await ada.memory.remember({ text: 'wrong' });
    expect((await refusal(bob.memory.forget({ id }))).message).toContain('remembered by ada');
    await ada.memory.forget({ id });
    expect((await refusal(ada.memory.forget({ id }))).code).toBe('not_found');
    expect(await recalled(ada, {})).toEqual([]);
    const again = await ada.memory.remember({ text: 'wrong' });
    expect(again.isNew).toBe(true);
    await person.memory.forget({ id: again.id });
    await expect
      .poll(async () => {
        const { items } = await ada.event.list({ filter: { types: ['memory.forgotten'] } });
        return items.map(({ subject, actor, data }) => [subject, actor, data.agent]);
      })
      .toEqual([
        [id, 'ada', 'ada'],
        [again.id, 'pat', 'ada'],
      ]);
  });

  test('what another project remembers is not there', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const { id } = await person.memory.remember({ text: 'theirs' });
    await hub.store.transaction(async (tx) => {
      await tx.run(sql`insert into projects (id) values ('other')`);
      await tx.run(sql`update memories set project = 'other'`);
    });
    expect(await recalled(person, { query: 'theirs' })).toEqual([]);
    expect((await refusal(person.memory.forget({ id }))).code).toBe('not_found');
    expect((await person.memory.remember({ text: 'theirs' })).isNew).toBe(true);
  });
});
