import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { eachEngine, onPostgres, openBareStore, testFolder } from '../../test/support/engines.ts';
import { StoreDamagedError } from './errors.ts';
import { loadMigrations, migrate } from './migrate.ts';
import type { Migration } from './migrate.ts';
import { openEngine } from './open.ts';
import { sql } from './sql.ts';
import { openSqlite } from './sqlite.ts';

const first: Migration = {
  number: 1,
  name: 'first',
  text: "create table a (x integer); insert into a values (1); create table b (y text default ';')",
};
const second: Migration = { number: 2, name: 'second', text: 'insert into a values (2)' };

const loadFolder = (files: Record<string, string>): URL => {
  const folder = testFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return pathToFileURL(`${folder}/`);
};

eachEngine((engine) => {
  test('migrations are applied in order, each once', async () => {
    const { store } = await openBareStore(engine);
    expect(await migrate(store, [first])).toBe(1);
    expect(await migrate(store, [first, second])).toBe(1);
    expect(await migrate(store, [first, second])).toBe(0);
    expect(await store.read.all(sql`select x from a order by x`)).toEqual([{ x: 1 }, { x: 2 }]);
  });

  test('a migration that fails leaves nothing of itself, and those before it stay', async () => {
    const { store } = await openBareStore(engine);
    const broken = {
      ...second,
      text: `${second.text}; create table c (x integer); insert into no`,
    };
    await expect(migrate(store, [first, broken])).rejects.toThrow();
    expect(await store.read.all(sql`select x from a`)).toEqual([{ x: 1 }]);
    expect(await migrate(store, [first, second])).toBe(1);
  });

  test('a migration that was changed after it was applied is refused', async () => {
    const { store } = await openBareStore(engine);
    await migrate(store, [first]);
    const tampered = { ...first, text: `${first.text} ` };
    await expect(migrate(store, [tampered, second])).rejects.toThrow(StoreDamagedError);
    await expect(migrate(store, [tampered])).rejects.toThrow('migration 1 (first) was changed');
    expect(await store.read.all(sql`select x from a`)).toEqual([{ x: 1 }]);
  });

  test('a database from a newer version is refused', async () => {
    const { store } = await openBareStore(engine);
    await migrate(store, [first, second]);
    await expect(migrate(store, [first])).rejects.toThrow(
      'the database has migration 2 (second), which this version does not know',
    );
  });

  test('the real migrations can be applied, and the checks hold', async () => {
    const { store } = await openBareStore(engine);
    const migrations = loadMigrations(store.engine);
    expect(await migrate(store, migrations)).toBe(migrations.length);
    expect(await migrate(store, loadMigrations(store.engine))).toBe(0);
  });
});

onPostgres(() => {
  test('two hubs that start at once apply each migration once', async () => {
    const { options } = await openBareStore('postgres');
    const stores = await Promise.all([1, 2, 3, 4].map(() => openEngine(options)));
    for (const store of stores) onTestFinished(() => store.close());
    const counts = await Promise.all(stores.map((store) => migrate(store, [first, second])));
    expect(counts.reduce((sum, count) => sum + count)).toBe(2);
    const rows = await stores[0]?.read.all(sql`select x from a order by x`);
    expect(rows).toEqual([{ x: 1 }, { x: 2 }]);
  });
});

test('a process killed in the middle of a migration leaves nothing of it', async () => {
  const file = join(testFolder(), 'hub.db');
  const endless = `insert into a with recursive n (i) as
    (select 1 union all select i + 1 from n) select i from n`;
  const program = `
    import { openSqlite } from ${moduleUrl('./sqlite.ts')};
    import { migrate } from ${moduleUrl('./migrate.ts')};
    const [file, first, second] = process.argv.slice(1);
    console.log('begins');
    await migrate(openSqlite({ file }), [JSON.parse(first), JSON.parse(second)]);`;
  const words = [file, JSON.stringify(first), JSON.stringify({ ...second, text: endless })];
  const child = spawn(
    process.execPath,
    ['--input-type=module-typescript', '-e', program, ...words],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  await expect.poll(() => logSize(file), { timeout: 20_000 }).toBeGreaterThan(20_000_000);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const store = openSqlite({ file });
  onTestFinished(() => store.close());
  expect(await store.read.all(sql`select x from a`)).toEqual([{ x: 1 }]);
  expect(await migrate(store, [first, second])).toBe(1);
});

test('of a pair of texts each engine gets its own', () => {
  const folder = loadFolder({
    '0001_same.sql': 'same',
    '0002_pair.sqlite.sql': 'for SQLite',
    '0002_pair.postgres.sql': 'for PostgreSQL',
  });
  expect(loadMigrations('sqlite', folder)).toEqual([
    { number: 1, name: 'same', text: 'same' },
    { number: 2, name: 'pair', text: 'for SQLite' },
  ]);
  expect(loadMigrations('postgres', folder)[1]?.text).toBe('for PostgreSQL');
});

test('a gap, a number given twice and a strange name are refused', () => {
  const wrong = [
    { '0001_a.sql': '', '0003_c.sql': '' },
    { '0001_a.sql': '', '0001_b.sql': '' },
    { '0001_a.sqlite.sql': '' },
    { 'a.sql': '' },
  ];
  for (const files of wrong) expect(() => loadMigrations('postgres', loadFolder(files))).toThrow();
});

test('built, the migrations lie beside their reader', async () => {
  const root = testFolder();
  const source = fileURLToPath(new URL('../../', import.meta.url));
  mkdirSync(join(root, 'dist', 'store'), { recursive: true });
  cpSync(join(source, 'script'), join(root, 'script'), { recursive: true });
  for (const from of [join('src', 'store', 'migrations'), join('src', 'doors', 'docs')]) {
    cpSync(join(source, from), join(root, from), { recursive: true });
  }
  await import(pathToFileURL(join(root, 'script', 'copy-assets.mjs')).href);
  const copied = pathToFileURL(`${join(root, 'dist', 'store', 'migrations')}/`);
  expect(loadMigrations('sqlite', copied)).toEqual(loadMigrations('sqlite'));
});

function moduleUrl(file: string): string {
  return JSON.stringify(new URL(file, import.meta.url).href);
}

function logSize(file: string): number {
  return statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
}
