/** What waits, in numbers, on every engine. */
import { expect, test } from 'vitest';
import { eachEngine } from '../support/engines.ts';
import { begin, openTestHub, worker } from '../support/hub.ts';

const MINUTE_MS = 60_000;

eachEngine((engine) => {
  test('nothing waits where there is nothing', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    expect(await pat.task.waiting()).toEqual({ lanes: [], first: [] });
  });

  test('what waits is counted by lane, with the time since when, and the first are named', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    // PostgreSQL has a clock of its own.
    const { nowMs: startMs } = await pat.hub.status();
    const sinceMs = async (id: string): Promise<number> =>
      (await pat.task.show({ id })).task.availableAtMs;
    const low = await pat.task.submit({ title: 'low', lane: 'low' });
    await hub.pass(MINUTE_MS);
    const one = await pat.task.submit({ title: 'one' });
    await hub.pass(MINUTE_MS);
    const urgent = await pat.task.submit({ title: 'urgent', lane: 'urgent' });
    await pat.task.submit({ title: 'two' });
    await pat.task.submit({ title: 'blocked', after: [one.id] });
    await pat.task.submit({ title: 'later', notBeforeMs: startMs + 10 * MINUTE_MS });
    const { lanes, first } = await pat.task.waiting({ limit: 3 });
    const none = { ready: 0, later: 0, blocked: 0 };
    expect(lanes).toEqual([
      { ...none, lane: 'urgent', ready: 1, sinceMs: await sinceMs(urgent.id) },
      { lane: 'normal', ready: 2, later: 1, blocked: 1, sinceMs: await sinceMs(one.id) },
      { ...none, lane: 'low', ready: 1, sinceMs: await sinceMs(low.id) },
    ]);
    const title = ({ title: text }: { title: string }): string => text;
    expect(first.map(title)).toEqual(['urgent', 'one', 'two']);
    expect(first[0]).toEqual({
      id: urgent.id,
      title: 'urgent',
      lane: 'urgent',
      sinceMs: await sinceMs(urgent.id),
    });
    await pat.task.cancel({ id: low.id });
    await hub.pass(8 * MINUTE_MS);
    const later = await pat.task.waiting({ limit: 20 });
    expect(later.first.map(title)).toEqual(['urgent', 'one', 'two', 'later']);
    expect(later.lanes).toMatchObject([{ lane: 'urgent' }, { lane: 'normal', ready: 3, later: 0 }]);
  });

  test('what is in hand or has failed and waits for its retry is not ready', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    await ada.client.task.submit({ title: 'one' });
    const held = await begin(ada);
    expect(await ada.client.task.waiting()).toEqual({ lanes: [], first: [] });
    await ada.client.task.fail({ ...held, reason: 'no' });
    const { lanes, first } = await ada.client.task.waiting();
    expect(lanes).toEqual([{ lane: 'normal', ready: 0, later: 1, blocked: 0, sinceMs: null }]);
    expect(first).toEqual([]);
  });

  test('tasks that come in one batch go in the order in which they were given', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const titles = Array.from({ length: 12 }, (_, at) => `task ${at}`);
    await pat.batch.submit({ tasks: titles.map((title) => ({ title })) });
    const { first } = await pat.task.waiting({ limit: 20 });
    expect(first.map(({ title }) => title)).toEqual(titles);
    const ada = await worker(hub, 'ada');
    const { task } = await ada.client.task.show({ id: (await begin(ada)).taskId });
    expect(task.title).toBe('task 0');
  });
});
