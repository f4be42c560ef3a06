/** What is remembered, and found again, on every engine. */
import { expect, test } from 'vitest';
import { eachEngine } from '../support/engines.ts';
import { openTestHub, refusal } from '../support/hub.ts';

eachEngine((engine) => {
  test('the same of the same agent within the hour is kept once', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = [await hub.as('ada'), await hub.as('bob')];
    const note = { text: 'Lint first.' };
    const first = await ada.memory.remember(note);
    hub.clock.advance(3_599_999);
    expect(await ada.memory.remember(note)).toEqual({ ...first, isNew: false });
    expect((await bob.memory.remember(note)).isNew).toBe(true);
    expect((await ada.memory.remember({ ...note, layer: 'procedural' })).isNew).toBe(true);
    hub.clock.advance(1);
    expect((await ada.memory.remember(note)).isNew).toBe(true);
  });

  test('what fits best comes first, whole items only, and what is left is counted', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    for (const text of ['parser macros', 'parser', 'lexer', 'parser and macros again']) {
      await ada.memory.remember({ text, tags: [text.includes('macros') ? 'macro' : 'other'] });
      hub.clock.advance(1);
    }
    const texts = async (input: Parameters<typeof ada.memory.recall>[0]): Promise<string[]> =>
      (await ada.memory.recall(input)).items.map(({ text }) => text);
    expect(await texts({ query: 'Parser macros' })).toEqual([
      'parser and macros again',
      'parser macros',
      'parser',
    ]);
    expect(await texts({ tags: ['macro'] })).toHaveLength(2);
    expect(await texts({})).toEqual([
      'parser and macros again',
      'lexer',
      'parser',
      'parser macros',
    ]);
    expect(await ada.memory.recall({ limit: 1 })).toMatchObject({ items: [{}], left: 3 });
    expect((await ada.memory.recall({ charsMax: 24 })).items).toHaveLength(1);
    expect(await texts({ agent: 'bob' })).toEqual([]);
  });

  test('an agent takes back its own, and a person anything', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = [await hub.as('ada'), await hub.as('bob')];
    const pat = await hub.as('pat', 'operator');
    const own = await ada.memory.remember({ text: 'one' });
    const other = await ada.memory.remember({ text: 'two' });
    expect((await refusal(bob.memory.forget({ id: own.id }))).code).toBe('forbidden');
    await ada.memory.forget({ id: own.id });
    await pat.memory.forget({ id: other.id });
    expect((await ada.memory.recall({})).items).toEqual([]);
  });
});
