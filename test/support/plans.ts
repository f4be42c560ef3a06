/**
 * What the statements of a call look at, told by the engine and not by a clock: a busy machine
 * makes a good statement slow, and a quick one makes a bad statement fast.
 *
 *   const { store } = await openTestStore(engine);
 *   const { watched, asked } = watch(store);
 *   const ada = await (await hubOn(watched)).as('ada');
 *   await ada.message.read();
 *   expect(await rowsRead(store, asked())).toBeLessThan(5_000);
 */
import { z } from 'zod';
import type { Db, Store, Tx } from '../../src/store/db.ts';
import { type Sql, sql } from '../../src/store/sql.ts';

export interface Watched {
  watched: Store;
  /** The statements since the last time that this was asked. */
  asked: () => Sql[];
}

export function watch(store: Store): Watched {
  let statements: Sql[] = [];
  const seen = (query: Sql): Sql => {
    statements.push(query);
    return query;
  };
  const reading = (db: Db): Db => ({
    get: (query) => db.get(seen(query)),
    all: (query) => db.all(seen(query)),
  });
  const writing = (tx: Tx): Tx => ({
    ...reading(tx),
    run: (query) => tx.run(seen(query)),
    dialect: tx.dialect,
    wakeAfterCommit: () => tx.wakeAfterCommit(),
  });
  const watched: Store = {
    engine: store.engine,
    dialect: store.dialect,
    wakeup: store.wakeup,
    read: reading(store.read),
    counts: () => store.counts(),
    transaction: (work) => store.transaction((tx) => work(writing(tx))),
    close: () => store.close(),
  };
  return {
    watched,
    asked() {
      const all = statements;
      statements = [];
      return all;
    },
  };
}

/** The lines of SQLite's plans: each names a table, an index and what is looked up in it. */
export async function planLines(store: Store, statements: readonly Sql[]): Promise<string[]> {
  const lines: string[] = [];
  for (const statement of statements) {
    const rows = await store.read.all<{ detail: string }>(sql`explain query plan ${statement}`);
    lines.push(...rows.map(({ detail }) => detail));
  }
  return lines;
}

/** How many rows PostgreSQL read from tables for those statements that change nothing. */
export async function rowsRead(store: Store, statements: readonly Sql[]): Promise<number> {
  let count = 0;
  for (const statement of statements.filter(({ template }) => template.isReading)) {
    const explain = sql`explain (analyze, format json) ${statement}`;
    const rows = await store.transaction((tx) => tx.all<{ 'QUERY PLAN': string }>(explain));
    const [plan] = Plans.parse(JSON.parse(rows[0]?.['QUERY PLAN'] ?? ''));
    count += rowsOf(plan.Plan);
  }
  return count;
}

const Rows = z.number().default(0);
const Node = z.object({
  'Relation Name': z.string().optional(),
  'Actual Rows': z.number(),
  'Actual Loops': z.number(),
  'Rows Removed by Filter': Rows,
  'Rows Removed by Index Recheck': Rows,
  get Plans() {
    return z.array(Node).default([]);
  },
});
const Plans = z.tuple([z.object({ Plan: Node })]);

/** Those that a filter threw away were read too. */
function rowsOf(node: z.infer<typeof Node>): number {
  const { 'Actual Rows': kept, 'Actual Loops': loops, 'Relation Name': table } = node;
  const thrown = node['Rows Removed by Filter'] + node['Rows Removed by Index Recheck'];
  const own = table === undefined ? 0 : (kept + thrown) * loops;
  return node.Plans.reduce((sum, inner) => sum + rowsOf(inner), own);
}
