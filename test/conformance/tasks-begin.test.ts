/** An agent that begins at once, at moments when it should not, or may only just. */
import { expect, test } from 'vitest';
import { limits } from '../../src/contract/index.ts';
import { eachEngine } from '../support/engines.ts';
import {
  expectNoMissedMatch,
  inHand,
  openTestHub,
  refusal,
  REPOSITORY,
  worker,
} from '../support/hub.ts';

eachEngine((engine) => {
  test('who begins after its offer lapsed has accepted it by that', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const { id } = await pat.task.submit({ title: 'late' });
    const held = await inHand(ada);
    const untilMs = (await pat.hub.status()).nowMs + 60_000;
    await ada.client.agent.pause({ untilMs, reason: 'lunch' });
    await hub.pass(limits.offerMs + 1);
    expect((await pat.task.show({ id })).task.state).toBe('queued');
    expect((await ada.client.task.start(held)).state).toBe('running');
    const { attempts } = await pat.task.show({ id });
    expect(attempts).toHaveLength(1);
    const { acceptedAtMs, startedAtMs, endedAtMs, outcome } = attempts[0] ?? {};
    expect(startedAtMs).toBeGreaterThan(0);
    expect(acceptedAtMs).toBe(startedAtMs);
    expect({ endedAtMs, outcome }).toEqual({ endedAtMs: null, outcome: null });
    // Its word that it accepts, which comes after, changes nothing and says what it has.
    expect((await ada.client.task.accept(held)).task.state).toBe('running');
    await ada.client.task.complete(held);
    await expectNoMissedMatch(pat);
  });

  test('nobody begins with what is offered to another, ended, or given to another since', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const { id } = await pat.task.submit({ title: 'mine' });
    const held = await inHand(ada);
    const bob = await worker(hub, 'bob');
    expect((await refusal(bob.client.task.start(held))).code).toBe('stale_fence');
    expect((await refusal(ada.client.task.start({ ...held, fence: held.fence + 1 }))).code).toBe(
      'stale_fence',
    );
    await hub.pass(limits.offerMs + 1);
    expect((await inHand(bob)).taskId).toBe(id);
    expect((await refusal(ada.client.task.start(held))).code).toBe('stale_fence');
    const its = await inHand(bob);
    await bob.client.task.start(its);
    await pat.task.cancel({ id });
    expect((await refusal(bob.client.task.start(its))).code).toBe('stale_fence');
    expect((await refusal(bob.client.task.accept(its))).code).toBe('stale_fence');
    await expectNoMissedMatch(pat);
  });

  test('of beginning, cancelling and lapsing at one moment one wins, and all agree on it', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const workers = await Promise.all(['ada', 'bob', 'carol'].map((name) => worker(hub, name)));
    for (let round = 0; round < 8; round++) {
      for (const { client, sessionId } of workers) await client.agent.connect({ sessionId });
      await Promise.all([0, 1, 2].map((n) => pat.task.submit({ title: `${round} ${n}` })));
      const held = await Promise.all(workers.map((one) => inHand(one)));
      hub.clock.advance(limits.offerMs + 1);
      const ended = await Promise.allSettled(
        workers.flatMap(({ client }, at) => {
          const its = held[at] ?? { taskId: '', fence: 0 };
          return [
            client.task.start(its),
            client.task.accept(its),
            at === round % 3 ? pat.task.cancel({ id: its.taskId }) : hub.hub.tick(),
            client.task.start(its),
          ];
        }),
      );
      for (const one of ended) {
        if (one.status === 'rejected')
          expect(['stale_fence', 'conflict']).toContain(one.reason.code);
      }
      const { items } = await pat.task.list({ limit: 200 });
      const open = items.filter(({ state }) => ['offered', 'accepted', 'running'].includes(state));
      expect(new Set(open.map(({ agent }) => agent)).size).toBe(open.length);
      await expectNoMissedMatch(pat);
      for (const { id, fence, agent } of open) {
        const holder = workers.find(({ name }) => name === agent)?.client;
        await holder?.task.start({ taskId: id, fence });
        await holder?.task.complete({ taskId: id, fence });
      }
    }
  });

  test('the assignment in an offer is no vast one', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const paths = Array.from({ length: limits.taskPathsMax }, (_, n) => `${n}/${'é'.repeat(900)}`);
    const { id } = await pat.task.submit({ title: 'wide', repository: REPOSITORY, paths });
    await inHand(ada);
    const filter = { subject: id, types: ['task.offered' as const] };
    const offers = async () => (await pat.event.list({ filter })).items;
    await expect.poll(offers).toHaveLength(1);
    expect((await offers())[0]?.data.assignment).toBeUndefined();
  });
});
