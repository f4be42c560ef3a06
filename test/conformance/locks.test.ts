/** What the hub promises of locks, on every engine. */
import { expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { limits, type Output } from '../../src/contract/index.ts';
import { manualClock } from '../../src/core/clock.ts';
import { openStore } from '../../src/store/open.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine, testPlace } from '../support/engines.ts';
import {
  begin,
  commit,
  expectNoMissedMatch,
  handIn,
  hubOn,
  inHand,
  openTestHub,
  refusal,
  reopen,
  REPOSITORY,
  type TestHub,
  worker,
} from '../support/hub.ts';

const at = (path: string, repository = REPOSITORY) => ({ path, repository });
const session = (name: string) => ({ holder: { session: name } });

type Granted = Output<'lock.acquire'>;
const take = (client: Client, name: string, ...paths: string[]): Promise<Granted> =>
  client.lock.acquire({ ...session(name), items: paths.map((path) => at(path)) });
const stand = (client: Client, name: string, ...paths: string[]): Promise<Granted> =>
  client.lock.acquire({ ...session(name), items: paths.map((path) => at(path)), wait: true });

async function two(hub: TestHub): Promise<[Client, Client]> {
  return [await hub.as('ada'), await hub.as('bob')];
}

async function told(client: Client): Promise<[string, string][]> {
  const { items } = await client.event.list({ filter: { mine: true } });
  return items
    .filter(({ type }) => type.startsWith('lock.'))
    .map(({ type, subject }) => [type, subject]);
}

eachEngine((engine) => {
  test('a set is taken all or nothing, and the refusal names who holds it until when', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = await two(hub);
    const reason = 'a refactoring';
    await ada.lock.acquire({ ...session('a'), items: [at('src/**')], reason });
    const error = await refusal(take(bob, 'b', 'docs/x.md', 'src/main.ts'));
    expect(error.code).toBe('conflict');
    expect(error.message).toMatch(
      /^src\/main\.ts \(by src\/\*\*\) is held by ada until .* UTC, who says: "a refactoring"$/,
    );
    expect(error.details?.['obstacles']).toMatchObject([
      { agent: 'ada', session: 'a', theirs: 'src/**', item: 'src/main.ts', reason },
    ]);
    expect((await take(ada, 'other', 'docs/x.md')).lock.state).toBe('granted');
  });

  test('a shared lock lets readers in and keeps writers out', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = await two(hub);
    const items = [at('src/a.ts'), { name: 'db:schema' }];
    await ada.lock.acquire({ ...session('a'), items, mode: 'shared' });
    const shared = await bob.lock.acquire({ ...session('b'), items, mode: 'shared' });
    expect(shared.lock.state).toBe('granted');
    expect((await refusal(take(bob, 'b', 'src/*'))).code).toBe('conflict');
    const named = bob.lock.acquire({ ...session('b'), items: [{ name: 'db:schema' }] });
    expect((await refusal(named)).code).toBe('conflict');
  });

  test('two sessions of one agent keep each other out, and one is its own again', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    const first = await take(ada, 'one', 'src/**');
    expect((await refusal(take(ada, 'two', 'src/a.ts'))).code).toBe('conflict');
    const again = await take(ada, 'one', 'src/a.ts');
    expect(again.lock.id).toBe(first.lock.id);
    expect((await ada.lock.list({})).items).toHaveLength(1);
  });

  test('who waits is served in the order of asking, and nobody passes', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = await two(hub);
    const carol = await hub.as('carol');
    await take(ada, 'a', 'src/a.ts');
    const wide = await stand(bob, 'b', 'src/**');
    expect(wide.lock.state).toBe('waiting');
    expect(wide.obstacles).toMatchObject([{ agent: 'ada', state: 'granted' }]);
    const late = await refusal(take(carol, 'c', 'src/c.ts'));
    expect(late.message).toContain('was asked for before by bob');
    const behind = await stand(carol, 'c', 'src/c.ts');
    const why = await carol.why({ id: behind.lock.id });
    expect(why).toMatchObject({ kind: 'lock', state: 'waiting', facts: [{ holder: 'bob' }] });
    await ada.lock.release(session('a'));
    expect((await bob.lock.show({ id: wide.lock.id })).state).toBe('granted');
    expect((await carol.lock.show({ id: behind.lock.id })).state).toBe('waiting');
    await expect.poll(() => told(bob)).toContainEqual(['lock.granted', wide.lock.id]);
    await bob.lock.release({ ...session('b'), id: wide.lock.id });
    expect((await carol.lock.show({ id: behind.lock.id })).state).toBe('granted');
  });

  test('who asks again keeps its place, and who leaves the line lets others through', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = await two(hub);
    const carol = await hub.as('carol');
    await take(ada, 'a', 'x');
    const first = await stand(bob, 'b', 'x', 'y');
    expect((await stand(bob, 'b', 'x', 'y')).lock.id).toBe(first.lock.id);
    const second = await stand(carol, 'c', 'y');
    await bob.lock.release({ ...session('b'), id: first.lock.id });
    expect((await carol.lock.show({ id: second.lock.id })).state).toBe('granted');
    expect((await bob.lock.show({ id: first.lock.id })).state).toBe('withdrawn');
  });

  test('who waits for me does not hold me up', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = await two(hub);
    await take(ada, 'a', 'src/a.ts');
    await stand(bob, 'b', 'src/**');
    expect((await take(ada, 'a', 'src/b.ts')).lock.state).toBe('granted');
  });

  test('a circle is found when it closes, and all of it is named', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = await two(hub);
    const carol = await hub.as('carol');
    await take(ada, 'a', 'x');
    await take(bob, 'b', 'y');
    await take(carol, 'c', 'z');
    await stand(ada, 'a', 'y');
    await stand(bob, 'b', 'z');
    const error = await refusal(stand(carol, 'c', 'x'));
    expect(error.code).toBe('conflict');
    expect(error.message).toContain(
      'carol wants x, which ada has; ada wants y, which bob has; bob wants z, which carol has',
    );
    expect(error.details?.['cycle']).toHaveLength(3);
    await carol.lock.release(session('c'));
    await expect
      .poll(async () => (await bob.lock.list({ agent: 'bob', state: 'granted' })).items)
      .toHaveLength(2);
  });

  test('a lease ends not a moment early, the holder is told, and what it held is free', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = await two(hub);
    const leaseMs = 60_000;
    const held = await ada.lock.acquire({ ...session('a'), items: [at('x')], leaseMs });
    await hub.pass(30_000);
    await ada.lock.renew({ session: 'a', leaseMs });
    const waiting = await stand(bob, 'b', 'x');
    await hub.pass(leaseMs - 1);
    expect((await ada.lock.show({ id: held.lock.id })).state).toBe('granted');
    await hub.pass(1);
    expect((await ada.lock.show({ id: held.lock.id })).state).toBe('expired');
    expect((await bob.lock.show({ id: waiting.lock.id })).state).toBe('granted');
    await expect.poll(() => told(ada)).toContainEqual(['lock.expired', held.lock.id]);
    expect(await ada.lock.renew({ session: 'a' })).toEqual({
      held: 0,
      waiting: 0,
      leaseUntilMs: null,
    });
  });

  test.skipIf(engine === 'sqlite memory')('time in which no hub ran ends no lease', async () => {
    const place = await testPlace(engine);
    const clock = manualClock();
    const hub = await hubOn(await openStore(place), { clock });
    const ada = await hub.as('ada');
    const held = await ada.lock.acquire({ ...session('a'), items: [at('x')], leaseMs: 10_000 });
    await hub.close();
    clock.advance(3_600_000);
    const later = await reopen(place, { clock });
    const again = await later.as('ada');
    await later.pass(9_999);
    expect((await again.lock.show({ id: held.lock.id })).state).toBe('granted');
    await later.pass(1);
    expect((await again.lock.show({ id: held.lock.id })).state).toBe('expired');
  });

  test('a person takes a lock away with a reason, and its holder hears of it', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = await two(hub);
    const pat = await hub.as('pat', 'operator');
    const { lock } = await take(ada, 'a', 'x');
    const next = await stand(bob, 'b', 'x');
    expect((await refusal(bob.lock.steal({ id: lock.id, reason: 'mine' }))).code).toBe('forbidden');
    const stolen = await pat.lock.steal({ id: lock.id, reason: 'ada is on holiday' });
    expect(stolen).toMatchObject({
      state: 'stolen',
      reason: 'taken away by pat: ada is on holiday',
    });
    expect((await bob.lock.show({ id: next.lock.id })).state).toBe('granted');
    await expect.poll(() => told(ada)).toContainEqual(['lock.stolen', lock.id]);
    const { items } = await pat.lock.stats();
    expect(items[0]).toEqual({
      agent: 'ada',
      granted: 1,
      released: 0,
      expired: 0,
      stolen: 1,
      held: 0,
    });
  });

  test('some items of a lock are given back, and the rest stays', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = await two(hub);
    const { lock } = await take(ada, 'a', 'x', 'y', 'z');
    const next = await stand(bob, 'b', 'y');
    expect(await ada.lock.release({ ...session('a'), items: [at('y'), at('q')] })).toEqual({
      released: [lock.id],
      items: 1,
    });
    expect((await bob.lock.show({ id: next.lock.id })).state).toBe('granted');
    expect((await ada.lock.show({ id: lock.id })).items).toMatchObject([
      { path: 'x' },
      { path: 'z' },
    ]);
    expect((await refusal(take(bob, 'b', 'z'))).code).toBe('conflict');
  });

  test('a path without a repository is of the only one there is', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = await two(hub);
    const bare = { items: [{ path: 'x' }] };
    expect((await refusal(ada.lock.acquire({ ...session('a'), ...bare }))).message).toContain(
      'no repository',
    );
    await ada.lock.acquire({ ...session('a'), items: [at('x')] });
    expect((await refusal(bob.lock.acquire({ ...session('b'), ...bare }))).code).toBe('conflict');
    expect((await take(bob, 'b', 'y')).lock.items).toMatchObject([{ repository: REPOSITORY }]);
    await bob.lock.acquire({ ...session('b'), items: [at('x', '/srv/other.git')] });
    expect((await refusal(bob.lock.acquire({ ...session('b'), ...bare }))).message).toContain(
      'several',
    );
  });

  test('a question about locks changes nothing, and knows whose own do not count', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = await two(hub);
    await take(ada, 'a', 'src/**');
    const items = [at('src/x.ts'), at('docs/y.md')];
    expect(await ada.lock.check({ ...session('a'), items })).toEqual({
      isFree: true,
      obstacles: [],
    });
    const seen = await bob.lock.check({ items });
    expect(seen).toMatchObject({ isFree: false, obstacles: [{ agent: 'ada', item: 'src/x.ts' }] });
    const unknown = [at('x', '/srv/unheard-of.git')];
    expect((await bob.lock.check({ items: unknown })).isFree).toBe(true);
    expect((await bob.repository.list({})).items).toHaveLength(1);
  });

  test('the locks of other projects are not there, and foreign tickets are refused', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = await two(hub);
    const { lock } = await take(ada, 'a', 'x');
    const foreign = bob.lock.release({ ...session('a'), id: lock.id });
    expect((await refusal(foreign)).code).toBe('forbidden');
    expect(await bob.lock.release(session('a'))).toEqual({ released: [], items: 0 });
    const eve = await hub.as('eve');
    await hub.store.transaction(async (tx) => {
      await tx.run(sql`insert into projects (id) values ('other')`);
      await tx.run(sql`update tokens set project = 'other' where agent = 'eve'`);
    });
    expect((await eve.lock.list()).items).toEqual([]);
    for (const call of [
      () => eve.lock.show({ id: lock.id }),
      () => eve.lock.release({ ...session('a'), id: lock.id }),
      () => eve.why({ id: lock.id }),
    ]) {
      expect((await refusal(call())).code).toBe('not_found');
    }
    expect(await eve.lock.check({ items: [at('x')] })).toEqual({ isFree: true, obstacles: [] });
    expect((await take(eve, 'a', 'x')).lock.state).toBe('granted');
    expect((await ada.lock.show({ id: lock.id })).state).toBe('granted');
  });

  test('too many items and odd patterns are refused with what to do instead', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    const many = Array.from({ length: 10_000 }, (_, n) => at(`f${n}`));
    const error = await refusal(ada.lock.acquire({ ...session('a'), items: many }));
    expect(error.message).toContain('take a pattern such as src/**');
    for (const path of ['/etc/passwd', '../x', 'a/../b', '', '{a,b}'.repeat(30), 'a\0b']) {
      expect((await refusal(take(ada, 'a', path))).code, path).toBe('invalid_input');
    }
    for (const leaseMs of [0, -1, limits.lockLeaseMsMax + 1, 365 * 86_400_000]) {
      const asked = ada.lock.acquire({ ...session('a'), items: [at('x')], leaseMs });
      expect((await refusal(asked)).code, String(leaseMs)).toBe('invalid_input');
    }
    const full = Array.from({ length: limits.lockItemsMax }, (_, n) =>
      at(`d/${n}/`.repeat(40) + n),
    );
    expect((await ada.lock.acquire({ ...session('a'), items: full })).lock.state).toBe('granted');
  });
});

const about = { baseBranch: 'main', policy: null, additions: 1, deletions: 0 };
const tested = { testedCommit: commit('c'), testedBase: commit('a'), log: '' };

eachEngine((engine) => {
  test('a task holds its paths from its hand-out until it has ended', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const task = await pat.task.submit({
      title: 'x',
      repository: REPOSITORY,
      paths: ['./src/', 'a.md'],
    });
    const held = await begin(ada);
    const { items } = await pat.lock.list({ taskId: task.id });
    expect(items).toMatchObject([
      { agent: 'ada', taskId: task.id, session: null, fence: held.fence, leaseUntilMs: null },
    ]);
    expect(items[0]?.items).toMatchObject([{ path: 'src/**' }, { path: 'a.md' }]);
    expect((await refusal(take(pat, 'p', 'src/x'))).message).toContain(
      `is held by ada for ${task.id}`,
    );
    await ada.client.task.fail({ ...held, reason: 'it broke' });
    expect((await take(pat, 'p', 'src/x')).lock.state).toBe('granted');
  });

  test('two tasks whose paths overlap are not handed out at once', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const submit = (title: string, ...paths: string[]) =>
      pat.task.submit({ title, repository: REPOSITORY, paths });
    const ada = await worker(hub, 'ada');
    const bob = await worker(hub, 'bob');
    await submit('first', 'src/**');
    const second = await submit('second', 'src/a.ts');
    const third = await submit('third', 'docs/**');
    expect((await inHand(bob)).taskId).toBe(third.id);
    const why = await pat.why({ id: second.id });
    expect(why.facts.map(({ fact }) => fact).join()).toContain(
      'src/a.ts (by src/**) is held by ada',
    );
    await expectNoMissedMatch(pat);
    const carol = await worker(hub, 'carol');
    expect((await pat.task.show({ id: second.id })).task.state).toBe('queued');
    await expectNoMissedMatch(pat);
    await ada.client.task.fail({ ...(await begin(ada)), reason: 'no', isRetryable: false });
    const { task } = await pat.task.show({ id: second.id });
    expect([carol.name, ada.name]).toContain(task.agent);
    await expectNoMissedMatch(pat);
  });

  test('a wide task that waits is not passed over by narrow ones of its lane', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const repository = REPOSITORY;
    await take(pat, 'p', 'src/one.ts');
    const wide = await pat.task.submit({ title: 'wide', repository, paths: ['**'] });
    hub.clock.advance(1);
    const narrow = await pat.task.submit({ title: 'narrow', repository, paths: ['docs/x'] });
    const other = await pat.task.submit({
      title: 'other',
      repository,
      paths: ['docs/x'],
      lane: 'high',
    });
    expect((await inHand(ada)).taskId).toBe(other.id);
    const facts = (await pat.why({ id: narrow.id })).facts.map(({ fact }) => fact);
    expect(facts.join()).toContain(`${wide.id} is before it in its lane`);
    await ada.client.task.fail({ ...(await begin(ada)), reason: 'no', isRetryable: false });
    await expectNoMissedMatch(pat);
    await pat.lock.release(session('p'));
    expect((await inHand(ada)).taskId).toBe(wide.id);
  });

  test('an attempt takes further locks for its task, and only with its fence', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    await pat.task.submit({ title: 'x', repository: REPOSITORY });
    const held = await begin(ada);
    const items = [at('src/a.ts')];
    const { lock } = await ada.client.lock.acquire({ holder: held, items });
    expect(lock).toMatchObject({ taskId: held.taskId, session: null });
    const stale = await refusal(pat.lock.acquire({ holder: held, items }));
    expect(stale).toMatchObject({ code: 'stale_fence', details: { holder: 'ada', attempt: 1 } });
    expect((await refusal(pat.lock.release({ holder: held }))).code).toBe('stale_fence');
    await ada.client.agent.disconnect({ sessionId: ada.sessionId });
    expect((await pat.lock.show({ id: lock.id })).state).toBe('released');
    const late = ada.client.lock.acquire({ holder: held, items });
    expect((await refusal(late)).code).toBe('stale_fence');
  });

  test('who was paused while another took the path over and landed is refused, every time', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const vera = await hub.as('vera', 'verifier');
    const pass = async (paths: string[]): Promise<string> => {
      const claimed = await vera.change.claim();
      const { change, lease } = claimed.verification ?? {};
      if (change === undefined || lease === undefined) throw new Error('nothing to verify');
      const leased = { id: change.id, lease };
      await vera.change.assess({ ...leased, ...about, paths });
      const { state } = await vera.change.pass({ ...leased, ...tested });
      if (state === 'landing') await vera.change.land({ ...leased, landedCommit: commit('c') });
      return state;
    };
    const submit = () =>
      pat.task.submit({ title: 'x', repository: REPOSITORY, paths: ['src/a.ts'] });
    const ada = await worker(hub, 'ada');
    await submit();
    const paused = await begin(ada);
    await hub.pass(limits.agentLeaseMs);
    expect((await pat.task.show({ id: paused.taskId })).task.state).toBe('queued');
    await pat.task.submit({
      title: 'urgent',
      lane: 'urgent',
      repository: REPOSITORY,
      paths: ['src/a.ts'],
    });
    const bob = await worker(hub, 'bob');
    const other = await begin(bob);
    expect(other.taskId).not.toBe(paused.taskId);
    await bob.client.agent.drain({ sessionId: bob.sessionId });
    await bob.client.task.complete({ ...other, ...handIn(other) });
    expect(await pass(['src/a.ts', 'b'])).toBe('landing');
    // Nobody else was given the task, so the late result is taken: and refused where it counts.
    await ada.client.task.complete({ ...paused, ...handIn(paused) });
    expect(await pass(['src/a.ts'])).toBe('conflicted');
    const sent = (await pat.task.show({ id: paused.taskId })).task;
    expect(sent).toMatchObject({ state: 'queued', conflicts: 1, failures: 0 });
    expect(sent.reason).toContain(`src/a.ts (bob, fence ${other.fence}`);
    // A new attempt begins on what has landed, and lands.
    const again = await worker(hub, 'ada');
    const fresh = await begin(again);
    expect(fresh).toMatchObject({ taskId: paused.taskId });
    await again.client.task.complete({ ...fresh, ...handIn(fresh) });
    expect(await pass(['src/a.ts'])).toBe('landing');
    await expect.poll(async () => (await pat.lock.list({})).items).toEqual([]);
  });
});

eachEngine((engine) => {
  test('a session that works on a task is not barred by the locks of that task', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await hub.as('ada');
    await pat.task.submit({ title: 'x', repository: REPOSITORY, paths: ['src/**'] });
    const { assignment } = await ada.task.pull({ session: 'one' });
    expect(assignment?.task.paths).toEqual(['src/**']);
    expect((await take(ada, 'one', 'src/a.ts')).lock.state).toBe('granted');
    expect((await refusal(take(ada, 'two', 'src/b.ts'))).message).toContain(
      'is held by ada for tsk_',
    );
    const items = [at('src/c.ts')];
    expect((await ada.lock.check({ ...session('one'), items })).isFree).toBe(true);
    expect((await ada.lock.check({ ...session('two'), items })).isFree).toBe(false);
  });
});
