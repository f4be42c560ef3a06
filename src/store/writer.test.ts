import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { testFolder } from '../../test/support/engines.ts';
import type { EngineStore, Tx } from './db.ts';
import { StoreFullError } from './errors.ts';
import { raw, sql } from './sql.ts';
import { openSqlite } from './sqlite.ts';

interface Setup {
  file: string;
  store: EngineStore;
}

/** A store with one table, `t (a integer, b text)`. */
async function setup(): Promise<Setup> {
  const file = join(testFolder(), 'hub.db');
  const store = openSqlite({ file });
  onTestFinished(() => store.close());
  await store.transaction((tx) => tx.script('create table t (a integer, b text)'));
  return { file, store };
}

const add = (tx: Tx, a: number): Promise<number> => tx.run(sql`insert into t (a) values (${a})`);

async function stored(store: EngineStore): Promise<number[]> {
  const rows = await store.read.all<{ a: number }>(sql`select a from t order by a`);
  return rows.map(({ a }) => a);
}

/**
 * Counts the commits in the log itself: frames that carry the size of the database after a commit.
 */
function commitsInLog(file: string): number {
  const log = readFileSync(`${file}-wal`);
  const frame = 24 + log.readUInt32BE(8);
  let count = 0;
  for (let at = 32; at + frame <= log.length; at += frame)
    if (log.readUInt32BE(at + 4) > 0) count++;
  return count;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

test('what is asked for within one turn is committed once', async () => {
  const { file, store } = await setup();
  const [before, logBefore] = [store.counts(), commitsInLog(file)];
  await Promise.all(range(40).map((a) => store.transaction((tx) => add(tx, a))));
  expect(store.counts().commits - before.commits).toBe(1);
  expect(store.counts().transactions - before.transactions).toBe(40);
  expect(commitsInLog(file) - logBefore).toBe(1);
  expect(await stored(store)).toEqual(range(40));
});

test('a group has a bound, so that a crowd does not hold up the event loop', async () => {
  const { store } = await setup();
  const before = store.counts().commits;
  await Promise.all(range(200).map((a) => store.transaction((tx) => add(tx, a))));
  expect(store.counts().commits - before).toBe(4);
  expect(await stored(store)).toHaveLength(200);
});

test('a refusal undoes its own writes and leaves its neighbours alone', async () => {
  const { store } = await setup();
  const works = range(9).map((a) =>
    store.transaction(async (tx) => {
      await add(tx, a);
      if (a % 3 === 1) throw new Error(`no ${a}`);
      return a;
    }),
  );
  const settled = await Promise.allSettled(works);
  expect(
    settled.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason))),
  ).toEqual([0, 'Error: no 1', 2, 3, 'Error: no 4', 5, 6, 'Error: no 7', 8]);
  expect(await stored(store)).toEqual([0, 2, 3, 5, 6, 8]);
});

test('only who fails with something written makes the others run again', async () => {
  const { store } = await setup();
  const before = store.counts().commits;
  let runs = 0;
  const group = (fail: (tx: Tx) => Promise<unknown>): Promise<unknown> =>
    Promise.allSettled([
      store.transaction((tx) => ((runs += 1), add(tx, 1))),
      store.transaction(async (tx) => {
        await fail(tx);
        throw new Error('no');
      }),
      store.transaction((tx) => add(tx, 2)),
    ]);
  await group((tx) => tx.all(sql`select a from t`));
  expect(runs).toBe(1);
  await group((tx) => add(tx, 3));
  expect(runs).toBe(3);
  await group((tx) => tx.get(sql`insert into t (a) values (4) returning a`));
  expect(runs).toBe(5);
  expect(await stored(store)).toEqual([1, 1, 1, 2, 2, 2]);
  expect(store.counts().commits - before).toBe(3);
});

test('answers and refusals come in the order of asking, and after the commit', async () => {
  const { store } = await setup();
  const before = store.counts().commits;
  const order: string[] = [];
  const note = (name: string) => (): void => {
    order.push(`${name} after ${store.counts().commits - before}`);
  };
  const refuse = (): Promise<never> => Promise.reject(new Error('no'));
  await Promise.all([
    store.transaction((tx) => add(tx, 1)).then(note('first')),
    store.transaction(refuse).catch(note('refused')),
    store.transaction((tx) => add(tx, 2)).then(note('last')),
  ]);
  expect(order).toEqual(['first after 1', 'refused after 1', 'last after 1']);
});

test('a work that throws before it returns a promise is refused like any other', async () => {
  const { store } = await setup();
  const broken = store.transaction(() => {
    throw new Error('at once');
  });
  await expect(broken).rejects.toThrow('at once');
});

test('a work that awaits something foreign is given up, and the others go on', async () => {
  const { store } = await setup();
  let late: Promise<unknown> | undefined;
  const hung = store.transaction(async (tx) => {
    await add(tx, 1);
    await new Promise((resolve) => setTimeout(resolve, 1));
    late = add(tx, 2);
    await late;
  });
  const others = [3, 4].map((a) => store.transaction((tx) => add(tx, a)));
  await expect(hung).rejects.toThrow('awaited something other than its own statements');
  await Promise.all(others);
  await expect.poll(() => late !== undefined).toBe(true);
  await expect(late).rejects.toThrow('this transaction is over');
  expect(await stored(store)).toEqual([3, 4]);
});

test('two works of a group that await something foreign are given up both', async () => {
  const { store } = await setup();
  const never = new Promise<void>(() => undefined);
  const hung = [1, 2].map((a) =>
    store.transaction(async (tx) => {
      await add(tx, a);
      await never;
    }),
  );
  const settled = await Promise.allSettled(hung);
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await stored(store)).toEqual([]);
});

test('a work that reads what is committed from within is told so in memory', async () => {
  const store = openSqlite({ file: ':memory:' });
  onTestFinished(() => store.close());
  const inner = store.transaction(() => store.read.get(sql`select 1 as one`));
  await expect(inner).rejects.toThrow('awaited something other than its own statements');
});

test('in memory, a read waits until the group under way is committed', async () => {
  const store = openSqlite({ file: ':memory:' });
  onTestFinished(() => store.close());
  await store.transaction((tx) => tx.script('create table t (a integer, b text)'));
  const seen: Promise<number[]>[] = [];
  const undone = store.transaction(async (tx) => {
    await add(tx, 1);
    seen.push(stored(store));
    throw new Error('no');
  });
  await expect(undone).rejects.toThrow('no');
  expect(await seen[0]).toEqual([]);
});

test('a statement that ends the transaction from inside is refused', async () => {
  const { store } = await setup();
  const ended = store.transaction(async (tx) => {
    await add(tx, 1);
    await tx.run(sql`rollback`);
  });
  await expect(ended).rejects.toThrow('ended by one of its own statements');
  await store.transaction((tx) => add(tx, 2));
  expect(await stored(store)).toEqual([2]);
});

test('on a full disk those that need room are refused, and it works again with space', async () => {
  const { store } = await setup();
  const limit = (pages: number): Promise<unknown> =>
    store.transaction((tx) => tx.get(raw(`pragma max_page_count = ${pages}`)));
  await store.transaction((tx) => add(tx, 0));
  await limit(4);
  const runs = [0, 0, 0];
  const big = sql`insert into t (a, b) values (${100}, ${'x'.repeat(100_000)})`;
  const group = [
    store.transaction((tx) => ((runs[0] = (runs[0] ?? 0) + 1), add(tx, 1))),
    store.transaction((tx) => ((runs[1] = (runs[1] ?? 0) + 1), add(tx, 2).then(() => tx.run(big)))),
    store.transaction((tx) => ((runs[2] = (runs[2] ?? 0) + 1), add(tx, 3))),
  ];
  const settled = await Promise.allSettled(group);
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  // The error undid the whole group before its third was run, with savepoints again; then each was
  // run alone.
  expect(runs).toEqual([3, 3, 1]);
  await expect(group[1]).rejects.toThrow(StoreFullError);
  expect(await stored(store)).toEqual([0, 1, 3]);
  await limit(1_000_000);
  await store.transaction((tx) => tx.run(big));
  expect(await stored(store)).toEqual([0, 1, 3, 100]);
});

test('any mix of works leaves what a plain model of them leaves', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('add' as const), a: fc.nat(20) }),
    fc.record({ do: fc.constant('drop' as const), a: fc.nat(20) }),
    fc.record({ do: fc.constant('break' as const), a: fc.constant(0) }),
  );
  const work = fc.record({ steps: fc.array(step, { maxLength: 4 }), isRefused: fc.boolean() });
  const groups = fc.array(fc.array(work, { maxLength: 6 }), { maxLength: 4 });
  await fc.assert(
    fc.asyncProperty(groups, async (asked) => {
      const store = openSqlite({ file: ':memory:' });
      await store.transaction((tx) => tx.script('create table t (a integer, b text)'));
      let model: number[] = [];
      for (const group of asked) {
        const answers = group.map(({ steps, isRefused }) =>
          store.transaction(async (tx) => {
            for (const { do: what, a } of steps) {
              if (what === 'add') await add(tx, a);
              else if (what === 'drop') await tx.run(sql`delete from t where a = ${a}`);
              else await tx.run(sql`insert into missing values (1)`).catch(() => undefined);
            }
            if (isRefused) throw new Error('no');
          }),
        );
        const settled = await Promise.allSettled(answers);
        group.forEach(({ steps, isRefused }, index) => {
          const fails = isRefused || steps.some((one) => one.do === 'break');
          expect(settled[index]?.status).toBe(fails ? 'rejected' : 'fulfilled');
          if (fails) return;
          for (const { do: what, a } of steps) {
            model = what === 'add' ? [...model, a] : model.filter((other) => other !== a);
          }
        });
        expect(await stored(store)).toEqual(model.toSorted((x, y) => x - y));
      }
      await store.close();
    }),
    { numRuns: 60 },
  );
});
