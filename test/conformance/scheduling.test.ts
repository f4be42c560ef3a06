/** Who gets what next, on every engine: turns, trust, keys, preference, times. */
import { expect, test } from 'vitest';
import { limits } from '../../src/contract/index.ts';
import { countMissedMatches } from '../../src/domain/admin/index.ts';
import { hubActor } from '../../src/hub/duties.ts';
import type { Db } from '../../src/store/db.ts';
import type { Sql } from '../../src/store/sql.ts';
import { eachEngine } from '../support/engines.ts';
import {
  begin,
  expectNoMissedMatch,
  inHand,
  openTestHub,
  refusal,
  REPOSITORY,
  worker,
} from '../support/hub.ts';

eachEngine((engine) => {
  test('submitters whose tasks wait in one lane take turns by weight', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const quin = await hub.as('quin', 'operator');
    await pat.share.set({ submitter: 'quin', weight: 2 });
    for (let n = 0; n < 12; n++) await pat.task.submit({ title: `pat ${n}` });
    for (let n = 0; n < 12; n++) await quin.task.submit({ title: `quin ${n}` });
    const ada = await worker(hub, 'ada');
    const order: string[] = [];
    for (let n = 0; n < 12; n++) {
      const held = await begin(ada);
      const { task } = await pat.task.show({ id: held.taskId });
      order.push(task.submitter);
      await ada.client.task.complete(held);
    }
    for (const part of [order.slice(0, 6), order.slice(6)]) {
      expect(part.filter((name) => name === 'quin')).toHaveLength(4);
    }
    expect((await pat.share.list()).items).toEqual([{ submitter: 'quin', weight: 2 }]);
    await expectNoMissedMatch(pat);
  });

  test('what an agent gave back keeps its place, what a person puts back goes behind', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ids: string[] = [];
    for (const title of ['one', 'two', 'three', 'four']) {
      ids.push((await pat.task.submit({ title })).id);
      hub.clock.advance(1);
    }
    const [one, two, three, four] = ids;
    const ada = await worker(hub, 'ada');
    const order: string[] = [];
    const next = async () => {
      const held = await begin(ada);
      order.push(held.taskId);
      return held;
    };
    await ada.client.task.decline(await next());
    const second = await next();
    await hub.pass(limits.retryFirstMs);
    await ada.client.task.fail({ ...second, reason: 'no', isRetryable: false });
    const again = await next();
    await pat.task.retry({ id: second.taskId });
    await ada.client.task.complete(again);
    for (let n = 0; n < 3; n++) await ada.client.task.complete(await next());
    expect(order).toEqual([one, two, one, three, four, two]);
    await expectNoMissedMatch(pat);
  });

  test('who had much while nobody else waited owes nothing for it', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const quin = await hub.as('quin', 'operator');
    const ada = await worker(hub, 'ada');
    for (let n = 0; n < 11; n++) await pat.task.submit({ title: 'alone' });
    for (let n = 0; n < 10; n++) await ada.client.task.complete(await begin(ada));
    const held = await begin(ada);
    for (let n = 0; n < 6; n++) {
      await quin.task.submit({ title: 'quin' });
      await pat.task.submit({ title: 'pat' });
    }
    await ada.client.task.complete(held);
    const order: string[] = [];
    for (let n = 0; n < 5; n++) {
      const next = await begin(ada);
      order.push((await pat.task.show({ id: next.taskId })).task.title);
      await ada.client.task.complete(next);
    }
    expect(order.filter((title) => title === 'quin')).toHaveLength(3);
  });

  test('a batch that may begin at one moment goes in its order', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const notBeforeMs = (await pat.hub.status()).nowMs + 5_000;
    const titles = Array.from({ length: 12 }, (_, n) => `task ${n}`);
    await pat.batch.submit({ tasks: titles.map((title) => ({ title, notBeforeMs })) });
    await hub.pass(5_000);
    const ada = await worker(hub, 'ada');
    const order: string[] = [];
    for (const _ of titles) {
      const held = await begin(ada);
      order.push((await pat.task.show({ id: held.taskId })).task.title);
      await ada.client.task.complete(held);
    }
    expect(order).toEqual(titles);
  });

  test('who comes later to a long line of another does not wait for all of it', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const quin = await hub.as('quin', 'operator');
    for (let n = 0; n < 40; n++) await pat.task.submit({ title: `pat ${n}`, needs: ['ts'] });
    const ada = await worker(hub, 'ada', ['ts']);
    for (let n = 0; n < 5; n++) await ada.client.task.complete(await begin(ada));
    hub.clock.advance(1_000);
    const late = await quin.task.submit({ title: 'quin', needs: ['ts'] });
    const urgent = await pat.task.submit({ title: 'now', needs: ['ts'], lane: 'urgent' });
    const next: string[] = [];
    for (let n = 0; n < 3; n++) {
      const held = await begin(ada);
      await ada.client.task.complete(held);
      next.push(held.taskId);
    }
    expect(next.slice(1)).toContain(urgent.id);
    expect(next).toContain(late.id);
  });

  test('a task that its submitter comes first with and nobody can do holds up nobody', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const quin = await hub.as('quin', 'operator');
    for (let n = 0; n < 40; n++) await pat.task.submit({ title: 'gpu', needs: ['gpu'] });
    const wanted = await pat.task.submit({ title: 'behind them', lane: 'low' });
    await quin.task.submit({ title: 'gpu', needs: ['gpu'], lane: 'urgent' });
    const ada = await worker(hub, 'ada');
    expect((await inHand(ada)).taskId).toBe(wanted.id);
    await expectNoMissedMatch(pat);
  });

  test('a task that asks for trust waits for an agent that has it, and says so', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const { id } = await pat.task.submit({ title: 'careful', trust: 2 });
    const { facts } = await pat.why({ id });
    expect(facts[0]).toMatchObject({ fact: 'no able agent is trusted with 2' });
    expect(facts[0]?.frees).toContain('agent trust ada 2');
    await expectNoMissedMatch(pat);
    const trusted = await pat.agent.trust({ agent: 'ada', trust: 2 });
    expect(trusted).toMatchObject({ trust: 2, taskId: id });
    expect((await inHand(ada)).taskId).toBe(id);
    expect((await refusal(ada.client.agent.trust({ agent: 'ada', trust: 3 }))).code).toBe(
      'forbidden',
    );
  });

  test('an agent that keeps to its repositories gets no task of another', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await hub.as('ada');
    const { sessionId } = await ada.agent.connect({ repositories: [REPOSITORY] });
    const at = { name: 'ada', client: ada, sessionId };
    const other = await pat.task.submit({ title: 'other', repository: '/srv/other.git' });
    expect((await pat.why({ id: other.id })).facts).toMatchObject([
      { fact: 'no able agent that is online works on its repository' },
    ]);
    await expectNoMissedMatch(pat);
    const own = await pat.task.submit({ title: 'own', repository: REPOSITORY });
    expect((await inHand(at)).taskId).toBe(own.id);
    await ada.agent.connect({ sessionId, holding: [own.id] });
    await ada.task.decline(await inHand(at));
    expect((await inHand(at)).taskId).toBe(other.id);
  });

  test('of the tasks with one key one is in hand at a time, until it has ended', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const bob = await worker(hub, 'bob');
    const first = await pat.task.submit({ title: 'first', concurrencyKey: 'deploy' });
    hub.clock.advance(1);
    const second = await pat.task.submit({ title: 'second', concurrencyKey: 'deploy' });
    const free = await pat.task.submit({ title: 'free' });
    expect((await inHand(ada)).taskId).toBe(first.id);
    expect((await inHand(bob)).taskId).toBe(free.id);
    const { facts } = await pat.why({ id: second.id });
    expect(facts[0]).toMatchObject({ holder: first.id });
    await bob.client.task.complete(await begin(bob));
    await expectNoMissedMatch(pat);
    await ada.client.task.complete(await begin(ada));
    expect([await state(second.id), await state(first.id)]).toEqual(['offered', 'done']);
    await expectNoMissedMatch(pat);

    async function state(id: string): Promise<string> {
      return (await pat.task.show({ id })).task.state;
    }
  });

  test('a task with a unique key is one, while it is open or for ever', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const open = { title: 'nightly', unique: { key: 'nightly' } };
    const first = await pat.task.submit(open);
    expect(first.isExisting).toBe(false);
    expect(await pat.task.submit(open)).toMatchObject({ id: first.id, isExisting: true });
    await pat.task.cancel({ id: first.id });
    const second = await pat.task.submit(open);
    expect(second.id).not.toBe(first.id);
    const refused = await refusal(pat.task.retry({ id: first.id }));
    expect(refused.code).toBe('conflict');
    expect(refused.hint).toContain(`task show ${second.id}`);
    const early = await refusal(pat.task.retry({ id: second.id }));
    expect([early.message, early.hint]).toEqual([
      `task ${second.id} is queued`,
      'Only a dead, failed or cancelled task can be put back.',
    ]);
    const ever = { title: 'import', unique: { key: 'import 1', scope: 'ever' as const } };
    const third = await pat.task.submit(ever);
    await pat.task.cancel({ id: third.id });
    expect(await pat.task.submit(ever)).toMatchObject({ id: third.id, state: 'cancelled' });
    expect(await pat.task.retry({ id: third.id })).toMatchObject({ state: 'queued' });
  });

  test('among able agents who has what is preferred goes first', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    await worker(hub, 'ada', ['ts']);
    hub.clock.advance(10);
    const bob = await worker(hub, 'bob', ['ts', 'react']);
    const { id } = await pat.task.submit({ title: 'x', needs: ['ts'], prefers: ['react', 'css'] });
    expect((await inHand(bob)).taskId).toBe(id);
    const { summary } = await pat.why({ id });
    expect(summary).toContain('bob was chosen: it has what is preferred: react');
  });

  test('among equals who has failed less often at what is needed goes first', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada', ['sql']);
    for (let n = 0; n < 5; n++) {
      await pat.task.submit({ title: 'x', needs: ['sql'], failuresMax: 1 });
      await ada.client.task.fail({ ...(await begin(ada)), reason: 'no' });
    }
    const bob = await worker(hub, 'bob', ['sql']);
    await ada.client.agent.heartbeat({ sessionId: ada.sessionId });
    const wanted = await pat.task.submit({ title: 'x', needs: ['sql'] });
    expect((await inHand(bob)).taskId).toBe(wanted.id);
    const { facts } = await pat.why({ id: 'ada' });
    expect(facts.map(({ fact }) => fact)).toContain(
      'brought 0 of 5 tasks that needed sql to an end',
    );
    const plain = await pat.task.submit({ title: 'anything' });
    expect((await inHand(ada)).taskId).toBe(plain.id);
  });

  test('twenty tasks on four equal agents are spread evenly', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const workers = [];
    for (const name of ['ada', 'bob', 'cy', 'dee']) workers.push(await worker(hub, name, ['ts']));
    for (let n = 0; n < 20; n++) await pat.task.submit({ title: `${n}`, needs: ['ts'] });
    const counts = new Map<string, number>();
    for (let n = 0; n < 20; n++) {
      const at = workers[n % 4];
      if (at === undefined) throw new Error('nobody');
      await at.client.task.complete(await begin(at));
      counts.set(at.name, (counts.get(at.name) ?? 0) + 1);
    }
    for (const count of counts.values()) expect(Math.abs(count - 5)).toBeLessThanOrEqual(2);
    expect((await pat.hub.status()).tasks).toEqual({ done: 20 });
  });

  test('a task is not handed out before its time', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const { nowMs } = await pat.hub.status();
    const { id } = await pat.task.submit({ title: 'later', notBeforeMs: nowMs + 5_000 });
    const { facts } = await pat.why({ id });
    expect(facts[0]).toMatchObject({ fact: 'is not to begin yet', untilMs: nowMs + 5_000 });
    await expectNoMissedMatch(pat);
    await hub.pass(4_000);
    expect((await pat.task.show({ id })).task.state).toBe('queued');
    hub.clock.advance(1_000);
    // Its time has come, and the tick that hands it out has not: nothing is missed yet.
    expect((await pat.hub.status()).missedMatches).toBe(0);
    hub.clock.advance(2_500);
    expect((await pat.hub.status()).missedMatches).toBe(1);
    await hub.pass(1_100);
    expect((await inHand(ada)).taskId).toBe(id);
  });

  test('a time is asked for up to the year 9999, and such a task is a task like any other', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const last = limits.timeMsMax;
    const order = {
      title: 'some day',
      lane: 'low',
      deadlineMs: last,
      notBeforeMs: last - 1,
    } as const;
    const { id } = await pat.task.submit(order);
    expect((await pat.why({ id })).facts[0]).toMatchObject({ untilMs: last - 1 });
    expect(await pat.task.cancel({ id })).toMatchObject({ state: 'cancelled' });
    for (const field of ['notBeforeMs', 'deadlineMs']) {
      const late = pat.task.submit({ title: 'never', [field]: last + 1 });
      await expect(late).rejects.toMatchObject({ code: 'invalid_input' });
    }
  });

  test('an agent that is given work while the gauge is read has missed nothing', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    await worker(hub, 'ada');
    const { nowMs } = await pat.hub.status();
    const { read } = hub.store;
    let isFirst = true;
    const db: Db = {
      get: (query) => read.get(query),
      async all<T>(query: Sql): Promise<T[]> {
        const rows = await read.all<T>(query);
        if (isFirst) await pat.batch.submit({ tasks: [{ title: 'first' }, { title: 'second' }] });
        isFirst = false;
        return rows;
      },
    };
    expect(await countMissedMatches({ db, actor: hubActor('default'), nowMs })).toBe(0);
    expect((await pat.hub.status()).tasks).toEqual({ offered: 1, queued: 1 });
  });

  test('a task is not handed out before its time, also where it waited for another or was put back', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const first = await pat.task.submit({ title: 'first' });
    const { nowMs } = await pat.hub.status();
    const notBeforeMs = nowMs + 8_000;
    const after = await pat.task.submit({ title: 'after', after: [first.id], notBeforeMs });
    const back = await pat.task.submit({ title: 'back', notBeforeMs });
    await pat.task.cancel({ id: back.id });
    await pat.task.retry({ id: back.id });
    await ada.client.task.complete(await begin(ada));
    await hub.pass(5_000);
    for (const { id } of [after, back]) {
      expect((await pat.task.show({ id })).task).toMatchObject({
        state: 'queued',
        availableAtMs: notBeforeMs,
      });
    }
    await hub.pass(3_500);
    expect([after.id, back.id]).toContain((await inHand(ada)).taskId);
  });

  test('what is not handed in by its deadline has failed, and its agent is fenced off', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const { nowMs } = await pat.hub.status();
    const { id } = await pat.task.submit({ title: 'soon', deadlineMs: nowMs + 12_000 });
    const waiting = await pat.task.submit({ title: 'soon too', deadlineMs: nowMs + 12_000 });
    const held = await begin(ada);
    expect(held.taskId).toBe(id);
    await hub.pass(11_000);
    await ada.client.agent.heartbeat({ sessionId: ada.sessionId });
    expect((await pat.task.show({ id })).task.state).toBe('running');
    await hub.pass(1_200);
    for (const one of [id, waiting.id]) {
      const { task } = await pat.task.show({ id: one });
      expect(task).toMatchObject({
        state: 'failed',
        reason: 'it was not handed in by its deadline',
      });
    }
    expect((await refusal(ada.client.task.complete(held))).code).toBe('stale_fence');
    const past = pat.task.submit({ title: 'late', deadlineMs: 1 });
    expect((await refusal(past)).code).toBe('invalid_input');
  });

  test('an attempt that says nothing for longer than it may has failed', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const { id } = await pat.task.submit({ title: 'talk', progressTimeoutMs: 20_000 });
    const held = await begin(ada);
    const live = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 5_000) {
        await hub.pass(5_000);
        await ada.client.agent.heartbeat({ sessionId: ada.sessionId });
      }
    };
    await live(15_000);
    await ada.client.task.progress({ ...held, note: 'reading' });
    await live(15_000);
    expect((await pat.task.show({ id })).task).toMatchObject({ state: 'running', note: 'reading' });
    await live(15_000);
    const { task, attempts } = await pat.task.show({ id });
    expect(task.failures).toBe(1);
    expect(attempts[0]).toMatchObject({ outcome: 'stalled' });
    expect(attempts[0]?.failure).toContain('said nothing');
    expect((await refusal(ada.client.task.complete(held))).code).toBe('stale_fence');
  });

  test('what an agent says of its work is seen, and what it used is kept', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const { id } = await pat.task.submit({ title: 'x' });
    const held = await begin(ada);
    const use = {
      model: 'small',
      inputTokens: 10,
      cachedInputTokens: 4,
      outputTokens: 2,
      costMicros: 7,
      contextTokens: null,
      contextTokensMax: null,
    };
    await ada.client.task.progress({ ...held, note: 'asking', blockedBy: 'which port?', use });
    const agentOf = async () => (await pat.agent.list()).items.find(({ name }) => name === 'ada');
    expect(await agentOf()).toMatchObject({
      state: 'blocked',
      note: 'asking',
      blockedBy: 'which port?',
    });
    expect((await pat.why({ id: 'ada' })).facts[0]?.fact).toContain('which port?');
    expect((await pat.why({ id })).facts[1]?.fact).toContain('which port?');
    await ada.client.task.progress({ ...held, blockedBy: null });
    expect(await agentOf()).toMatchObject({ state: 'working', note: 'asking', blockedBy: null });
    await ada.client.task.complete({ ...held, use: { ...use, outputTokens: 5 } });
    const { attempts } = await pat.task.show({ id });
    expect(attempts[0]?.use).toEqual({ ...use, outputTokens: 5 });
    expect(await agentOf()).toMatchObject({ state: 'idle', lastTask: { id, outcome: 'done' } });
    const told = await pat.event.list({ filter: { types: ['task.progressed'] } });
    expect(told.items.map(({ data }) => [data.note, data.reason])).toEqual([
      ['asking', 'which port?'],
      ['asking', undefined],
    ]);
  });

  test('a snoozed task burns nothing and comes back to the same agent', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const bob = await worker(hub, 'bob');
    const { id } = await pat.task.submit({ title: 'wait for it' });
    const at = (await pat.task.show({ id })).task.agent === 'ada' ? ada : bob;
    const held = await begin(at);
    expect((await refusal(at.client.task.snooze({ ...held }))).code).toBe('invalid_input');
    await at.client.task.snooze({ ...held, forMs: 8_000, reason: 'CI is slow' });
    expect((await pat.why({ id })).facts[0]?.fact).toContain('CI is slow');
    await hub.pass(7_000);
    expect((await pat.task.show({ id })).task).toMatchObject({ state: 'queued', failures: 0 });
    await hub.pass(1_100);
    const { task, attempts } = await pat.task.show({ id });
    expect(task).toMatchObject({ state: 'offered', agent: at.name, attempt: 2, failures: 0 });
    expect(attempts[0]).toMatchObject({ outcome: 'snoozed' });
    await expectNoMissedMatch(pat);
  });

  test('a lane below does not starve: a step of waiting counts as one lane', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const quin = await hub.as('quin', 'operator');
    const low = await quin.task.submit({ title: 'low', lane: 'low' });
    await hub.pass(3 * limits.agingStepMs);
    await pat.task.submit({ title: 'urgent', lane: 'urgent' });
    await pat.task.submit({ title: 'urgent', lane: 'urgent' });
    const ada = await worker(hub, 'ada');
    const first = await begin(ada);
    await ada.client.task.complete(first);
    const second = await begin(ada);
    expect([first.taskId, second.taskId]).toContain(low.id);
  });

  test('an agent whose paths others wait for takes what is next in line, and not those', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const shared = { repository: REPOSITORY, paths: ['src/**'] };
    await pat.task.submit({ title: 'first', ...shared });
    const held = await begin(ada);
    const waits = await pat.task.submit({ title: 'waits', lane: 'low', ...shared });
    hub.clock.advance(1);
    const keyed = { repository: REPOSITORY, lane: 'low' as const, concurrencyKey: 'x' };
    await pat.task.submit({ title: 'keyed', ...keyed });
    const urgent = await pat.task.submit({ title: 'urgent', lane: 'urgent' });
    await ada.client.task.fail({ ...held, reason: 'no', isRetryable: false });
    expect((await inHand(ada)).taskId).toBe(urgent.id);
    const bob = await worker(hub, 'bob');
    expect((await inHand(bob)).taskId).toBe(waits.id);
    await expectNoMissedMatch(pat);
  });

  test('what waits behind a wide task waits only where it may overlap it', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const on = async (title: string, ...paths: string[]): Promise<string> => {
      hub.clock.advance(1);
      return (await pat.task.submit({ title, repository: REPOSITORY, paths })).id;
    };
    await on('held', 'src/a.ts');
    const held = await begin(ada);
    const wide = await on('wide', 'src/**', 'lib/*.ts');
    const below = await on('below', 'src/deep/b.ts');
    const folder = await on('folder', 'lib/**');
    const beside = await on('beside', 'docs/**');
    const bob = await worker(hub, 'bob');
    expect((await inHand(bob)).taskId).toBe(beside);
    for (const id of [below, folder]) {
      const { facts } = await pat.why({ id });
      expect(facts.map(({ holder }) => holder)).toContain(wide);
    }
    await ada.client.task.fail({ ...held, reason: 'no', isRetryable: false });
    expect((await inHand(ada)).taskId).toBe(wide);
    await pat.task.cancel({ id: wide });
    expect((await inHand(ada)).taskId).toBe(below);
    await expectNoMissedMatch(pat);
  });
});
