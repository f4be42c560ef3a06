/** An agent that is needed no more, on every engine: what ends with it, and what stays. */
import { expect, test } from 'vitest';
import { SignalboxError } from '../../src/contract/index.ts';
import { eachEngine } from '../support/engines.ts';
import { begin, openTestHub, refusal, worker } from '../support/hub.ts';

/** With several hubs, each hears of it a moment later. */
const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'done',
    (error: unknown) => (error instanceof SignalboxError ? error.code : String(error)),
  );

const OVER_MS = 60 * 60_000;

eachEngine((engine) => {
  test('an agent that is removed is gone with its tokens, and what it said and did stays', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const { id } = await person.task.submit({ title: 'say hello' });
    await ada.client.task.complete({ ...(await begin(ada)), report: 'hello' });
    const to = { agent: 'pat' };
    const sent = await ada.client.message.send({ to, text: 'keep this', unknown: 'keep' });
    const other = await hub.as('ADA', 'verifier');
    await ada.client.agent.disconnect({ sessionId: ada.sessionId });

    const answer = await person.agent.remove({ agent: 'Ada', reason: 'it has left us' });
    expect(answer).toEqual({ agent: 'ada', tokens: 2 });
    expect((await person.agent.list()).items.map(({ name }) => name)).not.toContain('ada');
    for (const client of [ada.client, other]) {
      await expect.poll(() => codeOf(client.hub.whoami())).toBe('unauthenticated');
    }
    expect((await refusal(person.why({ id: 'ada' }))).code).toBe('not_found');
    const { task, attempts } = await person.task.show({ id });
    expect(task).toMatchObject({ state: 'done', agent: 'ada' });
    expect(attempts).toMatchObject([{ agent: 'ada', outcome: 'done' }]);
    expect((await person.message.read()).items).toMatchObject([
      { message: { id: sent.id, from: 'ada', text: 'keep this' } },
    ]);
    await expect
      .poll(async () => (await person.event.list({ filter: { types: ['agent.removed'] } })).items)
      .toMatchObject([{ subject: 'ada', actor: 'pat', data: { reason: 'it has left us' } }]);
  });

  test('a name that was removed is free: who comes under it begins anew', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const first = await worker(hub, 'ada');
    await person.agent.trust({ agent: 'ada', trust: 3 });
    await first.client.agent.disconnect({ sessionId: first.sessionId });
    await person.agent.remove({ agent: 'ada' });
    await worker(hub, 'ada');
    const found = (await person.agent.list()).items.find(({ name }) => name === 'ada');
    expect(found).toMatchObject({ state: 'idle', trust: 1 });
  });

  test('an agent that is here, has a task or has locks is not removed, and loses nothing', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const remove = () => refusal(person.agent.remove({ agent: 'ada' }));
    expect((await remove()).message).toBe('ada is online');
    await person.task.submit({ title: 'take your time' });
    const { taskId } = await begin(ada);
    expect(await remove()).toMatchObject({ code: 'conflict', details: { taskId } });
    await person.task.cancel({ id: taskId });

    const holder = { session: 'shell' };
    const items = [{ name: 'db:schema' }];
    await ada.client.lock.acquire({ holder, items, leaseMs: OVER_MS });
    await ada.client.agent.disconnect({ sessionId: ada.sessionId });
    expect(await remove()).toMatchObject({ code: 'conflict', details: { locks: 1 } });
    expect((await ada.client.hub.whoami()).name).toBe('ada');
    await hub.pass(OVER_MS);
    expect(await person.agent.remove({ agent: 'ada' })).toEqual({ agent: 'ada', tokens: 1 });
  });

  test('nobody removes themselves, and no operator an admin', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const admin = await hub.as('kim', 'admin');
    for (const client of [person, admin]) {
      await client.message.send({ to: { agent: 'ada' }, text: 'x', unknown: 'keep' });
    }
    expect((await refusal(person.agent.remove({ agent: 'pat' }))).code).toBe('conflict');
    expect((await refusal(person.agent.remove({ agent: 'kim' }))).code).toBe('forbidden');
    expect((await admin.hub.whoami()).role).toBe('admin');
    expect(await admin.agent.remove({ agent: 'pat' })).toEqual({ agent: 'pat', tokens: 1 });
  });
});
