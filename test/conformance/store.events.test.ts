/**
 * No reader by cursor ever misses or repeats an event, while many writers commit at once, some
 * slowly, some not at all, through one hub or two.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import type { Store } from '../../src/store/db.ts';
import { appendEvent, latestSeq, numberEvents, readEvents } from '../../src/store/events.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine, openTestStore } from '../support/engines.ts';

const WRITERS = 50;
const TRANSACTIONS = 12;

interface Reader {
  seen: { seq: number; subject: string }[];
  finish(): Promise<void>;
}

/** Follows the feed by its own cursor, as a hub does: number, then read, at each turn. */
function follow(store: Store): Reader {
  const seen: Reader['seen'] = [];
  let isLast = false;
  const run = (async () => {
    for (;;) {
      const wasLast = isLast;
      await numberEvents(store);
      const range = { afterSeq: seen.at(-1)?.seq ?? 0, limit: 100 };
      const events = await readEvents(store.read, range);
      seen.push(...events.map(({ seq, subject }) => ({ seq, subject })));
      if (wasLast && events.length === 0) return;
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  return {
    seen,
    finish: () => {
      isLast = true;
      return run;
    },
  };
}

/** Answers the subjects of the events that were committed. */
async function write(store: Store, writer: number): Promise<string[]> {
  const random = seededRandom(writer);
  const committed: string[] = [];
  for (let index = 0; index < TRANSACTIONS; index++) {
    const subjects = Array.from(
      { length: 1 + Math.floor(random.fraction() * 3) },
      (_, event) => `${writer}-${index}-${event}`,
    );
    const [isUndone, isSlow] = [random.fraction() < 0.2, random.fraction() < 0.3];
    const work = store.transaction(async (tx) => {
      for (const subject of subjects) {
        await appendEvent(tx, {
          project: `prj_${writer % 3}`,
          atMs: index,
          type: 'test.done',
          subject,
          actor: 'ada',
          audience: null,
          data: '{}',
        });
      }
      // Holds its events back, so that later ones are committed before them.
      if (isSlow && store.engine === 'postgres') await tx.get(sql`select pg_sleep(0.02)`);
      if (isUndone) throw new Error('undone');
    });
    const isCommitted = await work.then(
      () => true,
      () => false,
    );
    if (isCommitted) committed.push(...subjects);
  }
  return committed;
}

eachEngine((engine) => {
  test('readers see every committed event once, in one order', { timeout: 60_000 }, async () => {
    const { store, secondHub } = await openTestStore(engine);
    const hubs = engine === 'postgres' ? [store, await secondHub()] : [store];
    const readers = [...hubs, ...hubs].map((hub) => follow(hub));
    const writers = Array.from({ length: WRITERS }, (_, writer) => {
      const hub = hubs[writer % hubs.length] ?? store;
      return write(hub, writer);
    });
    const committed = (await Promise.all(writers)).flat();
    await Promise.all(readers.map((reader) => reader.finish()));
    const [first] = readers;
    expect(first?.seen.map(({ seq }) => seq)).toEqual(committed.map((_, index) => index + 1));
    expect(first?.seen.map(({ subject }) => subject).toSorted()).toEqual(committed.toSorted());
    for (const { seen } of readers) expect(seen).toEqual(first?.seen);
    expect(await latestSeq(store)).toBe(committed.length);
  });

  test('a long standstill of numbering is caught up in several turns', async () => {
    const { store } = await openTestStore(engine);
    await store.transaction(async (tx) => {
      const event = { project: 'prj_1', atMs: 1, type: 'x', subject: 's', actor: 'a', data: '{}' };
      for (let index = 0; index < 2500; index++)
        await appendEvent(tx, { ...event, audience: null });
    });
    await numberEvents(store);
    expect(await latestSeq(store)).toBe(2500);
    const count = await store.read.get(
      sql`select count(distinct seq) as n, min(seq) as first from events`,
    );
    expect(count).toEqual({ n: 2500, first: 1 });
  });
});
