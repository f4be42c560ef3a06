/** The store on a disk that is really full. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { StoreFullError } from '../../src/store/errors.ts';
import { sql } from '../../src/store/sql.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { tinyDisk } from '../support/tiny-disk.ts';

test('a full disk refuses writes, leaves none by half, and takes them again with space', async ({
  skip,
}) => {
  const disk = tinyDisk('1m');
  if (disk === undefined) return skip('a small file system can be mounted only by root');
  const { folder } = disk;
  const store = openSqlite({ file: join(folder, 'hub.db') });
  onTestFinished(() => store.close());
  await store.transaction((tx) => tx.script('create table t (id integer, half integer, b text)'));
  const ballast = join(folder, 'ballast');
  writeFileSync(ballast, Buffer.alloc(300_000));
  const text = 'x'.repeat(3000);
  const write = (id: number): Promise<number> =>
    store.transaction(async (tx) => {
      await tx.run(sql`insert into t values (${id}, 1, ${text})`);
      await tx.run(sql`insert into t values (${id}, 2, ${text})`);
      return id;
    });
  const answered: number[] = [];
  const refusals: unknown[] = [];
  for (let id = 0; id < 400; id += 4) {
    const group = [id, id + 1, id + 2, id + 3].map((one) => write(one));
    for (const one of await Promise.allSettled(group)) {
      if (one.status === 'fulfilled') answered.push(one.value);
      else refusals.push(one.reason);
    }
  }
  expect(answered.length).toBeGreaterThan(0);
  expect(refusals.length).toBeGreaterThan(0);
  expect(refusals.filter((error) => !(error instanceof StoreFullError))).toEqual([]);
  rmSync(ballast);
  answered.push(await write(1000));
  const rows = await store.read.all<{ id: number; halves: number }>(
    sql`select id, count(*) as halves from t group by id order by id`,
  );
  expect(rows).toEqual(answered.map((id) => ({ id, halves: 2 })));
});
