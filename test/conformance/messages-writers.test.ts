/**
 * Many writers at once, some of whose transactions are undone, and readers by cursor all the while:
 * of a mailbox, of a channel, and of the feed of events. No gap and no repeat, whatever commits when.
 */
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { SignalboxError } from '../../src/contract/index.ts';
import { manualClock } from '../../src/core/clock.ts';
import { type Random, seededRandom } from '../../src/core/random.ts';
import type { Store } from '../../src/store/db.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine, onPostgres, openTestStore } from '../support/engines.ts';
import { hubOn, type TestHub } from '../support/hub.ts';
import { inOtherHands } from '../support/wrapped-store.ts';

const WRITERS = 50;
const EACH = 8;
const TOTAL = WRITERS * EACH;

class Undone extends Error {}

/** A store of which one transaction in five is undone when its work is over. */
function undoing(store: Store, random: Random, onUndone: () => void): Store {
  return inOtherHands(store, (work) =>
    store.transaction(async (tx) => {
      const result = await work(tx);
      if (random.fraction() >= 0.2) return result;
      onUndone();
      throw new Undone('undone');
    }),
  );
}

/** Sent until it is answered: what was undone has left nothing behind. */
async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await call();
    } catch (error) {
      const mayRepeat = error instanceof SignalboxError && error.code === 'internal';
      if (!mayRepeat || tries > 100) throw error;
    }
  }
}

interface Read {
  seen: string[];
  cursors: number[];
}

/** Goes on by cursor until everything is there. */
async function follow(page: (after: number) => Promise<Read & { next: number }>): Promise<Read> {
  const all: Read = { seen: [], cursors: [] };
  let after = 0;
  while (all.seen.length < TOTAL) {
    const { seen, cursors, next } = await insist(() => page(after));
    all.seen.push(...seen);
    all.cursors.push(...cursors);
    after = next;
    // A reader that never waits would keep the writers of its process from their turn.
    await setImmediate();
  }
  return all;
}

const readMailbox = (client: Client) =>
  follow(async (after) => {
    const { items, nextCursor: next } = await client.message.read({ after, limit: 7 });
    const seen = items.map(({ message }) => message.text);
    return { seen, cursors: items.map(({ cursor }) => cursor), next };
  });

const readChannel = (client: Client) =>
  follow(async (after) => {
    const { items, nextCursor: next } = await client.channel.read({
      name: 'talk',
      after,
      limit: 7,
    });
    const seen = items.map(({ message }) => message.text);
    return { seen, cursors: items.map(({ cursor }) => cursor), next };
  });

const readFeed = (client: Client) =>
  follow(async (after) => {
    const filter = { types: ['message.stored' as const] };
    const { items, nextCursor: next } = await client.event.list({ after, limit: 7, filter });
    const seen = items.map(({ data }) => data.item?.message.text ?? '');
    return { seen, cursors: items.map(({ data }) => data.item?.cursor ?? 0), next };
  });

async function pushed(client: Client): Promise<Read> {
  const all: Read = { seen: [], cursors: [] };
  const filter = { types: ['message.stored' as const], mine: true };
  const feed = client.subscribe({
    after: 0,
    filter,
    onEvent({ data }) {
      all.seen.push(data.item?.message.text ?? '');
      all.cursors.push(data.item?.cursor ?? 0);
    },
  });
  await expect.poll(() => all.seen.length, { timeout: 60_000 }).toBe(TOTAL);
  feed.close();
  return all;
}

async function write(client: Client, writer: number): Promise<void> {
  for (let count = 0; count < EACH; count++) {
    const text = `${writer}/${count}`;
    const to = { agent: 'bob' };
    await insist(() => client.message.send({ to, text, unknown: 'keep' }));
    await insist(() => client.message.send({ to: { channel: 'talk' }, text }));
  }
}

/** The numbers 1, 2, 3 … in this order, and what each writer wrote in the order it was written. */
function expectWhole({ seen, cursors }: Read): void {
  expect(cursors).toEqual(Array.from({ length: TOTAL }, (_, index) => index + 1));
  expect(new Set(seen).size).toBe(TOTAL);
  for (let writer = 0; writer < WRITERS; writer++) {
    const own = seen.filter((text) => text.startsWith(`${writer}/`));
    expect(own).toEqual(Array.from({ length: EACH }, (_, count) => `${writer}/${count}`));
  }
}

async function run(hubs: TestHub[]): Promise<void> {
  const last = hubs.at(-1);
  if (last === undefined) throw new Error('no hub');
  const bob = await insist(() => last.as('bob'));
  const pat = await insist(() => last.as('pat', 'operator'));
  const writers: Client[] = [];
  for (let index = 0; index < WRITERS; index++) {
    const hub = hubs[index % hubs.length] ?? last;
    writers.push(await insist(() => hub.as(`writer${index}`)));
  }
  const reading = Promise.all([readMailbox(bob), readChannel(pat), readFeed(pat), pushed(bob)]);
  await Promise.all(writers.map(write));
  for (const read of await reading) expectWhole(read);
  const rows = await last.store.read.all<{ open_count: number; last_seq: number }>(
    sql`select open_count, last_seq from mailboxes where key = 'bob'`,
  );
  expect(rows).toEqual([{ open_count: TOTAL, last_seq: TOTAL }]);
}

const NO_DEFECT = { onDefect: () => {} };

eachEngine((engine) => {
  test('fifty writers leave no gap and no repeat', { timeout: 120_000 }, async () => {
    const { store } = await openTestStore(engine);
    const random = seededRandom(5);
    let undone = 0;
    const wrapped = undoing(store, random, () => (undone += 1));
    const hub = await insistOnHub(() => hubOn(wrapped, NO_DEFECT));
    await run([hub]);
    expect(undone).toBeGreaterThan(TOTAL / 5);
  });
});

onPostgres(() => {
  test('fifty writers at two hubs leave no gap and no repeat', { timeout: 120_000 }, async () => {
    const { store, secondHub } = await openTestStore('postgres');
    const clock = manualClock();
    let undone = 0;
    const open = (own: Store, seed: number) => {
      const wrapped = undoing(own, seededRandom(seed), () => (undone += 1));
      return insistOnHub(() => hubOn(wrapped, { ...NO_DEFECT, clock, seed }));
    };
    await run([await open(store, 6), await open(await secondHub(), 7)]);
    expect(undone).toBeGreaterThan(TOTAL / 5);
  });
});

/** Its first transaction may be undone like any other. */
async function insistOnHub(open: () => Promise<TestHub>): Promise<TestHub> {
  for (;;) {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof Undone)) throw error;
    }
  }
}
