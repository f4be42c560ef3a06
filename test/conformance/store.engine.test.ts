/** What every engine must do alike, whatever stands behind the port. */
import { expect, onTestFinished, test } from 'vitest';
import type { Store } from '../../src/store/db.ts';
import { StoreConstraintError, StoreError } from '../../src/store/errors.ts';
import { appendEvent } from '../../src/store/events.ts';
import { join, raw, sql } from '../../src/store/sql.ts';
import { eachEngine, openBareStore, openTestStore } from '../support/engines.ts';
import type { TestEngine } from '../support/engines.ts';

/** A store with the table `items`. */
async function itemsIn(engine: TestEngine): Promise<Store> {
  const { store } = await openBareStore(engine);
  const bytes = raw(engine === 'postgres' ? 'bytea' : 'blob');
  await store.transaction((tx) =>
    tx.run(sql`create table items (
      id text primary key, amount bigint, part double precision, data ${bytes}, note text unique)`),
  );
  return store;
}

const put = (store: Store, id: string, amount = 1): Promise<number> =>
  store.transaction((tx) =>
    tx.run(sql`insert into items (id, amount) values (${id}, ${amount})
      on conflict (id) do update set amount = excluded.amount`),
  );

const event = {
  project: 'prj_1',
  atMs: 1,
  type: 'x',
  subject: 's',
  actor: 'a',
  audience: null,
  data: '{}',
};

eachEngine((engine) => {
  test('values come back as they were given', async () => {
    const store = await itemsIn(engine);
    const bytes = new Uint8Array([0, 255]);
    const rows = [
      { id: 'plain', amount: 1, part: 0.5, data: null, note: '' },
      { id: 'ünïcödé 🚂', amount: -7, part: -1e-9, data: bytes, note: "'; --" },
      {
        id: '5',
        amount: Number.MAX_SAFE_INTEGER,
        part: 1e300,
        data: new Uint8Array(),
        note: '$1 ?',
      },
      { id: 'none', amount: null, part: null, data: null, note: null },
    ];
    await store.transaction(async (tx) => {
      for (const { id, amount, part, data, note } of rows) {
        await tx.run(sql`insert into items values (${id}, ${amount}, ${part}, ${data}, ${note})`);
      }
    });
    for (const row of rows) {
      const found = await store.read.get(sql`select * from items where id = ${row.id}`);
      expect(found).toEqual(row);
    }
  });

  test('a number too large to be exact is refused when it is read', async () => {
    const store = await itemsIn(engine);
    await store.transaction((tx) =>
      tx.run(sql`insert into items (id, amount) values ('big', 9007199254740993)`),
    );
    await expect(store.read.get(sql`select amount from items`)).rejects.toThrow(StoreError);
  });

  test('a condition reads as 0 or 1, a count and a sum as numbers', async () => {
    const store = await itemsIn(engine);
    await put(store, 'a', 2);
    const found = await store.read.get(sql`select exists (select 1 from items) as some,
      exists (select 1 from items where amount = 3) as other, count(*) as n, sum(amount) as total
      from items`);
    expect(found).toEqual({ some: 1, other: 0, n: 1, total: 2 });
  });

  test('run answers how many rows were changed', async () => {
    const store = await itemsIn(engine);
    const counts = await store.transaction(async (tx) => [
      await tx.run(sql`insert into items (id, amount) values ('a', 1), ('b', 1), ('c', 2)`),
      await tx.run(sql`update items set amount = 5 where amount = ${1}`),
      await tx.run(sql`update items set amount = 6 where id = ${'nobody'}`),
      await tx.run(sql`insert into items (id) values ('a') on conflict do nothing`),
      await tx.run(sql`delete from items where id in (${join(['a', 'c', 'z'])})`),
    ]);
    expect(counts).toEqual([3, 2, 0, 0, 2]);
  });

  test('a write can answer what it wrote', async () => {
    const store = await itemsIn(engine);
    const upsert = (amount: number): Promise<unknown> =>
      store.transaction((tx) =>
        tx.get(sql`insert into items (id, amount) values ('a', ${amount}) on conflict (id)
          do update set amount = items.amount + excluded.amount returning id, amount`),
      );
    expect([await upsert(1), await upsert(2)]).toEqual([
      { id: 'a', amount: 1 },
      { id: 'a', amount: 3 },
    ]);
  });

  test('no row is undefined, and no rows are an empty list', async () => {
    const store = await itemsIn(engine);
    expect(await store.read.get(sql`select id from items`)).toBeUndefined();
    expect(await store.read.all(sql`select id from items`)).toEqual([]);
  });

  test('a work sees what it wrote, and nobody else does before the commit', async () => {
    const store = await itemsIn(engine);
    const count = sql`select count(*) as n from items`;
    const seen: unknown[] = [];
    const outside: Promise<unknown>[] = [];
    await store.transaction(async (tx) => {
      await tx.run(sql`insert into items (id) values ('a')`);
      seen.push(await tx.get(count));
      outside.push(store.read.get(count));
      if (engine === 'postgres') await outside[0];
    });
    expect(seen).toEqual([{ n: 1 }]);
    expect(await store.read.get(count)).toEqual({ n: 1 });
    if (engine !== 'sqlite memory') expect(await outside[0]).toEqual({ n: 0 });
  });

  test('a work that throws wrote nothing', async () => {
    const store = await itemsIn(engine);
    const refused = store.transaction(async (tx) => {
      await tx.run(sql`insert into items (id) values ('a')`);
      throw new Error('changed my mind');
    });
    await expect(refused).rejects.toThrow('changed my mind');
    expect(await store.read.all(sql`select id from items`)).toEqual([]);
  });

  test('a failed statement fails its transaction, also when its error was caught', async () => {
    const store = await itemsIn(engine);
    await put(store, 'a');
    const after: unknown[] = [];
    const swallowed = store.transaction(async (tx) => {
      await tx.run(sql`insert into items (id) values ('b')`);
      await tx.run(sql`insert into items (id) values ('a')`).catch(() => undefined);
      await tx.get(sql`select 1 as one`).catch((error: unknown) => after.push(error));
      return 'fine';
    });
    await expect(swallowed).rejects.toThrow(StoreConstraintError);
    expect(after).toEqual([expect.any(StoreConstraintError)]);
    expect(await store.read.all(sql`select id from items`)).toEqual([{ id: 'a' }]);
  });

  test('a statement that is wrong is named, without its values', async () => {
    const store = await itemsIn(engine);
    const wrong = store.read.get(sql`select secret from items where id = ${'hunter2'}`);
    await expect(wrong).rejects.toThrow(/secret.*\(in: select secret from items where id = /);
    await expect(wrong).rejects.not.toThrow('hunter2');
  });

  test('a handle is of no use after its transaction', async () => {
    const store = await itemsIn(engine);
    const tx = await store.transaction(async (inner) => ({ inner }));
    await expect(tx.inner.run(sql`delete from items`)).rejects.toThrow('this transaction is over');
  });

  test('many writers at once lose nothing', async () => {
    const store = await itemsIn(engine);
    await put(store, 'counter', 0);
    const { forUpdate } = store.dialect;
    const raise = (): Promise<number> =>
      store.transaction(async (tx) => {
        const row = await tx.get<{ amount: number }>(
          sql`select amount from items where id = 'counter' ${forUpdate}`,
        );
        const next = (row?.amount ?? 0) + 1;
        return tx.run(sql`update items set amount = ${next} where id = 'counter'`);
      });
    await Promise.all(Array.from({ length: 100 }, raise));
    expect(await store.read.get(sql`select amount from items`)).toEqual({ amount: 100 });
  });

  test('statements of one work asked for together run one after the other', async () => {
    const store = await itemsIn(engine);
    const warnings: string[] = [];
    const note = ({ message }: Error): void => void warnings.push(message);
    process.on('warning', note);
    onTestFinished(() => void process.off('warning', note));
    const found = await store.transaction(async (tx) => {
      const [, , row] = await Promise.all([
        tx.run(sql`insert into items (id) values ('a')`),
        tx.run(sql`update items set amount = 2`),
        tx.get(sql`select id, amount from items`),
      ]);
      return row;
    });
    expect(found).toEqual({ id: 'a', amount: 2 });
    // The driver of PostgreSQL warns of statements that are sent before the last one is answered.
    expect(warnings).toEqual([]);
  });

  test('fences grow, and no two are the same', async () => {
    const { store } = await openTestStore(engine);
    const take = (): Promise<number | undefined> =>
      store.transaction(
        async (tx) => (await tx.get<{ fence: number }>(tx.dialect.nextFence))?.fence,
      );
    const first = await take();
    const many = await Promise.all(Array.from({ length: 30 }, take));
    const last = await take();
    expect(first).toBe(1);
    expect(new Set([first, ...many, last]).size).toBe(32);
    expect(Math.max(...many.map(Number))).toBeLessThan(Number(last));
  });

  test('listeners are woken after the commit of events, and by nothing else', async () => {
    const { store } = await openTestStore(engine);
    let wakes = 0;
    const end = store.wakeup.onWake(() => wakes++);
    await store.transaction((tx) => tx.run(sql`insert into meta values ('a', 'b')`));
    const undone = store.transaction(async (tx) => {
      await appendEvent(tx, event);
      throw new Error('no');
    });
    await expect(undone).rejects.toThrow('no');
    expect(wakes).toBe(0);
    await store.transaction((tx) => appendEvent(tx, event));
    expect(wakes).toBe(1);
    end();
    await store.transaction((tx) => appendEvent(tx, event));
    expect(wakes).toBe(1);
  });

  test('a group of transactions on SQLite wakes once', async ({ skip }) => {
    if (engine === 'postgres') return skip('it has no groups');
    const { store } = await openTestStore(engine);
    let wakes = 0;
    store.wakeup.onWake(() => wakes++);
    const append = (): Promise<void> => store.transaction((tx) => appendEvent(tx, event));
    await Promise.all(Array.from({ length: 10 }, append));
    expect(wakes).toBe(1);
  });
});
