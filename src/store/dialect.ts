/** The few fragments in which the engines differ. As few as they can be. */
import { raw, sql } from './sql.ts';
import type { Sql } from './sql.ts';

export interface Dialect {
  readonly engine: 'sqlite' | 'postgres';
  /**
   * Ends a select: keeps its rows from other writers until the commit. SQLite has only one writer.
   */
  readonly forUpdate: Sql;
  /** The same, leaving out rows that another writer holds. */
  readonly forUpdateSkipLocked: Sql;
  /** Answers one row `{fence}`: the next value of the one growing sequence of fences. */
  readonly nextFence: Sql;
  /**
   * Answers one row `{seq}`: the number of the newest numbered event, 0 when there never was one.
   */
  readonly latestEventSeq: Sql;
  /**
   * Answers one row `{now_ms}`: the clock that all hubs on one database share; null without one.
   */
  readonly now: Sql | null;
  /** Keeps a second hub from migrating at the same time. */
  readonly lockMigrations: Sql;
}

export const sqliteDialect: Dialect = {
  engine: 'sqlite',
  forUpdate: raw(''),
  forUpdateSkipLocked: raw(''),
  nextFence: sql`update fences set last = last + 1 returning last as fence`,
  latestEventSeq: sql`select coalesce(max(seq), 0) as seq from events`,
  now: null,
  lockMigrations: sql`select 1`,
};

export const postgresDialect: Dialect = {
  engine: 'postgres',
  forUpdate: raw('for update'),
  forUpdateSkipLocked: raw('for update skip locked'),
  nextFence: sql`select nextval('fences') as fence`,
  latestEventSeq: sql`select last as seq from event_numbers`,
  now: sql`select (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms`,
  lockMigrations: sql`select pg_advisory_xact_lock(7244001)`,
};
