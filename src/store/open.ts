/** Opens the store that a hub is told to use, and brings it up to date. */
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { EngineStore, Store } from './db.ts';
import { loadMigrations, migrate } from './migrate.ts';
import { openSqlite } from './sqlite.ts';

export interface OpenOptions {
  /** postgres://… or postgresql://…; without it, SQLite is used. */
  url?: string;
  /** Where SQLite keeps its file; ':memory:' when left out. */
  file?: string;
  clock: Clock;
  random: Random;
}

export async function openStore(options: OpenOptions): Promise<Store> {
  const store = await openEngine(options);
  try {
    await migrate(store, loadMigrations(store.engine));
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** The store as it is, not migrated. PostgreSQL's driver is loaded only here, when it is used. */
export async function openEngine(options: OpenOptions): Promise<EngineStore> {
  const { url, file, clock, random } = options;
  if (url === undefined) return openSqlite({ file: file ?? ':memory:' });
  const { openPostgres } = await import('./postgres.ts');
  return openPostgres({ url, clock, random });
}
