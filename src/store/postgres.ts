/**
 * PostgreSQL. The only file that imports `pg`; loaded only by a hub that is told to use it.
 *
 * READ COMMITTED with `synchronous_commit=on`; statements are prepared once per connection under
 * the name of their text. A work that met a serialization failure or a deadlock is run again from
 * the start. A lost connection is a StoreUnavailableError; the pool makes a new one for the next
 * who asks.
 */
import { Client, Pool } from 'pg';
import type { ClientBase, ClientConfig, PoolClient } from 'pg';
import { backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { Db, EngineStore, ScriptTx, StoreCounts } from './db.ts';
import { postgresDialect } from './dialect.ts';
import { StoreUnavailableError } from './errors.ts';
import { configured, PostgresTx, Queries } from './postgres-handles.ts';
import type { QueryAnswer } from './postgres-handles.ts';
import { isWorthRetrying, parserOf, postgresError } from './postgres-text.ts';
import type { Sql } from './sql.ts';
import { ListeningWakeup } from './wakeup.ts';

const CONNECTIONS_MAX = 10;
const CONNECT_MS = 5000;
const RETRIES_MAX = 10;
const RETRY_BACKOFF = { firstMs: 4, mostMs: 500 };
const CHANNEL = 'signalbox';
/** A hub that hangs inside a transaction must not hold its rows for ever. */
const SESSION = `set synchronous_commit = on; set idle_in_transaction_session_timeout = '30s';
  set statement_timeout = '60s'`;

export interface PostgresOptions {
  url: string;
  clock: Clock;
  random: Random;
}

export async function openPostgres(options: PostgresOptions): Promise<EngineStore> {
  const store = new PostgresStore(options);
  try {
    await store.start();
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}

class PostgresStore implements EngineStore {
  readonly engine = 'postgres';
  readonly dialect = postgresDialect;
  readonly wakeup: ListeningWakeup;
  readonly read: Db;
  readonly #counts: StoreCounts = { transactions: 0, commits: 0 };
  readonly #options: PostgresOptions;
  readonly #pool: Pool;
  #isClosed = false;

  constructor(options: PostgresOptions) {
    this.#options = options;
    const config = configOf(options.url);
    // The pool waits for the promise, though its type does not say so.
    const onConnect = prepareClient as (client: ClientBase) => void;
    this.#pool = new Pool({ ...config, max: CONNECTIONS_MAX, onConnect });
    this.#pool.on('error', ignoreLoss);
    const self = Buffer.from(options.random.bytes(8)).toString('hex');
    this.wakeup = new ListeningWakeup({
      ...options,
      listen: (onWake, onLost) => listenOn(config, { self, onWake, onLost }),
      send: async () => void (await this.#pool.query(`notify ${CHANNEL}, '${self}'`)),
    });
    this.read = new Queries((query) => this.#readOne(query));
  }

  async start(): Promise<void> {
    const client = await this.#connect();
    client.release();
    await this.wakeup.start().catch((error: unknown) => {
      throw postgresError(error);
    });
  }

  counts(): StoreCounts {
    return { ...this.#counts };
  }

  async transaction<T>(work: (tx: ScriptTx) => Promise<T>): Promise<T> {
    for (let retry = 1; ; retry++) {
      try {
        return await this.#attempt(work);
      } catch (error) {
        if (!isWorthRetrying(error) || retry > RETRIES_MAX) throw error;
      }
      const { clock, random } = this.#options;
      await clock.sleep(backoffMs(RETRY_BACKOFF, retry, random.fraction()));
    }
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.wakeup.close();
    await this.#pool.end();
  }

  async #attempt<T>(work: (tx: ScriptTx) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    const tx = new PostgresTx(client);
    let isLost = false;
    try {
      await tx.command('begin isolation level read committed');
      const value = await work(tx);
      await tx.commit();
      this.#counts.commits++;
      this.#counts.transactions++;
      if (tx.isWaking) this.wakeup.notify();
      return value;
    } catch (error) {
      isLost = !(await tx.rollback());
      throw tx.failure ?? error;
    } finally {
      tx.end();
      client.release(isLost);
    }
  }

  async #connect(): Promise<PoolClient> {
    if (this.#isClosed) throw new StoreUnavailableError('the store is closed');
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw postgresError(error);
    }
  }

  async #readOne(query: Sql): Promise<QueryAnswer> {
    if (this.#isClosed) throw new StoreUnavailableError('the store is closed');
    try {
      return await this.#pool.query(configured(query));
    } catch (error) {
      throw postgresError(error, query.template.postgres);
    }
  }
}

function configOf(url: string): ClientConfig {
  return {
    connectionString: url,
    application_name: 'signalbox',
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    types: { getTypeParser: parserOf },
  };
}

/** A connection may be lost while a transaction holds it without a statement under way. */
async function prepareClient(client: ClientBase): Promise<void> {
  client.on('error', ignoreLoss);
  await client.query(SESSION);
}

interface ListenEvents {
  /** What this hub's own hints carry: it has already followed them. */
  self: string;
  onWake: () => void;
  onLost: () => void;
}

async function listenOn(config: ClientConfig, on: ListenEvents): Promise<() => Promise<void>> {
  const client = new Client(config);
  client.on('error', ignoreLoss);
  client.on('notification', ({ payload }) => {
    if (payload !== on.self) on.onWake();
  });
  const close = async (): Promise<void> => {
    client.off('end', on.onLost);
    await client.end().catch(ignoreLoss);
  };
  try {
    await client.connect();
    await client.query(`listen ${CHANNEL}`);
    client.on('end', on.onLost);
    return close;
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Nothing to do when a connection is lost: its next statement meets that, or the pool makes a new
 * one.
 */
function ignoreLoss(): void {}
