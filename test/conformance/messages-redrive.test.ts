/** A dead letter that is put back is found by every way of reading, on every engine. */
import { expect, test } from 'vitest';
import { eachEngine } from '../support/engines.ts';
import { openTestHub } from '../support/hub.ts';

eachEngine((engine) => {
  test('a dead letter that is put back comes after all that a reader has passed', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = [await hub.as('ada'), await hub.as('bob')];
    const to = { agent: 'bob' };
    const sent = { to, isSignal: true, unknown: 'keep' } as const;
    const { id } = await ada.message.send({ ...sent, text: 'first' });
    await ada.message.send({ ...sent, text: 'second' });
    const { items, nextCursor } = await bob.message.read({});
    const [first, second] = items;
    expect(second?.message.text).toBe('second');
    await bob.message.term({ id, receipt: first?.receipt ?? '', reason: 'no such thing' });
    await bob.message.ack({ ids: [second?.message.id ?? ''] });
    expect((await bob.message.read({})).items).toEqual([]);

    expect(await ada.message.redrive({ id })).toEqual({ count: 1 });
    for (const after of [0, nextCursor]) {
      const page = await bob.message.read({ after });
      expect(page.items.map(({ message }) => message.id)).toEqual([id]);
      expect(page.pending).toBe(1);
    }
    const taken = await bob.message.receive({ limit: 10 });
    expect(taken.items.map(({ message }) => message.text)).toEqual(['first']);
    expect(await bob.message.ack({ ids: [id] })).toEqual({ count: 1 });
    expect((await ada.message.show({ id })).deliveries).toMatchObject([{ state: 'acked' }]);
  });
});
