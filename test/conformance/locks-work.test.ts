/** What patterns that are made to be dear cost the hub, on every engine: little, and a refusal. */
import { expect, test } from 'vitest';
import { limits } from '../../src/contract/index.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine } from '../support/engines.ts';
import {
  begin,
  commit,
  expectNoMissedMatch,
  handIn,
  inHand,
  openTestHub,
  refusal,
  REPOSITORY,
  worker,
} from '../support/hub.ts';

const session = (name: string) => ({ session: name });
const at = (path: string) => ({ path, repository: REPOSITORY });

/** Nothing in front or behind tells them apart, so all of every pair has to be walked. */
const dear = (sign: string, count: number) =>
  Array.from({ length: count }, (_, n) => at(`${'**/*/'.repeat(150)}${sign}${n}`));

const WALKED_MS = 3_000;

eachEngine((engine) => {
  test('patterns that are too much to compare are refused soon, and plain ones are not', async () => {
    const hub = await openTestHub(engine);
    const [ada, bob] = [await hub.as('ada'), await hub.as('bob')];
    const held = await ada.lock.acquire({ holder: session('a'), items: dear('a', 200) });
    expect(held.lock.state).toBe('granted');
    const beganMs = performance.now();
    const input = { holder: session('b'), items: dear('b', 200) };
    const refused = await refusal(bob.lock.acquire(input));
    expect(refused.code).toBe('invalid_input');
    expect(refused.message).toBe(
      'these patterns, and those that are held, are too much to compare at once',
    );
    expect(refused.hint).toContain('src/**');
    expect((await refusal(bob.lock.check(input))).message).toBe(refused.message);
    expect(performance.now() - beganMs).toBeLessThan(WALKED_MS);
    const plain = await bob.lock.acquire({ holder: session('b'), items: [at('src/*.ts')] });
    expect(plain.lock.state).toBe('granted');
    expect((await ada.lock.release({ holder: session('a') })).items).toBe(200);
    expect((await bob.lock.acquire(input)).lock.state).toBe('granted');
  });

  test('tasks with such paths wait for each other, and none is forgotten', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const paths = (sign: string) => dear(sign, 50).map(({ path }) => path);
    const [ada, bob] = [await worker(hub, 'ada'), await worker(hub, 'bob')];
    const submit = (title: string, sign: string) =>
      pat.task.submit({ title, repository: REPOSITORY, paths: paths(sign) });
    await submit('one', 'a');
    const second = await submit('two', 'b');
    expect((await pat.task.show({ id: second.id })).task.state).toBe('queued');
    const { tasks } = await pat.hub.status({});
    expect(tasks).toMatchObject({ queued: 1 });
    const holder = (await inHand(ada).catch(() => undefined)) === undefined ? bob : ada;
    await holder.client.task.fail({ ...(await begin(holder)), reason: 'no', isRetryable: false });
    expect((await pat.task.show({ id: second.id })).task.state).toBe('offered');
    await expectNoMissedMatch(pat);
  });

  test('landing on deep paths under dear patterns costs little, and is remembered', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const vera = await hub.as('vera', 'verifier');
    const ada = await worker(hub, 'ada');
    await pat.task.submit({ title: 'x', repository: REPOSITORY });
    const held = await begin(ada);
    await ada.client.lock.acquire({ holder: held, items: dear('y', 200) });
    await ada.client.task.complete({ ...held, ...handIn(held) });
    const { change, lease } = (await vera.change.claim()).verification ?? {};
    const leased = { id: change?.id ?? '', lease: lease ?? 0 };
    const paths = Array.from({ length: 30 }, (_, n) => `${'x/'.repeat(1_500)}y${n}`);
    const about = { baseBranch: 'main', policy: null, additions: 1, deletions: 0 };
    await vera.change.assess({ ...leased, ...about, paths });
    const beganMs = performance.now();
    const tested = { testedCommit: commit('c'), testedBase: commit('a'), log: '' };
    expect((await vera.change.pass({ ...leased, ...tested })).state).toBe('landing');
    await vera.change.land({ ...leased, landedCommit: commit('c') });
    expect(performance.now() - beganMs).toBeLessThan(WALKED_MS);
    const rows = await hub.store.read.all(sql`select path from landed_paths`);
    expect(rows).toHaveLength(paths.length);
  });

  test('a session holds only so many locks, and may go on when it gives some back', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    const take = (n: number) =>
      ada.lock.acquire({ holder: session('a'), items: [{ name: `thing:${n}` }] });
    const atOnce = 20;
    for (let n = 0; n < limits.lockHeldPerHolderMax; n += atOnce) {
      await Promise.all(Array.from({ length: atOnce }, (_, more) => take(n + more)));
    }
    const refused = await refusal(take(limits.lockHeldPerHolderMax));
    expect(refused.code).toBe('rate_limited');
    expect(refused.message).toBe(`ada holds ${limits.lockHeldPerHolderMax} locks already`);
    await ada.lock.release({ holder: session('a'), items: [{ name: 'thing:0' }] });
    expect((await take(limits.lockHeldPerHolderMax)).lock.state).toBe('granted');
  }, 120_000);
});
