/** Webhooks on every engine, against receivers on this machine. */
import { expect, test } from 'vitest';
import { type Client, createClient, localTransport } from '../../src/client/index.ts';
import { limits } from '../../src/contract/index.ts';
import { hashSecret } from '../../src/domain/agent/index.ts';
import { ok, openReceiver, status } from '../../src/outbound/fixture.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine } from '../support/engines.ts';
import { openTestHub, refusal, type TestHub, worker } from '../support/hub.ts';
import {
  add,
  fits,
  idsOf,
  numbered,
  only,
  scene,
  stateOf,
  submit,
  tried,
  typesOf,
  until,
} from '../support/webhooks.ts';

eachEngine((engine) => {
  test('an event that is wanted is posted, signed, and written down as delivered', async () => {
    const at = await scene(engine);
    const { id, secret, webhook } = await add(at);
    const taskId = await submit(at, 'write it down');
    const { person, hub, receiver } = at;
    await until(hub, () => receiver.received.length > 0);
    const [one] = receiver.received;
    if (one === undefined) throw new Error('nothing came');
    expect(fits(one, secret)).toEqual([true]);
    expect(JSON.parse(one.body)).toMatchObject({
      type: 'task.queued',
      data: { subject: taskId, actor: 'pat', data: { title: 'write it down' } },
    });
    const delivered = await tried(at, id, 1);
    expect(delivered).toMatchObject({
      state: 'delivered',
      status: 200,
      reason: null,
      nextCheckMs: null,
    });
    expect(idsOf(receiver.received)).toEqual([delivered.id]);
    expect(await person.why({ id: delivered.id })).toMatchObject({ kind: 'notice', facts: [] });
    expect(webhook).toMatchObject({ creator: 'pat', shape: 'standard', state: 'active' });
  });

  test('only what is wanted is posted: by its type and by its subject', async () => {
    const at = await scene(engine);
    const first = await submit(at);
    await numbered(at, 'task.queued');
    const { id } = await at.person.webhook
      .add({ url: at.receiver.url, subject: first })
      .then(({ webhook }) => webhook);
    await add(at, { events: ['task.cancelled'] });
    const second = await submit(at);
    await at.person.task.cancel({ id: second });
    await at.person.task.cancel({ id: first });
    await until(at.hub, () => at.receiver.received.length >= 3);
    await at.hub.hub.tick();
    expect(at.receiver.received).toHaveLength(3);
    const { items } = await at.person.webhook.deliveries({ id });
    expect(items.map(({ type, subject }) => [type, subject])).toEqual([['task.cancelled', first]]);
  });

  test('a webhook begins with what happens after it was made', async () => {
    const at = await scene(engine);
    await submit(at, 'before');
    await numbered(at, 'task.queued');
    const { id } = await add(at);
    await submit(at, 'after');
    await tried(at, id, 1);
    expect(at.receiver.received.map(({ body }) => JSON.parse(body).data.data.title)).toEqual([
      'after',
    ]);
  });

  test('what fails is tried again, later each time, under the same id', async () => {
    const at = await scene(engine);
    at.receiver.reply(status(500));
    const { id, secret } = await add(at);
    await submit(at);
    const failed = await tried(at, id, 1);
    expect(failed).toMatchObject({ state: 'pending', status: 500, reason: 'it answered 500' });
    const waits = await at.person.why({ id: failed.id });
    expect(waits.facts).toMatchObject([{ holder: id, untilMs: failed.nextCheckMs }]);
    expect(waits.facts[0]?.fact).toBe('waits out its backoff after 1 try: it answered 500');
    await at.hub.hub.tick();
    expect(at.receiver.received).toHaveLength(1);
    const agent = await at.hub.as('ada');
    expect((await refusal(agent.why({ id: failed.id }))).code).toBe('forbidden');
    at.receiver.reply(ok);
    await at.hub.pass(limits.webhookRetryFirstMs);
    expect(await tried(at, id, 2)).toMatchObject({ state: 'delivered', status: 200 });
    expect(new Set(idsOf(at.receiver.received)).size).toBe(1);
    const [first, second] = at.receiver.received.map(({ headers }) =>
      Number(headers['webhook-timestamp']),
    );
    expect(second).toBeGreaterThanOrEqual((first ?? 0) + 5);
    expect(at.receiver.received.map((one) => fits(one, secret))).toEqual([[true], [true]]);
  });

  test('a receiver that asks for time gets it', async () => {
    const at = await scene(engine);
    at.receiver.reply(status(429, { 'retry-after': '600' }));
    const { id } = await add(at);
    await submit(at);
    const { nextCheckMs } = await tried(at, id, 1);
    const { nowMs } = await at.person.hub.status();
    expect(nextCheckMs).toBeGreaterThan(nowMs + 590_000);
    expect(nextCheckMs).toBeLessThanOrEqual(nowMs + 600_000);
  });

  test('after eight tries a delivery is dead with its reason, and can be driven again', async () => {
    const at = await scene(engine);
    const { hub, person, receiver } = at;
    receiver.reply(status(503));
    const { id } = await add(at);
    await submit(at);
    for (let times = 1; times <= limits.webhookTriesMax; times++) {
      await tried(at, id, times);
      await hub.pass(limits.webhookRetryMostMs);
    }
    const dead = await only(at, id);
    expect(dead).toMatchObject({
      state: 'dead',
      attempts: 8,
      reason: 'it answered 503',
      nextCheckMs: null,
    });
    const { facts } = await person.why({ id: dead.id });
    expect(facts[0]?.frees).toContain(`signalbox webhook redrive ${dead.id}`);
    expect(await person.webhook.show({ id })).toMatchObject({ dead: 1, webhook: { deadInRow: 1 } });
    const { items } = await person.event.list({ limit: 1000, filter: { types: ['webhook.dead'] } });
    expect(items).toMatchObject([
      { subject: dead.id, data: { webhookId: id, reason: 'it answered 503' } },
    ]);
    receiver.reply(ok);
    await person.webhook.redrive({ id: dead.id });
    await until(hub, async () => (await only(at, id)).state === 'delivered');
    expect(await person.webhook.show({ id })).toMatchObject({ dead: 0, webhook: { deadInRow: 0 } });
  });

  test('a receiver that is gone is left alone, and says why', async () => {
    const at = await scene(engine);
    at.receiver.reply(status(410));
    const { id } = await add(at);
    await submit(at);
    await until(at.hub, async () => (await stateOf(at, id)) === 'paused');
    expect(await only(at, id)).toMatchObject({ state: 'dead', attempts: 1 });
    expect((await at.person.webhook.show({ id })).webhook.reason).toContain('410 Gone');
    const types = ['webhook.paused', 'webhook.dead'] as const;
    await expect
      .poll(
        async () =>
          (await at.person.event.list({ limit: 1000, filter: { types: [...types] } })).items.length,
      )
      .toBe(2);
    await submit(at);
    await at.hub.hub.tick();
    expect(at.receiver.received).toHaveLength(1);
  });

  test('a webhook whose deliveries die one after the other is paused, and goes on when told', async () => {
    const at = await scene(engine);
    const { hub, person, receiver } = at;
    receiver.reply(status(500));
    const { id } = await add(at);
    const list = async () => (await person.webhook.deliveries({ id })).items;
    const early = limits.webhookDeadInRowMax + 2;
    for (let n = 0; n < early; n++) await submit(at);
    await until(hub, async () => {
      await hub.pass(limits.webhookRetryMostMs);
      const items = await list();
      return items.length === early && items.every(({ attempts }) => attempts >= 2);
    });
    // It is behind the others, so it has tries left when they die.
    const late = await submit(at);
    const count = early + 1;
    await until(hub, async () => {
      await hub.pass(limits.webhookRetryMostMs);
      return (await stateOf(at, id)) === 'paused';
    });
    const { webhook, pending, dead } = await person.webhook.show({ id });
    expect(webhook.reason).toMatch(/^\d notices in a row .* it answered 500$/);
    expect(pending + dead).toBe(count);
    const waits = (await list()).find(({ subject }) => subject === late)?.id ?? '';
    // Where it was under way when the webhook was paused, it comes back first.
    const fact = async () => (await person.why({ id: waits })).facts[0]?.fact;
    await expect.poll(fact).toContain('its webhook is paused');
    receiver.reply(ok);
    await person.webhook.resume({ id });
    for (const one of (await person.webhook.deliveries({ id, state: 'dead' })).items)
      await person.webhook.redrive({ id: one.id });
    await until(
      hub,
      async () =>
        (await person.webhook.deliveries({ id, state: 'delivered' })).items.length === count,
    );
  });

  test.each([
    [false, ['while it was paused', 'later']],
    [true, ['later']],
  ])(
    'paused, it holds back; resumed with fromNow %s it sends what the table says',
    async (fromNow, titles) => {
      const at = await scene(engine);
      const { id } = await add(at);
      await at.person.webhook.pause({ id, reason: 'it moves' });
      await submit(at, 'while it was paused');
      await numbered(at, 'task.queued');
      await at.hub.hub.tick();
      expect((await at.person.webhook.deliveries({ id })).items).toEqual([]);
      await at.person.webhook.resume({ id, fromNow });
      await submit(at, 'later');
      await until(at.hub, () => at.receiver.received.length >= titles.length);
      const told = at.receiver.received.map(({ body }) => JSON.parse(body).data.data.title);
      expect(new Set(told)).toEqual(new Set(titles));
      expect(told).toHaveLength(titles.length);
    },
  );

  test('resumed, it tries at once what was waiting out its backoff', async () => {
    const at = await scene(engine);
    at.receiver.reply(status(500));
    const { id } = await add(at);
    await submit(at);
    await tried(at, id, 1);
    await at.person.webhook.pause({ id });
    at.receiver.reply(ok);
    await at.person.webhook.resume({ id });
    expect(await tried(at, id, 2)).toMatchObject({ state: 'delivered' });
  });

  test('for the grace time both secrets sign, then the new one alone', async () => {
    const at = await scene(engine);
    const { id, secret: old } = await add(at);
    const { secret } = await at.person.webhook.rotate({ id, graceMs: 60_000 });
    expect(secret).not.toBe(old);
    const { items } = await at.person.event.list({ filter: { types: ['webhook.rotated'] } });
    expect(items[0]?.data.untilMs).toBe(
      (await at.person.webhook.show({ id })).webhook.oldSecretUntilMs,
    );
    await submit(at);
    await until(at.hub, () => at.receiver.received.length === 1);
    await at.hub.pass(60_000);
    await submit(at);
    await until(at.hub, () => at.receiver.received.length === 2);
    expect(at.receiver.received.map((one) => [fits(one, secret), fits(one, old)])).toEqual([
      [
        [true, false],
        [false, true],
      ],
      [[true], [false]],
    ]);
    await at.person.webhook.rotate({ id, graceMs: 0 });
    expect((await at.person.webhook.show({ id })).webhook.oldSecretUntilMs).toBeNull();
  });

  test('a test says what came back, and leaves nothing behind', async () => {
    const at = await scene(engine);
    const { id, secret } = await add(at);
    const arrived = await at.person.webhook.test({ id });
    expect(arrived).toMatchObject({
      isDelivered: true,
      status: 200,
      reason: null,
      answer: 'thank you',
    });
    expect(typesOf(at.receiver.received)).toEqual(['webhook.test']);
    expect(at.receiver.received.flatMap((one) => fits(one, secret))).toEqual([true]);
    at.receiver.reply(status(404));
    const lost = await at.person.webhook.test({ id });
    expect(lost).toMatchObject({
      isDelivered: false,
      status: 404,
      reason: 'it answered 404',
      answer: 'this is 404',
    });
    expect((await at.person.webhook.deliveries({ id })).items).toEqual([]);
  });

  test('a webhook carries only what its maker may read', async () => {
    const at = await scene(engine);
    const root = await at.hub.as('root', 'admin');
    const open = await openReceiver();
    await at.person.webhook.add({ url: at.receiver.url });
    await root.webhook.add({ url: open.url });
    await at.hub.as('ada');
    await submit(at);
    await until(
      at.hub,
      () =>
        typesOf(open.received).includes('task.queued') &&
        typesOf(at.receiver.received).includes('task.queued'),
    );
    expect(typesOf(open.received)).toContain('token.created');
    expect(typesOf(at.receiver.received)).not.toContain('token.created');
  });

  test('the letters of others are carried for a person', async () => {
    const at = await scene(engine);
    await worker(at.hub, 'ada');
    const bob = await worker(at.hub, 'bob');
    await add(at, { events: ['message.stored'] });
    await bob.client.message.send({ to: { agent: 'ada' }, text: 'the parser is done' });
    await until(at.hub, () => at.receiver.received.length > 0);
    const { type, data } = JSON.parse(at.receiver.received[0]?.body ?? '');
    expect([type, data.audience]).toEqual(['message.stored', 'ada']);
  });

  test('a webhook of another project sees nothing of this one, and cannot be seen', async () => {
    const at = await scene(engine);
    const stranger = await inOtherProject(at.hub);
    const { webhook } = await stranger.webhook.add({ url: at.receiver.url });
    const { id } = await add(at);
    await submit(at);
    await until(at.hub, () => at.receiver.received.length > 0);
    await tried(at, id, 1);
    expect(typesOf(at.receiver.received)).toEqual(['task.queued']);
    expect((await stranger.webhook.deliveries({})).items).toEqual([]);
    const delivery = (await only(at, id)).id;
    const calls = [
      () => at.person.webhook.show({ id: webhook.id }),
      () => at.person.webhook.test({ id: webhook.id }),
      () => at.person.webhook.rotate({ id: webhook.id }),
      () => stranger.webhook.redrive({ id: delivery }),
      () => stranger.why({ id: delivery }),
    ];
    for (const call of calls) expect((await refusal(call())).code).toBe('not_found');
  });

  test('an address that is not public is refused when it is given, and a name when it is used', async () => {
    const hub = await openTestHub(engine, {
      resolve: async () => [{ address: '10.0.0.1', family: 4 }],
    });
    const person = await hub.as('pat', 'operator');
    const receiver = await openReceiver();
    for (const url of [
      receiver.url,
      'http://localhost/',
      'http://0x7f000001/',
      'file:///etc/passwd',
    ]) {
      const { code, hint } = await refusal(person.webhook.add({ url }));
      expect([code, hint.length > 10]).toEqual(['invalid_input', true]);
    }
    const { webhook } = await person.webhook.add({
      url: 'https://inside.example.org/',
      events: ['task.queued'],
    });
    await submit({ person });
    const { reason, state } = await tried({ hub, person }, webhook.id, 1);
    expect([state, reason]).toEqual([
      'pending',
      expect.stringContaining('--webhook-allow 10.0.0.1'),
    ]);
    expect(receiver.received).toEqual([]);
  });

  test('secrets, and URLs that are secrets, are shown nowhere but once', async () => {
    const at = await scene(engine);
    const url = 'https://hooks.example.org/services/T0/B0/verysecret?token=alsosecret';
    const { webhook, secret } = await at.person.webhook.add({ url, shape: 'slack' }, { key: 'k1' });
    const again = await refusal(at.person.webhook.add({ url, shape: 'slack' }, { key: 'k1' }));
    expect(again.code).toBe('conflict');
    await at.person.webhook.pause({ id: webhook.id });
    await at.person.webhook.add({ url: 'https://example.org/hook?key=alsosecret' });
    await numbered(at, 'webhook.added');
    const shown = JSON.stringify([
      webhook,
      await at.person.webhook.list(),
      await at.person.webhook.show({ id: webhook.id }),
      await at.person.event.list({ limit: 1000 }),
      await at.hub.store.read.all(sql`select * from journal`),
    ]);
    expect(shown).not.toContain('secret"');
    for (const hidden of ['verysecret', 'alsosecret', secret]) expect(shown).not.toContain(hidden);
    expect(webhook.url).toBe('https://hooks.example.org/…');
  });
});

/** A token of a project of its own; the contract makes none yet. */
async function inOtherProject({ hub, store }: TestHub): Promise<Client> {
  await store.transaction(async (tx) => {
    await tx.run(sql`insert into projects (id) values ('other')`);
    await tx.run(sql`
      insert into tokens (id, project, agent, agent_key, role, hash, created_at_ms)
      values (${`tok_${'9'.repeat(21)}`}, 'other', 'sam', 'sam', 'admin', ${hashSecret('sbx_other')}, 1)`);
  });
  return createClient(localTransport(hub.connect(), { token: 'sbx_other' }));
}
