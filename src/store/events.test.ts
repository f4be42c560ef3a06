import { expect, test } from 'vitest';
import { eachEngine, openTestStore } from '../../test/support/engines.ts';
import { appendEvent, earliestSeq, latestSeq, numberEvents, readEvents } from './events.ts';
import type { NewEvent } from './events.ts';
import { sql } from './sql.ts';

function event(subject: string, project = 'prj_1'): NewEvent {
  return { project, atMs: 5, type: 'test.done', subject, actor: 'ada', audience: null, data: '{}' };
}

eachEngine((engine) => {
  test('events are read back in order, from a cursor on, by project', async () => {
    const { store } = await openTestStore(engine);
    await store.transaction(async (tx) => {
      for (const subject of ['one', 'two', 'three']) await appendEvent(tx, event(subject));
      await appendEvent(tx, event('other', 'prj_2'));
    });
    await numberEvents(store);
    const all = await readEvents(store.read, { afterSeq: 0, limit: 10 });
    expect(all.map(({ seq, subject }) => [seq, subject])).toEqual([
      [1, 'one'],
      [2, 'two'],
      [3, 'three'],
      [4, 'other'],
    ]);
    expect(all[0]).toEqual({ seq: 1, ...event('one') });
    const range = { afterSeq: 1, project: 'prj_1', limit: 1 };
    expect(await readEvents(store.read, range)).toMatchObject([{ seq: 2 }]);
  });

  test('no number is left out or given twice, even when all but the newest were purged', async () => {
    const { store } = await openTestStore(engine);
    expect([await earliestSeq(store), await latestSeq(store)]).toEqual([1, 0]);
    for (let round = 0; round < 3; round++) {
      await store.transaction((tx) => appendEvent(tx, event('kept')));
      await store
        .transaction(async (tx) => {
          await appendEvent(tx, event('undone'));
          throw new Error('undone');
        })
        .catch(() => undefined);
      await numberEvents(store);
    }
    expect([await earliestSeq(store), await latestSeq(store)]).toEqual([1, 3]);
    await store.transaction((tx) => tx.run(sql`delete from events where seq < 3`));
    expect([await earliestSeq(store), await latestSeq(store)]).toEqual([3, 3]);
    await store.transaction((tx) => appendEvent(tx, event('next')));
    await numberEvents(store);
    expect(await readEvents(store.read, { afterSeq: 3, limit: 9 })).toMatchObject([{ seq: 4 }]);
  });
});
