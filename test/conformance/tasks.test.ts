/** What the hub promises of tasks, on every engine: offers, fences, lost agents, retries. */
import { expect, test } from 'vitest';
import { limits, type Output } from '../../src/contract/index.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine, openTestStore } from '../support/engines.ts';
import {
  begin,
  expectNoMissedMatch,
  hubOn,
  inHand,
  openTestHub,
  refusal,
  REPOSITORY,
  reopen,
  worker,
} from '../support/hub.ts';

eachEngine((engine) => {
  test('an offer that is not accepted in ten seconds goes to another agent', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const { id } = await ada.client.task.submit({ title: 'first' });
    const offer = await inHand(ada);
    hub.clock.advance(5_000);
    const bob = await worker(hub, 'bob');
    await hub.pass(4_999);
    expect(await inHand(ada)).toEqual(offer);
    await hub.pass(1);
    const { taskId, fence } = await inHand(bob);
    expect(taskId).toBe(id);
    expect(fence).toBeGreaterThan(offer.fence);
    const { task, attempts } = await ada.client.task.show({ id });
    expect(task.failures).toBe(0);
    expect(attempts.map(({ agent, outcome }) => [agent, outcome])).toEqual([
      ['ada', 'lapsed'],
      ['bob', null],
    ]);
    await expectNoMissedMatch(ada.client);
  });

  test('an offer brings its task along, so its agent can begin at once', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const order = { title: 'now', body: 'all of it', failuresMax: 5, repository: REPOSITORY };
    const { id } = await ada.client.task.submit(order);
    const offerOf = async (taskId: string) => {
      const filter = { types: ['task.offered' as const], subject: taskId };
      return (await ada.client.event.list({ filter })).items.at(-1)?.data;
    };
    await expect.poll(() => offerOf(id)).toBeDefined();
    const offer = await offerOf(id);
    const { task } = await ada.client.task.show({ id });
    expect(offer?.assignment).toEqual({ task, lastFailure: null });
    const held = { taskId: id, fence: offer?.fence ?? 0 };
    hub.clock.advance(9_000);
    expect((await ada.client.task.start(held)).state).toBe('running');
    await hub.pass(2_000);
    const { attempts } = await ada.client.task.show({ id });
    expect(attempts).toHaveLength(1);
    expect(attempts[0]?.acceptedAtMs).toBe(task.createdAtMs + 9_000);
    expect(attempts[0]?.startedAtMs).toBe(task.createdAtMs + 9_000);

    await ada.client.task.fail({ ...held, reason: 'it broke', log: 'x'.repeat(50) });
    await hub.pass(limits.retryFirstMs);
    const failure = async () => (await offerOf(id))?.assignment?.lastFailure;
    await expect.poll(failure).toContain('it broke');
    const log = 'x'.repeat(limits.inlineCharsMax);
    await ada.client.task.fail({ ...(await begin(ada)), reason: 'it broke', log });
    await hub.pass(2 * limits.retryFirstMs);
    await expect.poll(async () => (await offerOf(id))?.attempt).toBe(3);
    const big = await offerOf(id);
    expect(big?.assignment).toBeUndefined();
    expect((await ada.client.task.accept(await inHand(ada))).lastFailure).toContain(log);
  });

  test('a page of tasks ends early where its texts are long, and the next goes on', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const body = 'x'.repeat(limits.bodyCharsMax);
    const ids: string[] = [];
    for (let n = 0; n < 12; n++) ids.push((await pat.task.submit({ title: 'x', body })).id);
    const sizes: number[] = [];
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Output<'task.list'> = await pat.task.list(
        cursor === null ? { limit: 200 } : { limit: 200, cursor },
      );
      sizes.push(page.items.length);
      seen.push(...page.items.map((task) => task.id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(sizes).toEqual([5, 5, 2]);
    expect(seen).toEqual(ids.toSorted().toReversed());
  });

  test('a stale fence is refused with the name of the holder, and its result is kept', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const { id } = await ada.client.task.submit({ title: 'first' });
    const old = await begin(ada);
    await hub.pass(15_000);
    const bob = await worker(hub, 'bob');
    const current = await inHand(bob);
    const error = await refusal(ada.client.task.complete({ ...old, report: 'I did it' }));
    expect(error.code).toBe('stale_fence');
    expect(error.details).toMatchObject({ holder: 'bob', fence: current.fence });
    const orphans = async (): Promise<unknown[]> => {
      const { items } = await ada.client.event.list({ filter: { types: ['task.orphaned'] } });
      return items.map(({ subject, data }) => [subject, data.agent, data.fence]);
    };
    await expect.poll(orphans).toEqual([[id, 'ada', old.fence]]);
    const failed = await refusal(ada.client.task.fail({ ...old, reason: 'it broke' }));
    expect(failed.code).toBe('stale_fence');
    for (const report of ['accept', 'start', 'decline'] as const) {
      expect((await refusal(ada.client.task[report](old))).code).toBe('stale_fence');
    }
    expect(await inHand(bob)).toEqual(current);
  });

  test('a late result that comes again is kept once, and of one attempt no more than a few', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    await ada.client.task.submit({ title: 'first' });
    const old = await begin(ada);
    await hub.pass(15_000);
    await inHand(await worker(hub, 'bob'));
    const kept = async (): Promise<[operation: string, input: unknown][]> => {
      const rows = await hub.store.read.all<{ operation: string; input: string }>(
        sql`select operation, input from orphans order by operation`,
      );
      return rows.map(({ operation, input }) => [operation, JSON.parse(input)]);
    };
    const late = { ...old, report: 'I did it' };
    for (const key of ['k', 'k', 'other']) {
      const again = ada.client.task.complete(late, { key });
      expect((await refusal(again)).code).toBe('stale_fence');
    }
    await refusal(ada.client.task.fail({ ...old, reason: 'I did it' }));
    expect(await kept()).toEqual([
      ['task.complete', expect.objectContaining(late)],
      ['task.fail', expect.objectContaining({ reason: 'I did it' })],
    ]);
    for (let n = 0; n < limits.lateResultsMax; n++) {
      const one = ada.client.task.complete({ ...old, report: `try ${n}` });
      expect((await refusal(one)).code).toBe('stale_fence');
    }
    expect(await kept()).toHaveLength(limits.lateResultsMax);
    const told = sql`select count(*) as count from events where type = 'task.orphaned'`;
    expect(await hub.store.read.get(told)).toEqual({ count: limits.lateResultsMax });
  });

  test('a late result is taken while nobody else was given the task', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const { id } = await ada.client.task.submit({ title: 'first' });
    const held = await begin(ada);
    await hub.pass(15_000);
    const waiting = await ada.client.task.show({ id });
    expect(waiting.task.state).toBe('queued');
    expect(await ada.client.task.complete({ ...held, report: 'late' })).toMatchObject({
      state: 'done',
      fence: held.fence,
    });
    const { attempts } = await ada.client.task.show({ id });
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['done']);
  });

  for (const report of ['decline', 'fail'] as const) {
    test(`an attempt that its lost agent gave up by ${report} is not taken up again`, async () => {
      const hub = await openTestHub(engine);
      const ada = await worker(hub, 'ada');
      const { id } = await ada.client.task.submit({ title: 'first' });
      const held = await begin(ada);
      await hub.pass(15_000);
      await ada.client.task[report]({ ...held, reason: 'it was killed' });
      // This word was on its way when the report was made.
      await ada.client.agent.connect({ sessionId: ada.sessionId, holding: [id] });
      const { task, attempts } = await ada.client.task.show({ id });
      expect(task).toMatchObject({ state: 'queued', failures: report === 'fail' ? 1 : 0 });
      expect(attempts).toMatchObject([{ outcome: report === 'fail' ? 'failed' : 'released' }]);
      await hub.pass(2 * limits.retryFirstMs);
      const again = await inHand(ada);
      expect(again.fence).toBeGreaterThan(held.fence);
    });
  }

  test('an agent that is silent for fifteen seconds is offline and loses its task', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const { id } = await ada.client.task.submit({ title: 'first' });
    await begin(ada);
    const bob = await worker(hub, 'bob');
    await hub.pass(10_000);
    await bob.client.agent.heartbeat({ sessionId: bob.sessionId });
    await hub.pass(4_999);
    expect((await ada.client.task.show({ id })).task.agent).toBe('ada');
    await hub.pass(1);
    expect(await inHand(bob)).toMatchObject({ taskId: id });
    const { task, attempts } = await bob.client.task.show({ id });
    expect(task.failures).toBe(0);
    expect(attempts[0]).toMatchObject({ agent: 'ada', outcome: 'lost' });
    await expectNoMissedMatch(bob.client);
  });

  test('a hub that comes back burns no attempt and gives leases their time anew', async () => {
    if (engine === 'sqlite memory') return;
    const { store, options } = await openTestStore(engine);
    const first = await hubOn(store);
    const ada = await worker(first, 'ada');
    const { id } = await ada.client.task.submit({ title: 'first' });
    const held = await begin(ada);
    const bob = await worker(first, 'bob');
    await ada.client.task.submit({ title: 'second' });
    const offer = await inHand(bob);
    await first.close();
    first.clock.advance(3_600_000);
    const second = await reopen(options, { clock: first.clock });
    await second.pass(9_000);
    const again = await second.as('ada');
    expect((await again.task.show({ id })).task).toMatchObject({ state: 'running', attempt: 1 });
    expect((await again.task.show({ id: offer.taskId })).task).toMatchObject({
      state: 'offered',
      attempt: 1,
    });
    await again.agent.heartbeat({ sessionId: ada.sessionId });
    expect(await again.task.complete(held)).toMatchObject({ state: 'done' });
    await second.pass(6_000);
    expect((await again.task.show({ id: offer.taskId })).task.agent).not.toBe('bob');
  });

  test('a failure waits out a growing backoff, and the last is a dead letter', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const { id } = await ada.client.task.submit({ title: 'hard', failuresMax: 3 });
    const waits: number[] = [];
    for (const attempt of [1, 2, 3]) {
      const held = await begin(ada);
      const failed = await ada.client.task.fail({ ...held, reason: `no ${attempt}`, log: 'why' });
      const { task } = await ada.client.task.show({ id });
      expect(task.failures).toBe(attempt);
      if (attempt === 3) expect(failed.state).toBe('dead');
      else {
        const waitMs = task.availableAtMs - (await ada.client.hub.status()).nowMs;
        waits.push(waitMs);
        await hub.pass(waitMs - 1);
        expect((await ada.client.task.show({ id })).task.state).toBe('queued');
        await hub.pass(1);
        const { lastFailure } = await ada.client.task.accept(await inHand(ada));
        expect(lastFailure).toBe(`no ${attempt}\n\nwhy`);
        await expectNoMissedMatch(ada.client);
      }
    }
    expect(waits[0]).toBeGreaterThanOrEqual(limits.retryFirstMs / 2);
    expect(waits[0]).toBeLessThanOrEqual(limits.retryFirstMs);
    expect(waits[1]).toBeGreaterThanOrEqual(limits.retryFirstMs);
    expect(waits[1]).toBeLessThanOrEqual(2 * limits.retryFirstMs);
    expect((await ada.client.task.log({ id })).log).toBe('why');
    expect((await ada.client.why({ id })).facts[0]?.fact).toContain('no 3');
    expect(await ada.client.task.retry({ id })).toMatchObject({ state: 'queued' });
    const { task } = await ada.client.task.show({ id });
    expect(task).toMatchObject({ state: 'offered', failures: 0, attempt: 4, agent: 'ada' });
    await ada.client.agent.heartbeat({ sessionId: ada.sessionId });
    await begin(ada);
    const final = await ada.client.task.fail({
      ...(await inHand(ada)),
      reason: 'never',
      isRetryable: false,
    });
    expect(final.state).toBe('failed');
    await expectNoMissedMatch(ada.client);
  });

  test('a task that was given back burns no retry and is offered again after a moment', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const { id } = await ada.client.task.submit({ title: 'first' });
    const offer = await inHand(ada);
    expect(await ada.client.task.decline({ ...offer, reason: 'not now' })).toMatchObject({
      state: 'queued',
    });
    await hub.pass(limits.retryFirstMs);
    const { task, attempts } = await ada.client.task.show({ id });
    expect(task).toMatchObject({ state: 'offered', failures: 0, attempt: 2 });
    expect(attempts[0]).toMatchObject({ outcome: 'released', failure: 'not now' });
  });

  test('a task waits for those that it comes after, and says so', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const first = await person.task.submit({ title: 'first' });
    hub.clock.advance(1);
    const second = await person.task.submit({ title: 'second' });
    const later = await person.task.submit({ title: 'later', after: [first.id, second.id] });
    expect(later.state).toBe('blocked');
    const ada = await worker(hub, 'ada');
    expect((await inHand(ada)).taskId).toBe(first.id);
    await ada.client.task.complete(await begin(ada));
    const { facts, summary } = await person.why({ id: later.id });
    expect(facts.map(({ holder }) => holder)).toEqual([second.id]);
    expect(summary).toContain('blocked');
    await ada.client.task.complete(await begin(ada));
    expect(await inHand(ada)).toMatchObject({ taskId: later.id });
    await expectNoMissedMatch(person);
  });

  test('a task stays blocked by one that was cancelled or is dead, and why names it', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const dead = await person.task.submit({ title: 'dead', failuresMax: 1 });
    hub.clock.advance(1);
    const gone = await person.task.submit({ title: 'gone' });
    const later = await person.task.submit({ title: 'later', after: [dead.id, gone.id] });
    await ada.client.task.fail({ ...(await begin(ada)), reason: 'broken' });
    await person.task.cancel({ id: gone.id });
    await hub.pass(limits.recheckMs);
    const { state, facts } = await person.why({ id: later.id });
    expect(state).toBe('blocked');
    const told = facts.map(({ fact }) => fact.split('which is ')[1]);
    expect(new Set(told)).toEqual(new Set(['cancelled', 'dead']));
    await person.task.retry({ id: gone.id });
    const bob = await worker(hub, 'bob');
    await bob.client.task.complete(await begin(bob));
    await person.task.retry({ id: dead.id });
    await bob.client.task.complete(await begin(bob));
    expect((await inHand(bob)).taskId).toBe(later.id);
  });
});
