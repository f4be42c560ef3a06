/** A task that waits for an event costs nothing until that comes, and is found by it. */
import { expect, test } from 'vitest';
import { limits } from '../../src/contract/index.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine } from '../support/engines.ts';
import {
  begin,
  expectNoMissedMatch,
  handIn,
  inHand,
  openTestHub,
  REPOSITORY,
  type TestHub,
  worker,
} from '../support/hub.ts';

const MINUTE = 60_000;

/** How many transactions the hub makes of itself in these minutes, while nobody says anything. */
async function transactionsIn(hub: TestHub, minutes: number): Promise<number> {
  const before = hub.store.counts().transactions;
  for (let tick = 0; tick < minutes * 4; tick++) await hub.pass(MINUTE / 4);
  return hub.store.counts().transactions - before;
}

eachEngine((engine) => {
  test('a thousand tasks that wait for ten minutes cost no transaction', async () => {
    const idle = await transactionsIn(await openTestHub(engine), 10);
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const first = await pat.task.submit({ title: 'first', lane: 'urgent', needs: ['gpu'] });
    const waiting = { title: 'waiting', lane: 'urgent' as const, needs: ['gpu'] };
    const blocked = { title: 'blocked', after: [first.id] };
    await pat.batch.submit({ tasks: Array.from({ length: 500 }, () => waiting) });
    await pat.batch.submit({ tasks: Array.from({ length: 500 }, () => blocked) });
    // On PostgreSQL the events of the submission may be numbered within the ten minutes.
    expect(await transactionsIn(hub, 10)).toBeLessThanOrEqual(idle + 10);
    const unlooked = await hub.store.read.all(sql`
      select id from tasks where next_check_ms is null or next_check_ms > ${
        (await pat.hub.status()).nowMs + limits.waitingRecheckMs
      }`);
    expect(unlooked, 'each has its clock').toEqual([]);
  }, 60_000);

  test('what has a clock of its own is looked at when that says so', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const { nowMs } = await pat.hub.status();
    const looks = async (id: string): Promise<number> => {
      const row = await hub.store.read.get<{ next_check_ms: number }>(
        sql`select next_check_ms from tasks where id = ${id}`,
      );
      return (row?.next_check_ms ?? 0) - nowMs;
    };
    const rises = await pat.task.submit({ title: 'rises', needs: ['gpu'] });
    const ends = await pat.task.submit({
      title: 'ends',
      needs: ['gpu'],
      deadlineMs: nowMs + 5 * MINUTE,
    });
    const later = await pat.task.submit({ title: 'later', notBeforeMs: nowMs + 2 * MINUTE });
    const urgent = await pat.task.submit({ title: 'urgent', lane: 'urgent', needs: ['gpu'] });
    const near = async (id: string, ms: number): Promise<void> =>
      expect(Math.abs((await looks(id)) - ms)).toBeLessThan(MINUTE / 2);
    await near(rises.id, limits.agingStepMs);
    await near(ends.id, 5 * MINUTE);
    await near(later.id, 2 * MINUTE);
    await near(urgent.id, limits.waitingRecheckMs);
    const ada = await worker(hub, 'ada');
    await hub.pass(2 * MINUTE);
    await ada.client.agent.connect({ capabilities: [] });
    expect((await inHand(ada)).taskId).toBe(later.id);
    await hub.pass(3 * MINUTE);
    expect((await pat.task.show({ id: ends.id })).task.state).toBe('failed');
    await hub.pass(5 * MINUTE);
    await near(rises.id, 2 * limits.agingStepMs);
    await expectNoMissedMatch(pat);
  });

  test('a task that was handed in by its deadline is not looked at all the time', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const { nowMs } = await ada.client.hub.status();
    const order = { title: 'mend', repository: REPOSITORY, deadlineMs: nowMs + MINUTE };
    const { id } = await ada.client.task.submit(order);
    const held = await begin(ada);
    await ada.client.task.complete({ ...held, ...handIn(held) });
    await ada.client.agent.disconnect({ sessionId: ada.sessionId });
    await hub.pass(2 * MINUTE);
    const before = hub.store.counts().transactions;
    for (let tick = 0; tick < 10; tick++) await hub.pass(500);
    expect(hub.store.counts().transactions - before).toBeLessThan(5);
    expect((await ada.client.task.show({ id })).task.state).toBe('verifying');
  });
});
