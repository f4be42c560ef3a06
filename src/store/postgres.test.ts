import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { asAdmin, onPostgres, openBareStore, openTestStore } from '../../test/support/engines.ts';
import { manualClock, systemClock } from '../core/clock.ts';
import { seededRandom, systemRandom } from '../core/random.ts';
import type { Store, Tx } from './db.ts';
import { StoreUnavailableError } from './errors.ts';
import { openStore } from './open.ts';
import { raw, sql } from './sql.ts';
import { ListeningWakeup } from './wakeup.ts';

/**
 * Two hubs on one database with the table `t (id integer primary key, n integer)`, rows 1 and 2.
 */
async function twoHubs(): Promise<[Store, Store]> {
  const { store, secondHub } = await openTestStore('postgres');
  await store.transaction(async (tx) => {
    await tx.run(sql`create table t (id integer primary key, n integer not null)`);
    await tx.run(sql`insert into t values (1, 0), (2, 0)`);
  });
  return [store, await secondHub()];
}

/** Resolves when everybody who is expected has come. */
function meeting(count: number): () => Promise<void> {
  let missing = count;
  let open: () => void = () => undefined;
  const all = new Promise<void>((resolve) => (open = resolve));
  return () => {
    missing--;
    if (missing === 0) open();
    return all;
  };
}

const raise = (tx: Tx, id: number): Promise<number> =>
  tx.run(sql`update t set n = n + 1 where id = ${id}`);

const ownPid = async (tx: Tx): Promise<number> =>
  (await tx.get<{ pid: number }>(sql`select pg_backend_pid() as pid`))?.pid ?? 0;

onPostgres(() => {
  test('a deadlock is resolved by running one of the works again', async () => {
    const [one, two] = await twoHubs();
    const meet = meeting(2);
    const runs = { one: 0, two: 0 };
    const cross = (store: Store, name: 'one' | 'two', ids: [number, number]): Promise<void> =>
      store.transaction(async (tx) => {
        runs[name]++;
        await raise(tx, ids[0]);
        if (runs[name] === 1) await meet();
        await raise(tx, ids[1]);
      });
    await Promise.all([cross(one, 'one', [1, 2]), cross(two, 'two', [2, 1])]);
    expect(runs.one + runs.two).toBe(3);
    expect(await one.read.all(sql`select n from t order by id`)).toEqual([{ n: 2 }, { n: 2 }]);
  });

  test('a serialization failure is run again, a bounded number of times', async () => {
    const [store] = await twoHubs();
    let runs = 0;
    const failing = (times: number): Promise<number> =>
      store.transaction(async (tx) => {
        await raise(tx, 1);
        if (runs++ < times) {
          await tx.run(sql`do $$ begin raise exception 'again' using errcode = '40001'; end $$`);
        }
        return runs;
      });
    expect(await failing(2)).toBe(3);
    expect(await store.read.get(sql`select n from t where id = 1`)).toEqual({ n: 1 });
    runs = 0;
    await expect(failing(Number.POSITIVE_INFINITY)).rejects.toThrow('again');
    expect(runs).toBe(11);
  });

  test('rows are kept from other writers until the commit, or left out', async () => {
    const [one, two] = await twoHubs();
    const { forUpdate, forUpdateSkipLocked } = one.dialect;
    const left = await one.transaction(async (tx) => {
      await tx.get(sql`select id from t where id = 1 ${forUpdate}`);
      return two.transaction((other) =>
        other.all(sql`select id from t order by id ${forUpdateSkipLocked}`),
      );
    });
    expect(left).toEqual([{ id: 2 }]);
  });

  test('a connection lost in the middle is said clearly, and nothing was written', async () => {
    const [store] = await twoHubs();
    const lost = store.transaction(async (tx) => {
      await raise(tx, 1);
      await asAdmin(`select pg_terminate_backend(${await ownPid(tx)})`);
      await raise(tx, 2);
    });
    await expect(lost).rejects.toThrow(StoreUnavailableError);
    await store.transaction((tx) => raise(tx, 2));
    expect(await store.read.all(sql`select n from t order by id`)).toEqual([{ n: 0 }, { n: 1 }]);
  });

  test('a statement that takes too long is refused, and leaves no transaction open', async () => {
    const [store] = await twoHubs();
    const long = store.transaction(async (tx) => {
      await raise(tx, 1);
      await tx.run(sql`set local statement_timeout = 10`);
      await tx.get(sql`select pg_sleep(10)`);
    });
    await expect(long).rejects.toThrow(StoreUnavailableError);
    for (let round = 0; round < 3; round++) await store.transaction((tx) => raise(tx, 1));
    expect(await store.read.get(sql`select n from t where id = 1`)).toEqual({ n: 3 });
  });

  test('after all connections were lost at once, the next statements find new ones', async () => {
    const [store, other] = await twoHubs();
    await Promise.all([1, 2, 3].map(() => store.read.get(sql`select 1 as one`)));
    let wakes = 0;
    store.wakeup.onWake(() => wakes++);
    const row = await store.read.get<{ own: string }>(sql`select current_database() as own`);
    // Only those of this database: other tests run beside this one on the same server.
    await asAdmin(`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'signalbox' and datname = '${row?.own}'`);
    await expect
      .poll(() => store.read.get(sql`select 1 as one`).catch(() => undefined))
      .toEqual({ one: 1 });
    // The listening connection comes back too, and says so by a hint.
    await expect.poll(() => wakes, { timeout: 10_000 }).toBeGreaterThan(0);
    const before = wakes;
    await expect.poll(() => (other.wakeup.notify(), wakes)).toBeGreaterThan(before);
  });

  test('what one hub has done wakes the other', async () => {
    const [one, two] = await twoHubs();
    const wakes = { one: 0, two: 0 };
    one.wakeup.onWake(() => wakes.one++);
    two.wakeup.onWake(() => wakes.two++);
    await one.transaction(async (tx) => tx.wakeAfterCommit());
    expect(wakes.one).toBe(1);
    await expect.poll(() => wakes.two).toBe(1);
    // Its own hint has come back over the wire too by now, and has not woken it again.
    for (let turn = 0; turn < 20; turn++) await one.read.get(sql`select 1 as one`);
    expect(wakes).toEqual({ one: 1, two: 1 });
    two.wakeup.notify();
    await expect.poll(() => wakes.one).toBe(2);
  });

  test('statements are kept prepared under the name of their text, lists are not', async () => {
    const { store } = await openBareStore('postgres');
    const names = await store.transaction(async (tx) => {
      for (const id of [1, 2]) await tx.get(sql`select ${id}::int as id`);
      await tx.get(sql`select 1 as one where 1 in (${raw('1')}, ${1})`);
      return tx.all<{ text: string }>(sql`select statement as text from pg_prepared_statements`);
    });
    expect(names.map(({ text }) => text).filter((text) => text.includes('::int'))).toHaveLength(1);
  });
});

test('a server that is not there is said clearly, without the password', async () => {
  const options = { clock: systemClock(), random: systemRandom() };
  const closed = openStore({ url: 'postgres://me:hunter2@127.0.0.1:1/none', ...options });
  await expect(closed).rejects.toThrow(StoreUnavailableError);
  await expect(closed).rejects.toThrow('PostgreSQL cannot be reached: connect ECONNREFUSED');
  await expect(closed).rejects.not.toThrow('hunter2');
});

test('a server that is none is said clearly', async () => {
  const server = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  onTestFinished(() => void server.close());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const options = { clock: systemClock(), random: systemRandom() };
  const strange = openStore({ url: `postgres://me@127.0.0.1:${port}/none`, ...options });
  await expect(strange).rejects.toThrow(StoreUnavailableError);
});

test('a lost listening connection is opened again after a while, and that is a hint', async () => {
  const clock = manualClock();
  const lose: (() => void)[] = [];
  let isDown = false;
  const wakeup = new ListeningWakeup({
    listen: async (_onWake, onLost) => {
      if (isDown) throw new Error('down');
      lose.push(onLost);
      return async () => undefined;
    },
    send: async () => undefined,
    clock,
    random: seededRandom(1),
  });
  let wakes = 0;
  wakeup.onWake(() => wakes++);
  await wakeup.start();
  isDown = true;
  lose[0]?.();
  await expect.poll(() => (clock.advance(1000), clock.nowMs())).toBeGreaterThan(0);
  isDown = false;
  await expect.poll(() => (clock.advance(5000), lose.length)).toBe(2);
  await expect.poll(() => wakes).toBe(1);
  lose[1]?.();
  await wakeup.close();
});
