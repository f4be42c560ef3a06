/**
 * What is handed out over PostgreSQL connections: the handle of a transaction, and statements by
 * name.
 */
import { createHash } from 'node:crypto';
import type { Db, ScriptTx } from './db.ts';
import { postgresDialect } from './dialect.ts';
import { StoreError, StoreUnavailableError } from './errors.ts';
import { postgresError } from './postgres-text.ts';
import type { Sql, Template } from './sql.ts';

export interface Statement {
  text: string;
  /** Under this name the server keeps it prepared. */
  name?: string;
  values?: unknown[];
}

/** The driver's connection. */
export interface Wire {
  query(statement: Statement): Promise<QueryAnswer>;
}

export interface QueryAnswer {
  rows: unknown[];
  rowCount: number | null;
}

/** `get` and `all` over one way to send a statement. */
export class Queries implements Db {
  protected readonly send: (query: Sql) => Promise<QueryAnswer>;

  constructor(send: (query: Sql) => Promise<QueryAnswer>) {
    this.send = send;
  }

  async get<T>(query: Sql): Promise<T | undefined> {
    return (await this.send(query)).rows[0] as T | undefined;
  }

  async all<T>(query: Sql): Promise<T[]> {
    return (await this.send(query)).rows as T[];
  }
}

export class PostgresTx extends Queries implements ScriptTx {
  readonly dialect = postgresDialect;
  failure: Error | undefined = undefined;
  isWaking = false;
  #client: Wire | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: Wire) {
    super((query) => this.#query(configured(query)));
    this.#client = client;
  }

  async run(query: Sql): Promise<number> {
    return (await this.send(query)).rowCount ?? 0;
  }

  async script(text: string): Promise<void> {
    await this.#query({ text });
  }

  async command(text: string): Promise<void> {
    await this.#query({ text });
  }

  wakeAfterCommit(): void {
    this.isWaking = true;
  }

  async commit(): Promise<void> {
    if (this.failure !== undefined) throw this.failure;
    await this.#query({ text: 'commit' });
  }

  /** False when the connection is of no use any more. */
  async rollback(): Promise<boolean> {
    if (this.failure instanceof StoreUnavailableError) return false;
    await this.#last;
    try {
      await this.#client?.query({ text: 'rollback' });
      return true;
    } catch {
      return false;
    }
  }

  end(): void {
    this.#client = undefined;
  }

  /** One after the other, in the order in which they were asked for. */
  #query(config: Statement): Promise<QueryAnswer> {
    const answer = this.#last.then(() => this.#send(config));
    this.#last = answer.catch(() => undefined);
    return answer;
  }

  async #send(config: Statement): Promise<QueryAnswer> {
    if (this.#client === undefined) throw new StoreError('this transaction is over');
    if (this.failure !== undefined) throw this.failure;
    try {
      return await this.#client.query(config);
    } catch (error) {
      this.failure ??= postgresError(error, config.text);
      throw this.failure;
    }
  }
}

const names = new WeakMap<Template, string>();

/**
 * A text that depends on the length of a list is not kept by the server: there would be too many.
 */
export function configured(query: Sql): Statement {
  const { template } = query;
  const config = { text: template.postgres, values: query.values as unknown[] };
  if (!template.isFixed) return config;
  let name = names.get(template);
  if (name === undefined) {
    name = `s_${createHash('sha256').update(config.text).digest('hex').slice(0, 24)}`;
    names.set(template, name);
  }
  return { ...config, name };
}
