/** Opens the store that a hub is told to use, and brings it up to date. */
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { EngineStore, Store } from './db.ts';
import { loadMigrations, migrate } from './migrate.ts';
import { StoreOrderError } from './errors.ts';
import { sql } from './sql.ts';
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
    await refuseOrder(store);
    await migrate(store, loadMigrations(store.engine));
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** Pages go on from ids and paths, which must sort by their bytes, as they do on SQLite. */
async function refuseOrder({ read }: EngineStore): Promise<void> {
  const row = await read.get<{ is_plain: number }>(sql`
    select case when '~' > 'z' and 'a0' > 'a/b' and 'a' > 'B' then 1 else 0 end as is_plain`);
  if (row?.is_plain === 1) return;
  throw new StoreOrderError('this database sorts text by a language, and not by its bytes');
}

/** The store as it is, not migrated. PostgreSQL's driver is loaded only here, when it is used. */
export async function openEngine(options: OpenOptions): Promise<EngineStore> {
  const { url, file, clock, random } = options;
  if (url === undefined) return openSqlite({ file: file ?? ':memory:' });
  const { openPostgres } = await import('./postgres.ts');
  return openPostgres({ url, clock, random });
}
