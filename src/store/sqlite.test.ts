import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { testFolder } from '../../test/support/engines.ts';
import type { EngineStore } from './db.ts';
import { StoreDamagedError, StoreInUseError, StoreUnavailableError } from './errors.ts';
import { sql } from './sql.ts';
import { openSqlite } from './sqlite.ts';

function opened(file: string): EngineStore {
  const store = openSqlite({ file });
  onTestFinished(() => store.close());
  return store;
}

const setting = async (
  store: EngineStore,
  name: 'journal_mode' | 'synchronous',
): Promise<unknown> =>
  store.transaction(async (tx) => {
    const query = name === 'journal_mode' ? sql`pragma journal_mode` : sql`pragma synchronous`;
    return (await tx.get<Record<string, unknown>>(query))?.[name];
  });

test('a file is written with a log that is synced at each commit', async () => {
  const store = opened(joinPath(testFolder(), 'hub.db'));
  expect(await setting(store, 'journal_mode')).toBe('wal');
  expect(await setting(store, 'synchronous')).toBe(2);
});

test('a new file can be read by its owner only', () => {
  const file = joinPath(testFolder(), 'hub.db');
  opened(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(`${file}-wal`).mode & 0o777).toBe(0o600);
});

test('closing finishes what was asked for before, and moves the log into the file', async () => {
  const file = joinPath(testFolder(), 'hub.db');
  const store = openSqlite({ file });
  const made = store.transaction((tx) => tx.script('create table t (a integer)'));
  const added = store.transaction((tx) => tx.run(sql`insert into t values (1)`));
  await store.close();
  await Promise.all([made, added]);
  expect(existsSync(`${file}-wal`)).toBe(false);
  expect(await opened(file).read.all(sql`select a from t`)).toEqual([{ a: 1 }]);
});

test('a closed store says that it is closed', async () => {
  for (const file of [':memory:', joinPath(testFolder(), 'hub.db')]) {
    const store = openSqlite({ file });
    await store.close();
    await store.close();
    const write = store.transaction((tx) => tx.run(sql`select 1`));
    await expect(write).rejects.toThrow('the store is closed');
    await expect(store.read.get(sql`select 1 as one`)).rejects.toThrow('the store is closed');
  }
});

test('a second store on the same file is turned away, until the first is closed', async () => {
  const file = joinPath(testFolder(), 'hub.db');
  const first = opened(file);
  expect(() => openSqlite({ file })).toThrow(StoreInUseError);
  expect(() => openSqlite({ file })).toThrow(`${file} is in use by another hub`);
  await first.transaction((tx) => tx.script('create table t (a integer)'));
  await first.close();
  opened(file);
});

test('a process that was killed keeps nobody out', async () => {
  const file = joinPath(testFolder(), 'hub.db');
  const program = `
    import { openSqlite } from ${JSON.stringify(new URL('./sqlite.ts', import.meta.url).href)};
    openSqlite({ file: ${JSON.stringify(file)} });
    console.log('open');
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  expect(() => openSqlite({ file })).toThrow(StoreInUseError);
  child.kill('SIGKILL');
  await once(child, 'exit');
  opened(file);
});

test('a file that is no database is refused by its name', () => {
  const file = joinPath(testFolder(), 'hub.db');
  writeFileSync(file, 'This is a letter to my grandmother. '.repeat(100));
  expect(() => openSqlite({ file })).toThrow(StoreDamagedError);
  expect(() => openSqlite({ file })).toThrow(file);
  expect(readFileSync(file, 'utf8')).toMatch(/^This is a letter/);
});

test('the database of another program is refused and left alone', async () => {
  const file = joinPath(testFolder(), 'hub.db');
  const foreign = openSqlite({ file });
  await foreign.transaction(async (tx) => {
    await tx.script('create table recipes (name text); pragma application_id = 7');
  });
  await foreign.close();
  const before = readFileSync(file);
  expect(() => openSqlite({ file })).toThrow(`${file} is a database of another program`);
  expect(readFileSync(file).equals(before)).toBe(true);
});

test('a folder that is not there is named', () => {
  const file = joinPath(testFolder(), 'missing', 'hub.db');
  expect(() => openSqlite({ file })).toThrow(StoreUnavailableError);
  expect(() => openSqlite({ file })).toThrow(file);
});

test.skipIf(process.getuid?.() === 0)('a file that may not be written is named', () => {
  const file = joinPath(testFolder(), 'hub.db');
  writeFileSync(file, '');
  chmodSync(file, 0o400);
  expect(() => openSqlite({ file })).toThrow(file);
});

test('a parameter written by hand is refused instead of being NULL', async () => {
  const store = opened(':memory:');
  const byHand = [sql`select ? as a`, sql`select :a as a`, sql`select $1 as a, ${1} as b`];
  for (const query of byHand) {
    await expect(store.read.get(query)).rejects.toThrow('a parameter is written by hand');
  }
  const quoted = sql`select '?' as "a?", ${1} as b -- ? or :x`;
  expect(await store.read.get(quoted)).toEqual({ 'a?': '?', b: 1 });
});

test('two columns of the same name are refused instead of hiding one', async () => {
  const store = opened(':memory:');
  await expect(store.read.get(sql`select 1 as a, 2 as a`)).rejects.toThrow('the same name');
});

test('rows are plain objects', async () => {
  const row = await opened(':memory:').read.get<object>(sql`select 1 as a`);
  expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
});
