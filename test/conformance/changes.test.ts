/**
 * What the hub promises of changes: one lander a branch, what was tested lands, a human where
 * asked.
 */
import { expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { type Input, limits } from '../../src/contract/index.ts';
import { eachEngine } from '../support/engines.ts';
import {
  begin,
  commit,
  handIn,
  inHand,
  openTestHub,
  refusal,
  REPOSITORY,
  type TestHub,
  type Worker,
  worker,
} from '../support/hub.ts';

interface Stage {
  hub: TestHub;
  ada: Worker;
  verifier: Client;
  person: Client;
}

async function stage(engine: Parameters<typeof openTestHub>[0]): Promise<Stage> {
  const hub = await openTestHub(engine);
  const verifier = await hub.as('vera', 'verifier');
  const person = await hub.as('pat', 'operator');
  return { hub, ada: await worker(hub, 'ada'), verifier, person };
}

interface HandedIn {
  taskId: string;
  changeId: string;
}

interface Order {
  checks?: string[];
  parent?: string;
  repository?: string;
}

/** A task of the repository, worked on and handed in. */
async function handedIn({ ada, person }: Stage, more: Order = {}): Promise<HandedIn> {
  const order = { title: 'mend', repository: REPOSITORY, checks: ['make test'], ...more };
  const { id } = await person.task.submit(order);
  const held = await begin(ada);
  await ada.client.task.complete({ ...held, ...handIn(held), log: 'worked' });
  const { task } = await person.task.show({ id });
  return { taskId: id, changeId: task.changeId ?? '' };
}

async function claim(verifier: Client): Promise<{ id: string; lease: number }> {
  const { verification } = await verifier.change.claim();
  if (verification === null) throw new Error('no change to claim');
  return { id: verification.change.id, lease: verification.lease };
}

type Lease = Awaited<ReturnType<typeof claim>>;

type Candidate = Omit<Input<'change.assess'>, keyof Lease>;
const plain: Candidate = {
  baseBranch: 'main',
  policy: null,
  paths: ['a.ts'],
  additions: 1,
  deletions: 0,
};
const guarded = { ...plain, paths: ['.signalbox/policy.yaml'] };
const tested = { testedCommit: commit('c'), testedBase: commit('a'), log: 'ok' };

async function assessAndPass(verifier: Client, lease: Lease, about = plain): Promise<string> {
  await verifier.change.assess({ ...lease, ...about });
  return (await verifier.change.pass({ ...lease, ...tested })).state;
}

eachEngine((engine) => {
  test('a change is claimed, assessed, passed and landed, and only then its task is done', async () => {
    const at = await stage(engine);
    const { hub, verifier, person, ada } = at;
    const { taskId, changeId } = await handedIn(at);
    const later = await person.task.submit({ title: 'later', after: [taskId] });
    expect((await person.task.show({ id: taskId })).task.state).toBe('verifying');
    expect((await person.why({ id: taskId })).facts[0]?.frees).toContain('verifier');
    const lease = await claim(verifier);
    expect(lease.id).toBe(changeId);
    expect((await person.why({ id: changeId })).facts[0]?.holder).toBe('vera');
    const assessed = await verifier.change.assess({ ...lease, ...plain });
    expect(assessed).toMatchObject({ tier: 0, isApproved: false });
    expect(assessed.checks.map(({ command }) => command)).toEqual(['make test']);
    expect(await verifier.change.pass({ ...lease, ...tested })).toEqual({ state: 'landing' });
    expect((await person.task.show({ id: taskId })).task.state).toBe('verifying');
    expect((await person.task.show({ id: later.id })).task.state).toBe('blocked');
    hub.clock.advance(1);
    const landed = await verifier.change.land({ ...lease, landedCommit: commit('c') });
    expect(landed).toEqual({ state: 'landed' });
    const { task, attempts } = await person.task.show({ id: taskId });
    expect(task).toMatchObject({ state: 'done', landedCommit: commit('c') });
    expect(attempts.map(({ outcome }) => outcome)).toEqual(['done']);
    expect(await inHand(ada)).toMatchObject({ taskId: later.id });
    const shown = await person.change.show({ id: changeId });
    expect(shown.log).toBe('ok');
    expect(shown.change).toMatchObject({ testedBase: commit('a'), nextCheckMs: null });
  });

  test('one branch has one lander, and another repository is not kept waiting', async () => {
    const at = await stage(engine);
    const { hub, person, ada, verifier } = at;
    await handedIn(at);
    hub.clock.advance(1);
    const behind = await handedIn(at);
    hub.clock.advance(1);
    const other = await person.task.submit({ title: 'other', repository: '/srv/other.git' });
    const held = await begin(ada);
    await ada.client.task.complete({ ...held, ...handIn(held) });
    const first = await claim(verifier);
    const second = await hub.as('victor', 'verifier');
    const beside = await claim(second);
    expect((await person.change.show({ id: beside.id })).change.taskId).toBe(other.id);
    expect(await second.change.claim()).toEqual({ verification: null });
    const { facts } = await person.why({ id: behind.changeId });
    expect(facts[0]).toMatchObject({ holder: first.id });
    await assessAndPass(verifier, first);
    expect(await second.change.claim()).toEqual({ verification: null });
    await verifier.change.land({ ...first, landedCommit: commit('c') });
    expect((await claim(second)).id).toBe(behind.changeId);
  });

  test('a change that touches the policy waits for a human, and lands after a second test', async () => {
    const at = await stage(engine);
    const { verifier, person } = at;
    const { changeId } = await handedIn(at);
    const lease = await claim(verifier);
    expect(await assessAndPass(verifier, lease, guarded)).toBe('awaiting');
    const { facts } = await person.why({ id: changeId });
    expect(facts[0]?.fact).toBe('a human must approve it');
    expect(facts[0]?.frees).toContain('approve');
    expect(await verifier.change.claim()).toEqual({ verification: null });
    const land = verifier.change.land({ ...lease, landedCommit: commit('c') });
    expect((await refusal(land)).code).toBe('stale_fence');
    expect(await person.change.approve({ id: changeId })).toEqual({ state: 'submitted' });
    const again = await claim(verifier);
    const assessed = await verifier.change.assess({ ...again, ...guarded });
    expect(assessed).toMatchObject({ tier: 4, isApproved: true });
    expect(await verifier.change.pass({ ...again, ...tested })).toEqual({ state: 'landing' });
    expect((await person.change.show({ id: changeId })).change.approvedBy).toBe('pat');
  });

  test('a policy that cannot be read is freed by mending it, and a rule by nothing', async () => {
    const at = await stage(engine);
    const { verifier, person } = at;
    const { changeId } = await handedIn(at);
    const broken = { ...guarded, policy: 'version: 1\nchecks: [true]' };
    await assessAndPass(verifier, await claim(verifier), broken);
    const { facts } = await person.why({ id: changeId });
    expect(facts.map(({ fact, frees }) => `${fact} ${frees}`)).toEqual([
      expect.stringContaining('must approve it'),
      expect.stringMatching(/^tier 4: the policy itself.* Nothing: it is a rule/),
      expect.stringMatching(/cannot be followed: .* Mending that file on the base branch/),
    ]);
  });

  test('a human who declines sends the task back to its author with the reason', async () => {
    const at = await stage(engine);
    const { hub, verifier, person, ada } = at;
    await worker(hub, 'zoe');
    const { taskId, changeId } = await handedIn(at);
    await assessAndPass(verifier, await claim(verifier), guarded);
    await person.change.decline({ id: changeId, reason: 'too bold' });
    await hub.pass(limits.retryFirstMs);
    const { task, attempts } = await person.task.show({ id: taskId });
    expect(task).toMatchObject({ state: 'offered', agent: 'ada', failures: 1 });
    expect(attempts[0]).toMatchObject({ outcome: 'check_failed' });
    const { lastFailure } = await ada.client.task.accept(await inHand(ada));
    expect(lastFailure).toContain('too bold');
  });

  test('who wrote a change cannot approve it', async () => {
    const at = await stage(engine);
    const { hub, verifier } = at;
    const { changeId } = await handedIn(at);
    await assessAndPass(verifier, await claim(verifier), guarded);
    const author = await hub.as('A_da', 'operator');
    expect((await refusal(author.change.approve({ id: changeId }))).code).toBe('forbidden');
    const agent = await hub.as('bob');
    expect((await refusal(agent.change.approve({ id: changeId }))).code).toBe('forbidden');
  });

  test('an agent cannot approve what it has asked for, a person can', async () => {
    const at = await stage(engine);
    const { hub, verifier, ada } = at;
    const bob = await worker(hub, 'bob', ['review']);
    await ada.client.task.submit({ title: 'by pat', needs: ['none'] });
    const { id } = await bob.client.task.submit({ title: 'by bob', repository: REPOSITORY });
    const held = await begin(ada);
    expect(held.taskId).toBe(id);
    await ada.client.task.complete({ ...held, ...handIn(held) });
    const lease = await claim(verifier);
    await assessAndPass(verifier, lease, guarded);
    const raised = await hub.as('bob', 'operator');
    expect((await refusal(raised.change.approve({ id: lease.id }))).code).toBe('forbidden');
    const { changeId } = await handedIn(at);
    await assessAndPass(verifier, await claim(verifier), guarded);
    expect(await at.person.change.approve({ id: changeId })).toEqual({ state: 'submitted' });
  });

  test('a person approves what they asked for, also one who has mail', async () => {
    const at = await stage(engine);
    const { verifier, person } = at;
    await person.message.read();
    await person.message.send({ to: { channel: 'general' }, text: 'hi' });
    const { changeId } = await handedIn(at);
    await assessAndPass(verifier, await claim(verifier), guarded);
    expect(await person.change.approve({ id: changeId })).toEqual({ state: 'submitted' });
  });

  test('an agent that has only submitted cannot approve that with a higher token', async () => {
    const at = await stage(engine);
    const { hub, verifier, ada } = at;
    const bob = await hub.as('bob');
    await bob.task.submit({ title: 'by bob', repository: REPOSITORY });
    const held = await begin(ada);
    await ada.client.task.complete({ ...held, ...handIn(held) });
    const lease = await claim(verifier);
    await assessAndPass(verifier, lease, guarded);
    const raised = await hub.as('bob', 'operator');
    expect((await refusal(raised.change.approve({ id: lease.id }))).code).toBe('forbidden');
  });

  test('a failed check sends the task back with what was printed', async () => {
    const at = await stage(engine);
    const { hub, verifier, person, ada } = at;
    const { taskId } = await handedIn(at);
    const lease = await claim(verifier);
    await verifier.change.assess({ ...lease, ...plain });
    const verdict = { outcome: 'check_failed', reason: 'make test failed', log: '1 != 2' } as const;
    expect(await verifier.change.reject({ ...lease, ...verdict })).toEqual({ state: 'rejected' });
    await hub.pass(limits.retryFirstMs);
    const { lastFailure, task } = await ada.client.task.accept(await inHand(ada));
    expect(lastFailure).toBe('make test failed\n\n1 != 2');
    expect(task).toMatchObject({ id: taskId, failures: 1, conflicts: 0 });
    const { items } = await person.change.list({ taskId });
    expect(items.map(({ state }) => state)).toEqual(['rejected']);
  });

  test('conflicts have a bound of their own and cost no failure', async () => {
    const at = await stage(engine);
    const { hub, verifier, person, ada } = at;
    const { taskId } = await handedIn(at);
    for (let conflict = 1; conflict <= limits.conflictsMax; conflict++) {
      const lease = await claim(verifier);
      const verdict = { outcome: 'conflict', reason: 'a.ts', log: '' } as const;
      await verifier.change.reject({ ...lease, ...verdict });
      const { task } = await person.task.show({ id: taskId });
      expect(task).toMatchObject({ failures: 0, conflicts: conflict });
      expect(task.state).toBe(conflict === limits.conflictsMax ? 'dead' : 'offered');
      if (task.state === 'dead') break;
      const held = await begin(ada);
      await ada.client.task.complete({ ...held, ...handIn(held) });
      hub.clock.advance(1);
      await ada.client.agent.heartbeat({ sessionId: ada.sessionId });
    }
    expect((await person.task.show({ id: taskId })).attempts).toHaveLength(limits.conflictsMax);
  });

  test('a released change is claimed again when its delay is over, and not before', async () => {
    const at = await stage(engine);
    const { hub, verifier, person } = at;
    const { changeId } = await handedIn(at);
    const lease = await claim(verifier);
    await verifier.change.release({ ...lease, reason: 'main has moved', retryInMs: 2_000 });
    expect(await verifier.change.claim()).toEqual({ verification: null });
    const [fact] = (await person.why({ id: changeId })).facts;
    expect(fact).toMatchObject({ fact: 'main has moved' });
    expect(fact?.untilMs).not.toBeNull();
    hub.clock.advance(2_000);
    const again = await claim(verifier);
    expect(again.id).toBe(changeId);
    expect(again.lease).toBeGreaterThan(lease.lease);
    expect((await refusal(verifier.change.heartbeat(lease))).code).toBe('stale_fence');
  });

  test('a verifier that is silent while it tests loses the change to another', async () => {
    const at = await stage(engine);
    const { hub, verifier, person } = at;
    const { changeId } = await handedIn(at);
    const lease = await claim(verifier);
    await hub.pass(10_000);
    const { leaseUntilMs } = await verifier.change.heartbeat(lease);
    const { nowMs } = await verifier.hub.status();
    expect(leaseUntilMs).toBe(nowMs + limits.verifierLeaseMs);
    await hub.pass(limits.verifierLeaseMs - 1);
    expect((await person.change.show({ id: changeId })).change.state).toBe('verifying');
    await hub.pass(1);
    const { change } = await person.change.show({ id: changeId });
    expect(change).toMatchObject({ state: 'submitted', reason: 'vera is gone' });
    const second = await hub.as('victor', 'verifier');
    expect((await claim(second)).id).toBe(changeId);
    const late = verifier.change.pass({ ...lease, ...tested });
    expect((await refusal(late)).code).toBe('stale_fence');
  });

  test('a verifier that dies while it lands leaves the landing to be confirmed first', async () => {
    const at = await stage(engine);
    const { hub, verifier, person } = at;
    const { taskId, changeId } = await handedIn(at);
    hub.clock.advance(1);
    await handedIn(at);
    const lease = await claim(verifier);
    expect(await assessAndPass(verifier, lease)).toBe('landing');
    await hub.pass(limits.verifierLeaseMs);
    const second = await hub.as('victor', 'verifier');
    const { verification } = await second.change.claim();
    expect(verification?.change).toMatchObject({
      id: changeId,
      state: 'landing',
      testedCommit: commit('c'),
    });
    const stale = verifier.change.land({ ...lease, landedCommit: commit('c') });
    expect((await refusal(stale)).code).toBe('stale_fence');
    expect(await second.change.claim()).toEqual({ verification: null });
    const held = { id: changeId, lease: verification?.lease ?? 0 };
    await second.change.land({ ...held, landedCommit: commit('c') });
    expect((await person.task.show({ id: taskId })).task.state).toBe('done');
  });

  test('cancelling a task drops its change, but not once its landing has begun', async () => {
    const at = await stage(engine);
    const { verifier, person } = at;
    const dropped = await handedIn(at);
    const lease = await claim(verifier);
    await person.task.cancel({ id: dropped.taskId });
    expect((await person.change.show({ id: dropped.changeId })).change.state).toBe('dropped');
    const late = verifier.change.land({ ...lease, landedCommit: commit('c') });
    expect((await refusal(late)).code).toBe('stale_fence');
    const { taskId } = await handedIn(at);
    await assessAndPass(verifier, await claim(verifier));
    expect((await refusal(person.task.cancel({ id: taskId }))).code).toBe('conflict');
    expect((await person.task.show({ id: taskId })).task.state).toBe('verifying');
  });

  test('parts in verification end with their whole, and what is landing already lands', async () => {
    const at = await stage(engine);
    const { hub, verifier, person } = at;
    const stateOf = async (id: string): Promise<string> =>
      (await person.task.show({ id })).task.state;
    const whole = await person.task.submit({ title: 'whole', needs: ['nothing'] });
    const above = { title: 'above', needs: ['nothing'], parent: whole.id };
    const parent = (await person.task.submit(above)).id;
    const landing = await handedIn(at, { parent: whole.id, repository: '/srv/other.git' });
    await assessAndPass(verifier, await claim(verifier));
    const tried = await handedIn(at, { parent });
    const held = await claim(verifier);
    const waiting = await handedIn(at, { parent: whole.id });
    await person.task.cancel({ id: whole.id });
    for (const { taskId, changeId } of [tried, waiting]) {
      expect(await stateOf(taskId)).toBe('cancelled');
      const { state, reason } = (await person.change.show({ id: changeId })).change;
      expect([state, reason]).toEqual(['dropped', 'its task was cancelled']);
    }
    expect((await refusal(assessAndPass(verifier, held))).code).toBe('stale_fence');
    expect((await verifier.change.claim()).verification).toBeNull();
    await hub.pass(limits.recheckMs);
    expect(await stateOf(landing.taskId)).toBe('verifying');
    await verifier.change.land({ ...(await claim(verifier)), landedCommit: commit('c') });
    expect(await stateOf(landing.taskId)).toBe('done');
  });

  test('a part whose landing came to nothing ends with its whole after all', async () => {
    const at = await stage(engine);
    const { hub, verifier, person } = at;
    const whole = await person.task.submit({ title: 'whole', needs: ['nothing'] });
    const { taskId, changeId } = await handedIn(at, { parent: whole.id });
    const lease = await claim(verifier);
    await assessAndPass(verifier, lease);
    await person.task.cancel({ id: whole.id });
    await verifier.change.release({ ...lease, reason: 'the remote does not answer' });
    await hub.pass(limits.recheckMs);
    expect((await person.change.show({ id: changeId })).change.state).toBe('dropped');
    expect((await person.task.show({ id: taskId })).task.state).toBe('cancelled');
  });

  test('a part that is sent back after its whole has ended is not queued again', async () => {
    const at = await stage(engine);
    const { verifier, person } = at;
    const whole = await person.task.submit({ title: 'whole', needs: ['nothing'] });
    const { taskId } = await handedIn(at, { parent: whole.id });
    const lease = await claim(verifier);
    await assessAndPass(verifier, lease);
    await person.task.cancel({ id: whole.id });
    const reject = { outcome: 'conflict' as const, reason: 'main has moved', log: '' };
    await verifier.change.release({ ...lease, reason: 'the remote does not answer' });
    await verifier.change.reject({ ...(await claim(verifier)), ...reject });
    const { state, reason } = (await person.task.show({ id: taskId })).task;
    expect([state, reason]).toEqual(['cancelled', `${whole.id} is cancelled`]);
  });
});
