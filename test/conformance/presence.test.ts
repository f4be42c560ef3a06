/**
 * What the hub promises of agents: presence from leases, wires that close, sessions that resume.
 */
import { expect, test } from 'vitest';
import { createClient, localTransport } from '../../src/client/index.ts';
import { limits } from '../../src/contract/index.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine } from '../support/engines.ts';
import {
  begin,
  expectNoMissedMatch,
  inHand,
  openTestHub,
  refusal,
  type TestHub,
  worker,
} from '../support/hub.ts';

/** Waits until what a wire's closing set going stands in the store. */
async function untilShortened({ store }: TestHub): Promise<void> {
  await expect
    .poll(() => store.read.get(sql`select is_pushed from agents where key = 'ada'`))
    .toEqual({ is_pushed: 0 });
}

eachEngine((engine) => {
  test('a closed wire that does not resume in three seconds loses its work', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const { id } = await ada.client.task.submit({ title: 'first' });
    await begin(ada);
    const bob = await worker(hub, 'bob');
    ada.client.close();
    await untilShortened(hub);
    await hub.pass(limits.agentResumeMs - 1);
    expect((await bob.client.task.show({ id })).task.agent).toBe('ada');
    await hub.pass(1);
    expect(await inHand(bob)).toMatchObject({ taskId: id });
    expect((await bob.client.why({ id: 'ada' })).state).toBe('offline');
    await expectNoMissedMatch(bob.client);
  });

  test('who takes no offers is here, and gets what it asks for', async () => {
    const hub = await openTestHub(engine);
    const client = await hub.as('ada');
    const { sessionId, agent } = await client.agent.connect({ takesOffers: false });
    expect(agent).toMatchObject({ state: 'idle', taskId: null });
    const { id, state } = await client.task.submit({ title: 'first' });
    expect(state).toBe('queued');
    await hub.pass(limits.agentBeatMs);
    await client.agent.heartbeat({ sessionId });
    expect((await client.task.show({ id })).task.state).toBe('queued');
    expect((await client.task.pull({})).assignment?.task).toMatchObject({ id, agent: 'ada' });
    await client.agent.disconnect({ sessionId });
    expect((await client.task.show({ id })).task.state).toBe('queued');
  });

  test('why an agent does nothing is said as it is with that kind of agent', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const firstFact = async (id: string): Promise<string> => {
      const [fact] = (await person.why({ id })).facts;
      return `${fact?.fact}. ${fact?.frees}`;
    };
    const ada = await worker(hub, 'ada');
    expect(await firstFact('ada')).toMatch(/^no task waits that it could do\./);
    await ada.client.agent.disconnect({ sessionId: ada.sessionId });
    expect(await firstFact('ada')).toMatch(/^has gone away\. Its program runs again; .*get_work/);
    await hub.pass(limits.agentLeaseMs);
    expect(await firstFact('ada')).toMatch(/^not heard of since .* Its program runs again/);

    const bob = await hub.as('bob');
    await bob.task.pull({});
    expect(await firstFact('bob')).toMatch(/^nothing is offered to it: .* It asks: `get_work`/);
    const carol = await hub.as('carol');
    await carol.message.send({ to: { agent: 'pat' }, text: 'hello', unknown: 'keep' });
    expect(await firstFact('carol')).toMatch(/never taken work\. .*agent run --name carol/);
  });

  test('a session that resumes in time with its task in hand keeps it', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const { id } = await ada.client.task.submit({ title: 'first' });
    const held = await begin(ada);
    ada.client.close();
    await untilShortened(hub);
    await hub.pass(limits.agentResumeMs - 1);
    const client = await hub.as('ada');
    const { sessionId, agent } = await client.agent.connect({
      sessionId: ada.sessionId,
      holding: [id],
    });
    expect(sessionId).toBe(ada.sessionId);
    expect(agent).toMatchObject({ state: 'working', taskId: id });
    await hub.pass(5_000);
    expect(await client.task.complete(held)).toMatchObject({ state: 'done', fence: held.fence });
  });

  test('an agent that comes back late takes its work up again while it is not handed out', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const { id } = await ada.client.task.submit({ title: 'first' });
    const held = await begin(ada);
    await hub.pass(limits.agentLeaseMs);
    const { agent } = await ada.client.agent.connect({
      sessionId: ada.sessionId,
      holding: [id],
    });
    expect(agent).toMatchObject({ state: 'working', taskId: id });
    const { task } = await ada.client.task.show({ id });
    expect(task).toMatchObject({ state: 'running', fence: held.fence, attempt: 1 });
  });

  test('an agent that took another task cannot go back to the one that it lost', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const { id } = await ada.client.task.submit({ title: 'first' });
    const held = await begin(ada);
    await hub.pass(limits.agentLeaseMs);
    const urgent = await ada.client.task.submit({ title: 'second', lane: 'urgent' });
    const { assignment } = await ada.client.task.pull({});
    expect(assignment?.task.id).toBe(urgent.id);
    expect((await refusal(ada.client.task.start(held))).code).toBe('stale_fence');
    expect((await inHand(ada)).taskId).toBe(urgent.id);
    expect((await ada.client.task.show({ id })).task.state).toBe('queued');
  });

  test('what a process comes back without goes to another', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const { id } = await ada.client.task.submit({ title: 'first' });
    await begin(ada);
    hub.clock.advance(10);
    const bob = await worker(hub, 'bob');
    hub.clock.advance(10);
    await ada.client.agent.connect({ sessionId: ada.sessionId, holding: [] });
    expect(await inHand(bob)).toMatchObject({ taskId: id });
    const { attempts } = await bob.client.task.show({ id });
    expect(attempts[0]?.outcome).toBe('lost');
  });

  test('a beat is told what the hub thinks is in hand, and what is not goes back', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const beat = () => ada.client.agent.heartbeat({ sessionId: ada.sessionId });
    expect((await beat()).taskId).toBeNull();
    const { id } = await ada.client.task.submit({ title: 'first' });
    await ada.client.task.accept(await inHand(ada));
    expect((await beat()).taskId).toBe(id);
    await ada.client.agent.drain({ sessionId: ada.sessionId });
    await ada.client.agent.connect({ sessionId: ada.sessionId, holding: [] });
    const { attempts } = await ada.client.task.show({ id });
    expect(attempts[0]?.outcome).toBe('lost');
  });

  test('a beat is not told of what another process of the agent has asked for', async () => {
    const hub = await openTestHub(engine);
    const client = await hub.as('ada');
    const { sessionId } = await client.agent.connect({ takesOffers: false });
    await client.task.submit({ title: 'first' });
    for (const session of ['terminal', undefined]) {
      const { assignment } = await client.task.pull(session === undefined ? {} : { session });
      expect(assignment).not.toBeNull();
      expect((await client.agent.heartbeat({ sessionId })).taskId).toBeNull();
    }
  });

  test('a second process under the same name is refused while the first is here', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const twin = await hub.as('A-D-A');
    const sessionId = `ses_${'1'.repeat(21)}`;
    expect((await refusal(twin.agent.connect({ sessionId }))).code).toBe('conflict');
    await ada.client.agent.disconnect({ sessionId: ada.sessionId });
    expect((await twin.agent.connect({ sessionId })).agent.state).toBe('idle');
    const beat = ada.client.agent.heartbeat({ sessionId: ada.sessionId });
    expect((await refusal(beat)).code).toBe('conflict');
    expect((await twin.agent.list()).items).toHaveLength(1);
  });

  test('who is merely present takes the place of nobody who takes offers', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const beside = await hub.as('ada');
    expect((await refusal(beside.agent.connect({ takesOffers: false }))).code).toBe('conflict');
    await ada.client.agent.heartbeat({ sessionId: ada.sessionId });
    await ada.client.agent.disconnect({ sessionId: ada.sessionId });
    const { sessionId } = await beside.agent.connect({ takesOffers: false });
    expect((await ada.client.agent.connect({})).sessionId).not.toBe(sessionId);
  });

  test('a draining agent finishes what it has and is given no more', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const first = await ada.client.task.submit({ title: 'first' });
    const held = await begin(ada);
    const drained = await ada.client.agent.drain({ sessionId: ada.sessionId });
    expect(drained).toMatchObject({ state: 'draining', taskId: first.id });
    const { id } = await ada.client.task.submit({ title: 'second' });
    expect(await ada.client.task.complete(held)).toMatchObject({ state: 'done' });
    await hub.pass(1_000);
    expect((await ada.client.task.show({ id })).task.state).toBe('queued');
    await expectNoMissedMatch(ada.client);
  });

  test('an agent that leaves gives its work back at once', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const { id } = await ada.client.task.submit({ title: 'first' });
    await begin(ada);
    const bob = await worker(hub, 'bob');
    const gone = await ada.client.agent.disconnect({ sessionId: ada.sessionId });
    expect(gone.state).toBe('offline');
    expect(await inHand(bob)).toMatchObject({ taskId: id });
    const seen = async (): Promise<string[][]> => {
      const filter = { types: ['agent.online' as const, 'agent.offline' as const] };
      const { items } = await bob.client.event.list({ filter });
      return items.map(({ type, subject }) => [type, subject]);
    };
    await expect.poll(seen).toEqual([
      ['agent.online', 'ada'],
      ['agent.online', 'bob'],
      ['agent.offline', 'ada'],
    ]);
  });

  test('a task that needs capabilities waits for an agent that has them, and why says so', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada', ['ts']);
    const { id } = await ada.client.task.submit({ title: 'train', needs: ['gpu', 'ts'] });
    expect((await ada.client.task.show({ id })).task.state).toBe('queued');
    expect((await ada.client.why({ id })).facts[0]?.fact).toContain('gpu, ts');
    await expectNoMissedMatch(ada.client);
    const bob = await worker(hub, 'bob', ['ts', 'gpu', 'db']);
    expect((await inHand(bob)).taskId).toBe(id);
    expect((await bob.client.why({ id: 'ada' })).facts[0]?.fact).toContain('no task waits');
  });

  test('an urgent task goes before those that waited longer in a lower lane', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const ids = new Map<string, string>();
    for (const lane of ['low', 'normal', 'high', 'urgent'] as const) {
      ids.set((await person.task.submit({ title: lane, lane })).id, lane);
      hub.clock.advance(1_000);
    }
    const ada = await worker(hub, 'ada');
    const order: (string | undefined)[] = [];
    for (let count = 0; count < 4; count++) {
      const held = await begin(ada);
      order.push(ids.get(held.taskId));
      await ada.client.task.complete(held);
    }
    expect(order).toEqual(['urgent', 'high', 'normal', 'low']);
  });

  test('a task that aged a whole step goes before a fresh one of the next higher lane', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const old = await person.task.submit({ title: 'old', lane: 'low' });
    await hub.pass(limits.agingStepMs + 1);
    await person.task.submit({ title: 'fresh', lane: 'normal' });
    expect((await inHand(await worker(hub, 'ada'))).taskId).toBe(old.id);
  });

  test('an agent without a socket pulls its work, holds one, and keeps a longer lease', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    expect(await ada.task.pull({ capabilities: ['ts'] })).toEqual({ assignment: null, hold: null });
    const { id } = await ada.task.submit({ title: 'first', needs: ['ts'] });
    await ada.task.submit({ title: 'second' });
    expect((await ada.task.show({ id })).task.state).toBe('queued');
    await expectNoMissedMatch(ada);
    const { assignment } = await ada.task.pull({ capabilities: ['ts'] });
    expect(assignment?.task).toMatchObject({ state: 'accepted', agent: 'ada' });
    const again = await ada.task.pull({ capabilities: ['ts'] });
    expect(again.assignment?.task.id).toBe(assignment?.task.id);
    await hub.pass(limits.agentLeaseMs * 2);
    const { taskId, fence } = {
      taskId: assignment?.task.id ?? '',
      fence: assignment?.task.fence ?? 0,
    };
    expect(await ada.task.start({ taskId, fence })).toMatchObject({ state: 'running' });
    await hub.pass(limits.pullLeaseMs);
    expect((await ada.task.show({ id: taskId })).task.state).toBe('queued');
  });

  test('agents of one name share one hand, whatever wire they speak over', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'Ada_1');
    const { id } = await ada.client.task.submit({ title: 'first' });
    const trusted = hub.hub.credentialOf('ada-1', 'agent');
    const other = createClient(localTransport(hub.hub.connect(), trusted));
    const offer = await inHand(ada);
    expect((await other.task.accept(offer)).task.id).toBe(id);
    const stranger = await hub.as('eve');
    expect((await refusal(stranger.task.start(offer))).code).toBe('stale_fence');
  });
});
