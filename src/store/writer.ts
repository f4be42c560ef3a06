/**
 * The one writer of an SQLite store: transactions that were asked for within one turn of the event
 * loop are committed together, so that one fsync serves them all.
 *
 *   BEGIN IMMEDIATE; work…; COMMIT; then settle every promise
 *
 * Invariants
 * - No promise of a group settles before its COMMIT is on disk, refusals included: a refusal may
 *   speak of what a neighbour in its group wrote.
 * - Works run one after the other and only by microtasks, as the driver is synchronous. So a work
 *   that is pending when no microtask is left waits for something foreign, and is given up.
 * - A work that fails leaves nothing. Most of those that fail have written nothing yet; where one
 *   has, the group is undone and run again with a savepoint around each work. To have them at once
 *   would cost each work a copy of every page that it changes, nearly half of its time.
 * - An error such as a full disk may end the whole transaction, savepoints included. Then the group
 *   is run again, each work in a transaction of its own, and only those that fail then are refused.
 */
import type { ScriptTx } from './db.ts';
import { StoreError, StoreUnavailableError } from './errors.ts';

/** More would hold up the event loop for too long at once. */
const GROUP_MAX = 64;
/** After a group of so many, the next one waits a turn for what is on its way: see `#schedule`. */
const BUSY_GROUP = 8;
/** A backlog that no hub works off in a sensible time. */
const QUEUE_MAX = 20_000;

/**
 * A transaction as the writer sees it: what its work was given, and what became of its statements.
 */
export interface GroupTx extends ScriptTx {
  readonly failure: Error | undefined;
  readonly isWaking: boolean;
  readonly hasWritten: boolean;
  /** No statement comes through any more. */
  end(): void;
}

/** The connection, as far as the writer needs it. All of it is synchronous. */
export interface GroupConnection {
  readonly isTransaction: boolean;
  begin(): void;
  savepoint(): void;
  release(): void;
  rollbackTo(): void;
  commit(): void;
  rollback(): void;
  openTx(): GroupTx;
}

type Work = (tx: ScriptTx) => Promise<unknown>;
/** By what a work can be undone: with all of its group, its savepoint, its own transaction. */
type Undo = 'group' | 'savepoint' | 'alone';
type Outcome = { value: unknown; isWaking: boolean } | { error: unknown };
interface Job {
  work: Work;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

export class Writer {
  readonly counts = { transactions: 0, commits: 0 };
  readonly #connection: GroupConnection;
  readonly #wake: () => void;
  #queue: Job[] = [];
  #isScheduled = false;
  #lastSize = 0;
  #isClosed = false;
  #giveUp: (() => void) | undefined = undefined;
  #running: Promise<void> | undefined = undefined;

  constructor(connection: GroupConnection, wake: () => void) {
    this.#connection = connection;
    this.#wake = wake;
  }

  transaction<T>(work: (tx: ScriptTx) => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new StoreUnavailableError('the store is closed'));
    if (this.#queue.length >= QUEUE_MAX) {
      return Promise.reject(new StoreUnavailableError('too many transactions are waiting'));
    }
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, resolve: resolve as Job['resolve'], reject });
      this.#schedule();
    });
  }

  /** Set while a group is under way: what it wrote may still be undone. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  /** Takes no more, and resolves when what was asked for before is done. */
  async end(): Promise<void> {
    this.#isClosed = true;
    while (this.#queue.length > 0 || this.#running !== undefined) await this.#runGroup();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const run = (): void => {
      this.#isScheduled = false;
      void this.#runGroup();
    };
    // Under load the answers to the last group bring the next requests one turn later, and a commit
    // costs the same for all of them. Who is alone is never made to wait.
    setImmediate(() => (this.#lastSize >= BUSY_GROUP ? setImmediate(run) : run()));
  }

  #runGroup(): Promise<void> {
    if (this.#running !== undefined) return this.#running;
    if (this.#queue.length === 0) return Promise.resolve();
    const group = this.#queue.splice(0, GROUP_MAX);
    this.#lastSize = group.length;
    // Begun one microtask later, so that the first work already finds the group under way.
    this.#running = Promise.resolve()
      .then(() => this.#commitGroup(group))
      .finally(() => {
        this.#running = undefined;
        if (this.#queue.length > 0) this.#schedule();
      });
    return this.#running;
  }

  /**
   * A tick that is asked for by a microtask comes when no microtask is left. A work that is pending
   * then waits for something else; it is given up, and the rest of the group is watched in the same
   * way.
   */
  #watch(): void {
    process.nextTick(() => {
      if (this.#giveUp === undefined) return;
      this.#giveUp();
      queueMicrotask(() => this.#watch());
    });
  }

  async #commitGroup(group: Job[]): Promise<void> {
    this.#watch();
    const outcomes =
      (await this.#attempt(group, group.length === 1 ? 'alone' : 'group')) ??
      (await this.#attempt(group, 'savepoint')) ??
      (await this.#attemptEach(group));
    // Before the answers: who is told of something waits for it, who is answered goes on anyway.
    if (outcomes.some((outcome) => 'value' in outcome && outcome.isWaking)) this.#wake();
    for (const [index, outcome] of outcomes.entries()) {
      const job = group[index];
      if ('error' in outcome) job?.reject(outcome.error);
      else job?.resolve(outcome.value);
      if ('value' in outcome) this.counts.transactions++;
    }
  }

  async #attemptEach(group: readonly Job[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const job of group) outcomes.push(...((await this.#attempt([job], 'alone')) ?? []));
    return outcomes;
  }

  /** Undefined: the whole transaction was undone, and it is worth trying with smaller ones. */
  async #attempt(group: readonly Job[], undo: Undo): Promise<Outcome[] | undefined> {
    const outcomes: Outcome[] = [];
    try {
      this.#connection.begin();
    } catch (error) {
      return group.map(() => ({ error }));
    }
    try {
      for (const job of group) {
        const outcome = await this.#runOne(job, undo);
        outcomes.push(outcome);
        if (this.#connection.isTransaction) continue;
        return undo === 'alone' ? outcomes : undefined;
      }
      this.#connection.commit();
      this.counts.commits++;
      return outcomes;
    } catch (error) {
      if (this.#connection.isTransaction) this.#connection.rollback();
      return undo === 'alone' ? [{ error }] : undefined;
    }
  }

  /** The transaction goes on after it, unless that had to be undone. */
  async #runOne(job: Job, undo: Undo): Promise<Outcome> {
    const connection = this.#connection;
    if (undo === 'savepoint') connection.savepoint();
    const tx = connection.openTx();
    const outcome = await this.#settled(job.work, tx);
    tx.end();
    if (!connection.isTransaction) return 'error' in outcome ? outcome : { error: ENDED_INSIDE };
    const isDone = 'value' in outcome;
    if (undo === 'savepoint') {
      if (isDone) connection.release();
      else connection.rollbackTo();
    } else if (!isDone && tx.hasWritten) connection.rollback();
    return outcome;
  }

  async #settled(work: Work, tx: GroupTx): Promise<Outcome> {
    const outcome = await new Promise<Outcome>((settle) => {
      this.#giveUp = () => settle({ error: new StoreError(FOREIGN_AWAIT) });
      started(work, tx).then(
        (value) => settle({ value, isWaking: tx.isWaking }),
        (error: unknown) => settle({ error }),
      );
    });
    this.#giveUp = undefined;
    return tx.failure === undefined ? outcome : { error: tx.failure };
  }
}

function started(work: Work, tx: GroupTx): Promise<unknown> {
  try {
    return work(tx);
  } catch (error) {
    return Promise.reject(error);
  }
}

const FOREIGN_AWAIT =
  'a transaction awaited something other than its own statements; it was undone. ' +
  'Do that before or after the transaction';
const ENDED_INSIDE = new StoreError('a transaction was ended by one of its own statements');
