/**
 * The port of the database: what the domain may ask for, whichever engine stands behind it.
 *
 * A transaction's work
 * - may be run more than once (serialization failure, deadlock, a group that a full disk undid), so
 *   it has no effect but through its `tx`: no sending, no remembering outside, no counting;
 * - awaits nothing but its own `tx`: anything else would hold up every other writer, and is
 *   refused;
 * - has failed when it throws, and also when one of its statements failed, even if it caught that
 *   error: on PostgreSQL there is no going on after one. Use `on conflict` where a conflict is
 *   expected.
 *
 * What failed wrote nothing. What `transaction` answers, result or refusal, it answers after the
 * commit of its group is on disk.
 */
import type { Dialect } from './dialect.ts';
import type { Sql } from './sql.ts';
import type { Wakeup } from './wakeup.ts';

export interface Db {
  /** The first row, or undefined. The caller vouches for the shape of the row. */
  get<T>(query: Sql): Promise<T | undefined>;
  all<T>(query: Sql): Promise<T[]>;
}

export interface Tx extends Db {
  /** Answers how many rows were changed. */
  run(query: Sql): Promise<number>;
  readonly dialect: Dialect;
  /** Asks that listeners of the store's wakeup are called once this is committed. */
  wakeAfterCommit(): void;
}

export interface StoreCounts {
  /** Transactions answered with success. */
  transactions: number;
  /** Commits made for them: fewer, when many shared one. */
  commits: number;
}

export interface Store {
  readonly engine: 'sqlite' | 'postgres';
  readonly dialect: Dialect;
  readonly wakeup: Wakeup;
  /** What is committed. Not for use inside of a transaction's work. */
  readonly read: Db;
  /** Since the store was opened. */
  counts(): StoreCounts;
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  /** Finishes what was asked for before, then lets go of everything. */
  close(): Promise<void>;
}

/** What only migrations may do: a text of several statements. */
export interface ScriptTx extends Tx {
  script(text: string): Promise<void>;
}

export interface EngineStore extends Store {
  transaction<T>(work: (tx: ScriptTx) => Promise<T>): Promise<T>;
}
