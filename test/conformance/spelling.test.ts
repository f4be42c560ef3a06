/** An agent is one, however its name is spelt: what it did under one spelling is its own. */
import { expect, test } from 'vitest';
import { eachEngine } from '../support/engines.ts';
import { begin, openTestHub, worker } from '../support/hub.ts';

eachEngine((engine) => {
  test('what an agent uses counts, and its late results are kept', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'FirstResponder');
    const also = await hub.as('first_responder');
    const { id } = await person.task.submit({ title: 'x' });
    const held = await begin(ada);
    const use = {
      model: null,
      inputTokens: 10,
      cachedInputTokens: 0,
      outputTokens: 2,
      costMicros: 7,
      contextTokens: null,
      contextTokensMax: null,
    };
    await also.task.progress({ ...held, use });
    const { task } = await person.task.show({ id });
    expect(task.used).toEqual({ tokens: 12, costMicros: 7 });
    await hub.pass(15_000);
    await begin(await worker(hub, 'bob'));
    await expect(also.task.complete({ ...held, report: 'late' })).rejects.toThrow('fence');
    const { items } = await person.event.list({ filter: { types: ['task.orphaned'] } });
    expect(items.map(({ subject }) => subject)).toEqual([id]);
  });

  test('it takes back what it submitted, and sees the news of what it sent', async () => {
    const hub = await openTestHub(engine);
    const [ada, also, bob] = [
      await hub.as('FirstResponder'),
      await hub.as('first_responder'),
      await hub.as('bob'),
    ];
    const { id } = await ada.task.submit({ title: 'x' });
    expect(await also.task.cancel({ id })).toMatchObject({ state: 'cancelled' });
    await bob.message.read();
    const sent = await ada.message.send({ to: { agent: 'bob' }, text: 'hello' });
    const filter = { types: ['message.stored' as const] };
    const subjects = (await also.event.list({ filter })).items.map(({ subject }) => subject);
    expect(subjects).toEqual([sent.id]);
  });
});
