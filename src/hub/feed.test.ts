/** A feed that lags behind the log: nothing is told twice, and nothing is left out. */
import { expect, test } from 'vitest';
import { openTestStore } from '../../test/support/engines.ts';
import type { Store } from '../store/db.ts';
import { appendEvent } from '../store/events.ts';
import { EventFeed } from './feed.ts';
import { actorOf } from './tokens.ts';

async function append(store: Store, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    await store.transaction((tx) =>
      appendEvent(tx, {
        project: 'default',
        atMs: index,
        type: 'task.queued',
        subject: `tsk_${index}`,
        actor: 'pat',
        audience: null,
        data: '{}',
      }),
    );
  }
}

/** A feed that no hint tells what is new, as beside a hub that has just written. */
async function deafFeed(): Promise<{ store: Store; feed: EventFeed; errors: unknown[] }> {
  const { store } = await openTestStore('sqlite memory');
  const { engine, dialect, read } = store;
  const transaction: Store['transaction'] = (work) => store.transaction(work);
  const wakeup: Store['wakeup'] = { ...store.wakeup, onWake: () => () => {} };
  const counts = () => store.counts();
  const close = () => store.close();
  const deaf: Store = { engine, dialect, read, wakeup, counts, close, transaction };
  await append(store, 1);
  const errors: unknown[] = [];
  const feed = new EventFeed(
    deaf,
    () => {},
    (error) => errors.push(error),
  );
  await feed.open();
  await append(store, 3);
  return { store, feed, errors };
}

async function follow(feed: EventFeed, after: number): Promise<number[]> {
  const seen: number[] = [];
  const actor = actorOf({ name: 'pat', role: 'observer', project: 'default', tokenId: null });
  const deliver = ({ seq }: { seq: number }): boolean => seen.push(seq) > 0;
  await feed.subscribe(actor, { after, filter: {}, credential: {}, deliver, end: () => {} });
  return seen;
}

test('an event that a late reader finds in the log is not told again when it comes live', async () => {
  const { feed, errors } = await deafFeed();
  const seen = await follow(feed, 0);
  await expect.poll(() => seen).toEqual([1]);
  feed.wake();
  await expect.poll(() => seen.length).toBeGreaterThanOrEqual(4);
  await feed.close();
  expect(seen).toEqual([1, 2, 3, 4]);
  expect(errors).toEqual([]);
});

test('a reader whose cursor is ahead of the feed is told only what follows it', async () => {
  const { feed, errors } = await deafFeed();
  const seen = await follow(feed, 3);
  feed.wake();
  await expect.poll(() => seen.at(-1)).toBe(4);
  await feed.close();
  expect(seen).toEqual([4]);
  expect(errors).toEqual([]);
});
