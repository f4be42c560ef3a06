/**
 * The same tests on every engine: SQLite on a file, SQLite in memory, PostgreSQL.
 *
 *   eachEngine((engine) => {
 *     test('a task that was stored can be found', async () => {
 *       const { store } = await openTestStore(engine);
 *     });
 *   });
 *
 * Each store is empty and its own; the test's end closes it and removes what it left.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { describe, inject, onTestFinished } from 'vitest';
import './global-setup.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Clock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import type { Random } from '../../src/core/random.ts';
import type { EngineStore, Store } from '../../src/store/db.ts';
import { openEngine, openStore } from '../../src/store/open.ts';
import type { OpenOptions } from '../../src/store/open.ts';

export type TestEngine = 'sqlite file' | 'sqlite memory' | 'postgres';

/**
 * Declares the tests of `body` once for each engine; those on PostgreSQL are skipped where there is
 * none.
 */
export function eachEngine(body: (engine: TestEngine) => void): void {
  describe('on an SQLite file', () => body('sqlite file'));
  describe('on SQLite in memory', () => body('sqlite memory'));
  onPostgres(() => body('postgres'));
}

/** Tests that only PostgreSQL can run: two hubs, serialization failures. */
export function onPostgres(body: () => void): void {
  describe.skipIf(inject('postgresUrl') === null)('on PostgreSQL', body);
}

export interface TestStore<S extends Store = Store> {
  store: S;
  /** What opens it: for hubs that open their store themselves. */
  options: OpenOptions;
  /** A second hub's store on the same database. Only on PostgreSQL. */
  secondHub: () => Promise<Store>;
}

export interface TestStoreOptions {
  clock?: Clock;
  random?: Random;
}

/** Migrated and empty. Closed at the end of the test; closing it earlier is fine. */
export async function openTestStore(
  engine: TestEngine,
  options: TestStoreOptions = {},
): Promise<TestStore> {
  const place = await testPlace(engine, options);
  const store = await openStore(place);
  closeAfterwards(store);
  return { store, options: place, secondHub: () => secondHub(engine, place) };
}

/** A store without any table. */
export async function openBareStore(engine: TestEngine): Promise<TestStore<EngineStore>> {
  const place = await testPlace(engine);
  const store = await openEngine(place);
  closeAfterwards(store);
  return { store, options: place, secondHub: () => secondHub(engine, place) };
}

/** Where a store can be opened: a fresh file or a fresh database, gone after the test. */
export async function testPlace(
  engine: TestEngine,
  { clock = systemClock(), random = systemRandom() }: TestStoreOptions = {},
): Promise<OpenOptions> {
  switch (engine) {
    case 'sqlite memory':
      return { file: ':memory:', clock, random };
    case 'sqlite file':
      return { file: join(testFolder(), 'hub.db'), clock, random };
    case 'postgres':
      return { url: await freshDatabase(), clock, random };
  }
}

/** An empty folder, gone after the test. */
export function testFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sbx-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function closeAfterwards(store: Store): void {
  onTestFinished(() => store.close());
}

async function secondHub(engine: TestEngine, place: OpenOptions): Promise<Store> {
  if (engine !== 'postgres') throw new Error(`${engine} has room for one hub only`);
  const store = await openStore(place);
  closeAfterwards(store);
  return store;
}

async function freshDatabase(): Promise<string> {
  const name = `test_${systemRandomHex()}`;
  await asAdmin(`create database ${name}`);
  onTestFinished(() => asAdmin(`drop database if exists ${name} with (force)`));
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return url.href;
}

/** Runs one statement beside the stores, as the server's administrator. */
export async function asAdmin(statement: string): Promise<void> {
  const client = new Client(serverUrl());
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

function serverUrl(): string {
  const url = inject('postgresUrl');
  if (url === null) throw new Error('there is no PostgreSQL here');
  return url;
}

function systemRandomHex(): string {
  return Buffer.from(systemRandom().bytes(8)).toString('hex');
}
