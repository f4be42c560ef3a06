/** An agent that chooses its work: one task by its id, or the next of one repository. */
import { expect, test } from 'vitest';
import { limits } from '../../src/contract/index.ts';
import { eachEngine } from '../support/engines.ts';
import {
  begin,
  expectNoMissedMatch,
  openTestHub,
  refusal,
  REPOSITORY,
  worker,
} from '../support/hub.ts';

eachEngine((engine) => {
  test('a task that is named is taken out of its turn, and taken again it is the same', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    await ada.task.submit({ title: 'first', lane: 'urgent' });
    const { id } = await ada.task.submit({ title: 'second', lane: 'low' });
    const { assignment } = await ada.task.pull({ taskId: id });
    expect(assignment?.task).toMatchObject({ id, state: 'accepted', agent: 'ada', attempt: 1 });
    expect(await ada.task.pull({ taskId: id })).toEqual({ assignment, hold: null });
    expect(await ada.task.pull({})).toEqual({ assignment, hold: null });
    await expectNoMissedMatch(ada);
  });

  test('who has a task in hand takes no other', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    const first = await ada.task.submit({ title: 'first' });
    const second = await ada.task.submit({ title: 'second' });
    await ada.task.pull({ taskId: first.id });
    const { code, message, details } = await refusal(ada.task.pull({ taskId: second.id }));
    expect({ code, details }).toEqual({ code: 'conflict', details: { taskId: first.id } });
    expect(message).toContain(first.id);
    expect((await ada.task.show({ id: second.id })).task.state).toBe('queued');
  });

  test('what another holds, what has its time, its needs or its paths, is refused and says why', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    const bob = await worker(hub, 'bob', ['gpu']);
    const { id: held } = await ada.task.submit({ title: 'held', needs: ['gpu'] });
    await begin(bob);
    const { createdAtMs } = (await ada.task.show({ id: held })).task;
    const order = { title: 'x', repository: REPOSITORY, paths: ['src/**'] };
    const { id: needy } = await ada.task.submit({ title: 'needy', needs: ['gpu', 'ts'] });
    const { id: later } = await ada.task.submit({
      title: 'later',
      notBeforeMs: createdAtMs + 60_000,
    });
    const { id: barred } = await ada.task.submit(order);
    const holder = { session: 'one' };
    const items = [{ path: 'src/a.ts', repository: REPOSITORY }];
    await bob.client.lock.acquire({ holder, items });
    const why = async (taskId: string): Promise<string> => {
      const { code, message, hint } = await refusal(ada.task.pull({ taskId }));
      expect(code).toBe('conflict');
      expect(hint).toContain(`signalbox why ${taskId}`);
      return message;
    };
    expect(await why(held)).toMatch(/running, held by bob/);
    expect(await why(needy)).toMatch(/asks for more than ada has/);
    expect(await why(later)).toMatch(/until its time has come/);
    expect(await why(barred)).toMatch(/in other hands/);
    await bob.client.lock.release({ holder });
    expect((await ada.task.pull({ taskId: barred })).assignment?.task.id).toBe(barred);
  });

  test('of one repository the next task is given, and none of any other place', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    const pull = async (repository: string): Promise<string | undefined> =>
      (await ada.task.pull({ repository })).assignment?.task.title;
    await ada.task.submit({ title: 'without' });
    await ada.task.submit({ title: 'elsewhere', repository: '/srv/other.git' });
    expect(await pull('https://example.org/never-named.git')).toBeUndefined();
    expect(await pull(REPOSITORY)).toBeUndefined();
    const lane = 'urgent';
    await ada.task.submit({ title: 'first', repository: '/srv/other.git', lane });
    await ada.task.submit({ title: 'low', repository: REPOSITORY, lane: 'low' });
    await ada.task.submit({ title: 'high', repository: REPOSITORY, lane: 'high' });
    expect(await pull(`${REPOSITORY}/`)).toBe('high');
    // What is in hand is answered first, wherever it is.
    expect(await pull('/srv/other.git')).toBe('high');
  });

  test('who pulls and has no process beside it is kept by saying that it goes on', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    const { id: taskId } = await ada.task.submit({ title: 'long' });
    const { assignment } = await ada.task.pull({});
    const held = { taskId, fence: assignment?.task.fence ?? 0 };
    await ada.task.start(held);
    for (let part = 0; part < 4; part++) {
      await hub.pass(limits.pullLeaseMs / 3);
      expect(await ada.task.progress(held)).toMatchObject({ state: 'running' });
    }
    // A process that beats has a short lease, whatever it says of its task.
    const bob = await hub.as('bob');
    const { sessionId } = await bob.agent.connect({ takesOffers: false });
    const { id } = await bob.task.submit({ title: 'short' });
    const short = { taskId: id, fence: (await bob.task.pull({})).assignment?.task.fence ?? 0 };
    await bob.agent.heartbeat({ sessionId });
    await bob.task.progress(short);
    await hub.pass(limits.agentLeaseMs);
    const states = async (): Promise<string[]> =>
      (await ada.agent.list({})).items.map(({ name, state }) => `${name} ${state}`);
    expect(await states()).toEqual(expect.arrayContaining(['ada working', 'bob offline']));
    await hub.pass(limits.pullLeaseMs);
    expect(await states()).toContain('ada offline');
  });

  test('what only one agent can do waits for it, whoever else is idle', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    const bob = await worker(hub, 'bob');
    const needs = ['agent:ada'];
    const timeoutMs = limits.attemptTimeoutMsMax;
    const { id } = await ada.task.submit({ title: 'mine', needs, timeoutMs });
    expect((await bob.client.task.pull({})).assignment).toBeNull();
    expect((await refusal(bob.client.task.pull({ taskId: id }))).code).toBe('conflict');
    const { assignment } = await ada.task.pull({ taskId: id, capabilities: needs });
    const fence = assignment?.task.fence ?? 0;
    await hub.pass(limits.pullLeaseMs * 4);
    expect((await ada.task.show({ id })).task.state).toBe('queued');
    expect(await ada.task.complete({ taskId: id, fence, report: 'late' })).toMatchObject({
      state: 'done',
    });
    await expectNoMissedMatch(ada);
  });
});
