/** Large mailboxes: what a page costs does not grow with what lies around it. */
import { expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import type { Store } from '../../src/store/db.ts';
import { eachEngine, openTestStore, type TestEngine } from '../support/engines.ts';
import { hubOn } from '../support/hub.ts';
import { fillMailbox } from '../support/mailbox.ts';
import { planLines, rowsRead, watch } from '../support/plans.ts';

const UNREAD = 100_000;
/** A hand-out looks at 1,000 with their messages, and as many are counted. */
const ROWS_MAX = 5_000;

/** What waits lies in an index that holds nothing else; of the rest only rows by their key. */
const NARROW = [/INDEX deliveries_(open|by_type) /, /[( ](id|seq|message_id)=\?/];
const OF_MAILBOX = /^(SCAN|SEARCH) (d|deliveries|m|messages)\b/;

interface Mailbox {
  store: Store;
  ada: Client;
  pat: Client;
  /** What the call asks of the store must not grow with what lies around its answer. */
  expectFew: (call: () => Promise<unknown>, what: string) => Promise<void>;
}

async function mailbox(engine: TestEngine): Promise<Mailbox> {
  const { store } = await openTestStore(engine);
  const { watched, asked } = watch(store);
  const { as } = await hubOn(watched);
  return {
    store,
    ada: await as('ada'),
    pat: await as('pat'),
    async expectFew(call, what) {
      asked();
      await call();
      const statements = asked();
      if (store.engine === 'postgres') {
        return expect(await rowsRead(store, statements), what).toBeLessThan(ROWS_MAX);
      }
      const lines = (await planLines(store, statements)).filter((line) => OF_MAILBOX.test(line));
      expect(lines.length, what).toBeGreaterThan(0);
      expect(
        lines.filter((line) => !NARROW.some((form) => form.test(line))),
        what,
      ).toEqual([]);
      // To find the few of one type among all that waits, its index is entered by the type.
      const isOfType = (line: string): boolean => line.includes('type=? AND seq>?');
      if (what.includes('type')) expect(lines.filter(isOfType), what).toHaveLength(1);
    },
  };
}

async function expectFewOfAll({ ada, expectFew }: Mailbox): Promise<void> {
  const middle = { after: UNREAD / 2, limit: 50 };
  const calls: [string, () => Promise<unknown>][] = [
    ['the first page', () => ada.message.read()],
    ['a page in the middle', () => ada.message.read(middle)],
    ['a page of a rare type', () => ada.message.read({ types: ['RARE'] })],
    ['a page of no type there is', () => ada.message.read({ types: ['NONE'] })],
    ['a hand-out', () => ada.message.receive({ limit: 10 })],
    ['a hand-out of a rare type', () => ada.message.receive({ limit: 1, types: ['RARE'] })],
  ];
  for (const [what, call] of calls) await expectFew(call, what);
}

eachEngine((engine) => {
  test('a page of 100,000 unread looks at few of them', { timeout: 120_000 }, async () => {
    const box = await mailbox(engine);
    await fillMailbox(box.store, { count: UNREAD, rareEvery: 20_000 });
    const { items, pending, nextCursor } = await box.ada.message.read();
    expect(items).toHaveLength(50);
    expect(nextCursor).toBe(50);
    expect(pending).toBe(1_000);
    expect((await box.ada.message.read({ types: ['RARE'] })).items).toHaveLength(5);
    await expectFewOfAll(box);
  });

  test(
    'one letter that is never acknowledged lets nobody look at those that are',
    { timeout: 120_000 },
    async () => {
      const box = await mailbox(engine);
      const { ada, pat, store, expectFew } = box;
      const { id } = await pat.message.send({ to: { agent: 'ada' }, text: 'keep this' });
      await fillMailbox(store, { count: UNREAD, state: 'acked' });
      await fillMailbox(store, { count: 10, rareEvery: 5 });
      expect((await ada.message.read()).items.map(({ message }) => message.id)).toContain(id);
      await expectFewOfAll(box);
      const read = () => ada.message.read();
      await expectFew(async () => {
        await pat.message.send({ to: { agent: 'ada' }, text: 'more' });
        await read();
      }, 'sending');
      const ack = async () => ada.message.ack({ upTo: (await read()).nextCursor });
      await expectFew(ack, 'acknowledging');
    },
  );
});
