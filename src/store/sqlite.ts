/**
 * SQLite, through the driver that Node brings. The only file that imports `node:sqlite`.
 *
 * A store on a file holds three connections: the writer, a reader for what is committed, and one
 * that keeps `<file>.lock` locked exclusively, so that a second hub is turned away. The kernel
 * drops that lock with the process, however it ends, so nothing stale is ever left. In memory there
 * is the writer alone, and reads wait until no group is under way.
 *
 * Answered means durable: WAL with `synchronous=FULL` syncs the log at each commit.
 */
import { closeSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { StatementSync } from 'node:sqlite';
import type { EngineStore } from './db.ts';
import { sqliteDialect } from './dialect.ts';
import { StoreDamagedError, StoreError, StoreInUseError, StoreUnavailableError } from './errors.ts';
import { sql } from './sql.ts';
import type { Sql, Template } from './sql.ts';
import { Reader, SharedReader, SqliteTx } from './sqlite-handles.ts';
import type { SyncConnection } from './sqlite-handles.ts';
import { isBusy, parameterCount, sqliteError } from './sqlite-text.ts';
import { localWakeup } from './wakeup.ts';
import { Writer } from './writer.ts';
import type { GroupConnection, GroupTx } from './writer.ts';

/**
 * "SgBx": stands in the header of each of our files, so that no other database is ever written to.
 */
const APPLICATION_ID = 0x53674278;
/** Four thousand pages of 4 KiB: a checkpoint each 16 MiB of log. */
const CHECKPOINT_PAGES = 4000;
/** The page cache, in KiB; it grows as it is used. */
const WRITER_CACHE_KIB = 16 * 1024;
const READER_CACHE_KIB = 4 * 1024;
/** How long to wait, blocking, for a foreign tool that holds the file. */
const BUSY_MS = 2000;

export interface SqliteOptions {
  /** A path, or ':memory:'. */
  file: string;
}

export function openSqlite({ file }: SqliteOptions): EngineStore {
  return file === ':memory:' ? openMemory() : openFile(resolve(file));
}

function openMemory(): EngineStore {
  const connection = new Connection(':memory:');
  connection.configure(WRITER_CACHE_KIB);
  return storeOf(connection);
}

function openFile(file: string): EngineStore {
  const opened: Connection[] = [];
  try {
    const lock = takeFile(file);
    opened.push(lock);
    makePrivate(file);
    const writer = new Connection(file);
    opened.push(writer);
    writer.claim(file);
    writer.configure(WRITER_CACHE_KIB);
    const reader = new Connection(file, true);
    opened.push(reader);
    reader.configure(READER_CACHE_KIB);
    return storeOf(writer, { reader, lock });
  } catch (error) {
    for (const connection of opened.reverse()) connection.close();
    throw error instanceof StoreError ? namedError(error, file) : error;
  }
}

interface FileConnections {
  reader: Connection;
  lock: Connection;
}

function storeOf(connection: Connection, onFile?: FileConnections): EngineStore {
  const wakeup = localWakeup();
  const writer = new Writer(connection, () => wakeup.notify());
  return {
    engine: 'sqlite',
    dialect: sqliteDialect,
    wakeup,
    read: onFile ? new Reader(onFile.reader) : new SharedReader(connection, writer),
    counts: () => ({ ...writer.counts }),
    transaction: (work) => writer.transaction(work),
    async close() {
      await writer.end();
      // The writer after the reader: the last one to leave moves the log into the file.
      onFile?.reader.close();
      connection.close();
      onFile?.lock.close();
    },
  };
}

type Row = Record<string, unknown>;
interface Prepared {
  statement: StatementSync;
  columns: readonly string[];
}

/** One connection with its prepared statements. Everything here is synchronous. */
class Connection implements GroupConnection, SyncConnection {
  readonly #database: DatabaseSync;
  readonly #prepared = new WeakMap<Template, Prepared>();

  constructor(file: string, readOnly = false) {
    try {
      this.#database = new DatabaseSync(file, { readOnly, timeout: BUSY_MS });
    } catch (error) {
      throw sqliteError(error);
    }
  }

  configure(cacheKib: number): void {
    this.script(`pragma foreign_keys = on; pragma synchronous = full; pragma temp_store = memory;
      pragma wal_autocheckpoint = ${CHECKPOINT_PAGES}; pragma cache_size = -${cacheKib}`);
  }

  /** Makes a new file ours, and refuses one that is not. */
  claim(file: string): void {
    const id = this.get<{ application_id: number }>(sql`pragma application_id`)?.application_id;
    const tables = this.get<{ count: number }>(sql`select count(*) as count from sqlite_schema`);
    if (id !== APPLICATION_ID && (id !== 0 || tables?.count !== 0)) {
      throw new StoreDamagedError(`${file} is a database of another program`);
    }
    const mode = this.get<{ journal_mode: string }>(sql`pragma journal_mode = wal`)?.journal_mode;
    if (mode !== 'wal') throw new StoreError(`${file} cannot be used with a write-ahead log`);
    if (id !== APPLICATION_ID) this.script(`pragma application_id = ${APPLICATION_ID}`);
  }

  get<T>(query: Sql): T | undefined {
    try {
      const { statement, columns } = this.#prepare(query.template);
      const cells = statement.get(...query.values) as unknown[] | undefined;
      return cells === undefined ? undefined : (rowOf(columns, cells) as T);
    } catch (error) {
      throw sqliteError(error, query.template.sqlite);
    }
  }

  all<T>(query: Sql): T[] {
    try {
      const { statement, columns } = this.#prepare(query.template);
      const rows = statement.all(...query.values) as unknown[];
      for (let index = 0; index < rows.length; index++) {
        rows[index] = rowOf(columns, rows[index] as unknown[]);
      }
      return rows as T[];
    } catch (error) {
      throw sqliteError(error, query.template.sqlite);
    }
  }

  run(query: Sql): number {
    try {
      return this.#prepare(query.template).statement.run(...query.values).changes as number;
    } catch (error) {
      throw sqliteError(error, query.template.sqlite);
    }
  }

  script(text: string): void {
    try {
      this.#database.exec(text);
    } catch (error) {
      throw sqliteError(error, text);
    }
  }

  get isTransaction(): boolean {
    return this.#database.isTransaction;
  }

  begin(): void {
    this.run(BEGIN);
  }

  savepoint(): void {
    this.run(SAVEPOINT);
  }

  release(): void {
    this.run(RELEASE);
  }

  rollbackTo(): void {
    this.run(ROLLBACK_TO);
    this.run(RELEASE);
  }

  commit(): void {
    this.run(COMMIT);
  }

  rollback(): void {
    this.run(ROLLBACK);
  }

  openTx(): GroupTx {
    return new SqliteTx(this);
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #prepare(template: Template): Prepared {
    const known = this.#prepared.get(template);
    if (known !== undefined) return known;
    const text = template.sqlite;
    if (parameterCount(text) !== template.strings.length - 1) {
      throw new StoreError('a parameter is written by hand: parameters are values in ${}', {
        statement: text,
      });
    }
    const statement = this.#database.prepare(text);
    statement.setReturnArrays(true);
    const columns = statement.columns().map((column) => column.name);
    if (new Set(columns).size < columns.length) {
      throw new StoreError('two columns of the result have the same name', { statement: text });
    }
    const prepared = { statement, columns };
    this.#prepared.set(template, prepared);
    return prepared;
  }
}

const BEGIN = sql`begin immediate`;
const COMMIT = sql`commit`;
const ROLLBACK = sql`rollback`;
const SAVEPOINT = sql`savepoint one`;
const RELEASE = sql`release one`;
const ROLLBACK_TO = sql`rollback to one`;

/** Plain objects: the driver's own have no prototype and are slower to make. */
function rowOf(columns: readonly string[], cells: readonly unknown[]): Row {
  const row: Row = {};
  for (let index = 0; index < columns.length; index++) row[columns[index] as string] = cells[index];
  return row;
}

/** Holds `<file>.lock` until it is closed or the process ends. Nothing is ever written to it. */
function takeFile(file: string): Connection {
  const lock = new Connection(`${file}.lock`);
  try {
    lock.script('pragma busy_timeout = 0; begin exclusive');
    return lock;
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new StoreInUseError(
      `${file} is in use by another hub: stop that one, or give this one another data directory`,
      { cause: error },
    );
  }
}

/** A new file is for its owner's eyes only; SQLite gives its log the same mode. */
function makePrivate(file: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600));
  } catch (error) {
    throw new StoreUnavailableError(String(error), { cause: error });
  }
}

function namedError(error: StoreError, file: string): StoreError {
  if (error.message.includes(file)) return error;
  const Same = error.constructor as typeof StoreError;
  return new Same(`${file}: ${error.message}`, { cause: error });
}
