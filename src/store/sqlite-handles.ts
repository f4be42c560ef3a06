/**
 * What is handed out over an SQLite connection: the handle of a transaction, and the two ways to
 * read.
 */
import type { Db } from './db.ts';
import { sqliteDialect } from './dialect.ts';
import { StoreError } from './errors.ts';
import type { Sql } from './sql.ts';
import type { GroupTx, Writer } from './writer.ts';

/** The driver's connection: everything is done when the call returns. */
export interface SyncConnection {
  get<T>(query: Sql): T | undefined;
  all<T>(query: Sql): T[];
  run(query: Sql): number;
  script(text: string): void;
}

/**
 * One failed statement fails the transaction, as it does on PostgreSQL: nothing comes through after
 * it.
 */
export class SqliteTx implements GroupTx {
  readonly dialect = sqliteDialect;
  failure: Error | undefined = undefined;
  isWaking = false;
  hasWritten = false;
  #connection: SyncConnection | undefined;

  constructor(connection: SyncConnection) {
    this.#connection = connection;
  }

  async get<T>(query: Sql): Promise<T | undefined> {
    try {
      return this.#open(query.template.isReading).get<T>(query);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  async all<T>(query: Sql): Promise<T[]> {
    try {
      return this.#open(query.template.isReading).all<T>(query);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  async run(query: Sql): Promise<number> {
    try {
      return this.#open(false).run(query);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  async script(text: string): Promise<void> {
    try {
      this.#open(false).script(text);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  wakeAfterCommit(): void {
    this.isWaking = true;
  }

  end(): void {
    this.#connection = undefined;
  }

  #open(isReading: boolean): SyncConnection {
    if (this.#connection === undefined) throw new StoreError('this transaction is over');
    if (this.failure !== undefined) throw this.failure;
    if (!isReading) this.hasWritten = true;
    return this.#connection;
  }

  #fail(error: unknown): Error {
    this.failure ??= error instanceof Error ? error : new StoreError(String(error));
    return this.failure;
  }
}

/** Reads over a connection of its own. */
export class Reader implements Db {
  readonly #connection: SyncConnection;

  constructor(connection: SyncConnection) {
    this.#connection = connection;
  }

  async get<T>(query: Sql): Promise<T | undefined> {
    return this.#connection.get<T>(query);
  }

  async all<T>(query: Sql): Promise<T[]> {
    return this.#connection.all<T>(query);
  }
}

/**
 * Reads through the writer's connection, between groups, so that it sees what is committed only.
 */
export class SharedReader implements Db {
  readonly #connection: SyncConnection;
  readonly #writer: Writer;

  constructor(connection: SyncConnection, writer: Writer) {
    this.#connection = connection;
    this.#writer = writer;
  }

  async get<T>(query: Sql): Promise<T | undefined> {
    while (this.#writer.running !== undefined) await this.#writer.running;
    return this.#connection.get<T>(query);
  }

  async all<T>(query: Sql): Promise<T[]> {
    while (this.#writer.running !== undefined) await this.#writer.running;
    return this.#connection.all<T>(query);
  }
}
