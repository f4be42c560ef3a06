/** What bounds webhooks, and what becomes of their deliveries when hubs come and go. */
import { expect, test } from 'vitest';
import { limits } from '../../src/contract/index.ts';
import { manualClock } from '../../src/core/clock.ts';
import { ok, openReceiver, status } from '../../src/outbound/fixture.ts';
import { appendEvent } from '../../src/store/events.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine, onPostgres, openTestStore } from '../support/engines.ts';
import { hubOn, refusal, reopen } from '../support/hub.ts';
import {
  add,
  FOREVER,
  idsOf,
  only,
  scene,
  stateOf,
  submit,
  tried,
  until,
  webhookAllow,
} from '../support/webhooks.ts';

eachEngine((engine) => {
  test('only so many tests run at once', async () => {
    const at = await scene(engine);
    at.receiver.reply(FOREVER);
    const { id } = await add(at);
    const running = Array.from({ length: limits.webhookTestsMax }, () =>
      at.person.webhook.test({ id }),
    );
    await expect.poll(() => at.receiver.received.length).toBe(limits.webhookTestsMax);
    const { code, retryAfterMs } = await refusal(at.person.webhook.test({ id }));
    expect([code, retryAfterMs]).toEqual(['rate_limited', 1_000]);
    at.hub.clock.advance(limits.webhookTimeoutMs);
    for (const { reason } of await Promise.all(running))
      expect(reason).toBe('no answer within 10 s');
  });

  test('a receiver that hangs holds up itself and nobody else', async () => {
    const at = await scene(engine);
    const slow = await openReceiver(FOREVER);
    await add({ ...at, receiver: slow });
    const { id } = await add(at);
    const count = 3 * limits.webhookSendsPerHookMax;
    for (let n = 0; n < count; n++) await submit(at);
    await until(
      at.hub,
      async () =>
        (await at.person.webhook.deliveries({ id, state: 'delivered' })).items.length === count,
    );
    expect(slow.received).toHaveLength(limits.webhookSendsPerHookMax);
  });

  test('what was removed sends nothing, and its deliveries go', async () => {
    const at = await scene(engine);
    at.receiver.reply(status(500));
    const { id } = await add(at);
    await submit(at);
    const { id: deliveryId } = await tried(at, id, 1);
    await at.person.webhook.remove({ id });
    expect((await refusal(at.person.webhook.redrive({ id: deliveryId }))).code).toBe('not_found');
    await at.hub.pass(60_000);
    expect(at.receiver.received).toHaveLength(1);
    const left = async (): Promise<unknown[]> => [
      ...(await at.hub.store.read.all(sql`select id from webhooks`)),
      ...(await at.hub.store.read.all(sql`select id from webhook_deliveries`)),
    ];
    expect(await left()).toEqual([]);
  });

  test('what is over is forgotten after its time, dead ones later', async () => {
    const at = await scene(engine);
    const { id } = await add(at);
    await submit(at);
    await tried(at, id, 1);
    at.receiver.reply(status(410));
    await submit(at);
    await until(at.hub, async () => (await stateOf(at, id)) === 'paused');
    const states = async () =>
      (await at.person.webhook.deliveries({ id })).items.map(({ state }) => state);
    expect((await states()).toSorted()).toEqual(['dead', 'delivered']);
    await at.hub.pass(limits.webhookDeliveredKeptMs + 60_000);
    expect(await states()).toEqual(['dead']);
    await at.hub.pass(limits.webhookDeadKeptMs);
    expect(await states()).toEqual([]);
  });

  test('no more than a bounded number of deliveries waits, and the log keeps the rest', async () => {
    const at = await scene(engine);
    at.receiver.reply(FOREVER);
    const { id } = await add(at);
    const count = limits.webhookPendingMax + 300;
    await at.hub.store.transaction(async (tx) => {
      for (let n = 0; n < count; n++) {
        const told = { type: 'task.queued', subject: `tsk_${n}`, actor: 'pat', audience: null };
        await appendEvent(tx, { project: 'default', atMs: 1, ...told, data: '{}' });
      }
    });
    const pending = async () => (await at.person.webhook.show({ id })).pending;
    await until(at.hub, async () => (await pending()) >= limits.webhookPendingMax);
    await at.hub.hub.tick();
    expect(await pending()).toBe(limits.webhookPendingMax);
    at.receiver.reply(ok);
    at.hub.clock.advance(limits.webhookTimeoutMs);
    const distinct = () =>
      new Set(at.receiver.received.map(({ body }) => JSON.parse(body).data.subject)).size;
    await expect
      .poll(async () => (await at.hub.pass(limits.webhookRetryFirstMs), distinct()), {
        timeout: 30_000,
      })
      .toBe(count);
    await until(at.hub, async () => (await pending()) === 0);
    const { deadInRow } = (await at.person.webhook.show({ id })).webhook;
    expect(deadInRow).toBe(0);
  });

  test('what a hub stored and did not send is sent by the one after it', async () => {
    const { store } = await openTestStore(engine);
    const clock = manualClock();
    // The first is killed: what it may still find out is heard by nobody, and its lease runs.
    const first = await hubOn(store, { webhookAllow, clock, onDefect: FOREVER });
    const person = await first.as('pat', 'operator');
    const receiver = await openReceiver(FOREVER);
    const { id } = await add({ person, receiver });
    await submit({ person });
    await until(first, () => receiver.received.length === 1);
    receiver.reply(ok);
    const second = await hubOn(store, { webhookAllow, clock, seed: 2 });
    await second.hub.tick();
    expect(receiver.received).toHaveLength(1);
    const held = await only({ person }, id);
    expect((await person.why({ id: held.id })).facts[0]?.fact).toBe('is being sent now');
    // Only its timers are left of the dead one, and its time limit would end the request.
    clock.advance(limits.webhookTimeoutMs - 1);
    await store.transaction((tx) =>
      tx.run(sql`update webhook_deliveries set lease_until_ms = 1, next_check_ms = 1`),
    );
    await until(second, () => receiver.received.length === 2);
    const delivered = await tried({ hub: second, person }, id, 1);
    expect(delivered).toMatchObject({ state: 'delivered', attempts: 1 });
    expect(idsOf(receiver.received)).toEqual([delivered.id, delivered.id]);
  });

  test('a hub that closes gives back what it was sending', async () => {
    const { store, options } = await openTestStore(engine);
    if ('file' in options && options.file === ':memory:') return;
    const first = await hubOn(store, { webhookAllow });
    const person = await first.as('pat', 'operator');
    const receiver = await openReceiver(FOREVER);
    const { id } = await add({ person, receiver });
    await submit({ person });
    await until(first, () => receiver.received.length === 1);
    await first.close();
    receiver.reply(ok);
    const second = await reopen(options, { webhookAllow });
    const other = await second.as('sam', 'operator');
    const again = await tried({ hub: second, person: other }, id, 1);
    expect(again).toMatchObject({ state: 'delivered', attempts: 1 });
    expect(new Set(idsOf(receiver.received)).size).toBe(1);
  });
});

onPostgres(() => {
  test('two hubs on one database never send one delivery at the same time, and none twice', async () => {
    const { store, secondHub } = await openTestStore('postgres');
    const clock = manualClock();
    const hubs = [
      await hubOn(store, { webhookAllow, clock }),
      await hubOn(await secondHub(), { webhookAllow, clock, seed: 2 }),
    ] as const;
    const person = await hubs[0].as('pat', 'operator');
    const under = new Set<unknown>();
    const twice: unknown[] = [];
    const failedOnce = new Set<unknown>();
    const receiver = await openReceiver(({ headers }, response) => {
      const id = headers['webhook-id'];
      if (under.has(id)) twice.push(id);
      under.add(id);
      setImmediate(() => {
        under.delete(id);
        // Every third fails once, so that both hubs have some to try again.
        const isFailed = failedOnce.size * 3 < receiver.received.length && !failedOnce.has(id);
        if (isFailed) failedOnce.add(id);
        response.writeHead(isFailed ? 500 : 200).end();
      });
    });
    const { id } = await add({ person, receiver });
    const count = 60;
    for (let n = 0; n < count; n++) await submit({ person });
    await expect
      .poll(
        async () => {
          clock.advance(1_000);
          await Promise.all(hubs.map((hub) => hub.hub.tick()));
          return (await person.webhook.deliveries({ id, state: 'delivered', limit: 200 })).items
            .length;
        },
        { timeout: 30_000 },
      )
      .toBe(count);
    expect(twice).toEqual([]);
    expect(failedOnce.size).toBeGreaterThan(0);
    expect(receiver.received).toHaveLength(count + failedOnce.size);
    expect(new Set(receiver.received.map(({ body }) => JSON.parse(body).data.subject)).size).toBe(
      count,
    );
  });
});
