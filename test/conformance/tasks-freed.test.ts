/** What is handed out when paths become free, on every engine, however much else waits. */
import { expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine } from '../support/engines.ts';
import {
  begin,
  expectNoMissedMatch,
  inHand,
  openTestHub,
  REPOSITORY,
  worker,
} from '../support/hub.ts';

const session = (name: string) => ({ session: name });
const at = (path: string) => ({ path, repository: REPOSITORY });
const onPath = (path: string) => ({ title: path, repository: REPOSITORY, paths: [path] });

async function submitMany(pat: Client, paths: string[]): Promise<void> {
  for (let from = 0; from < paths.length; from += 500) {
    await pat.batch.submit({ tasks: paths.slice(from, from + 500).map(onPath) });
  }
}

eachEngine((engine) => {
  test('what waits for a path is found behind thousands that wait for another one', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const bob = await hub.as('bob');
    await bob.lock.acquire({ holder: session('big'), items: [at('big/**')] });
    await bob.lock.acquire({ holder: session('small'), items: [at('small/**')] });
    await submitMany(
      pat,
      Array.from({ length: 1_500 }, (_, n) => `big/${n}.ts`),
    );
    hub.clock.advance(1);
    const last = await pat.task.submit(onPath('small/a.ts'));
    const ada = await worker(hub, 'ada');
    await bob.lock.release({ holder: session('small') });
    expect((await inHand(ada)).taskId).toBe(last.id);
    await expectNoMissedMatch(pat);
  }, 60_000);

  test('a wide task that is cancelled in line lets those behind it go', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const bob = await hub.as('bob');
    await bob.lock.acquire({ holder: session('b'), items: [at('src/a.ts')] });
    const wide = await pat.task.submit(onPath('src/**'));
    hub.clock.advance(1);
    const behind = await pat.task.submit(onPath('src/b.ts'));
    const ada = await worker(hub, 'ada');
    await expect(inHand(ada)).rejects.toThrow('nothing in its hand');
    await pat.task.cancel({ id: wide.id });
    expect((await inHand(ada)).taskId).toBe(behind.id);
    await expectNoMissedMatch(pat);
  });

  test('a task behind one that nobody here can do goes when that one waits no more', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const bob = await hub.as('bob');
    await bob.lock.acquire({ holder: session('b'), items: [at('src/a.ts')] });
    await pat.task.submit({ ...onPath('src/**'), needs: ['gpu'] });
    hub.clock.advance(1);
    const behind = await pat.task.submit(onPath('src/b.ts'));
    const ada = await worker(hub, 'ada');
    await expect(inHand(ada)).rejects.toThrow('nothing in its hand');
    await bob.lock.release({ holder: session('b') });
    expect((await inHand(ada)).taskId).toBe(behind.id);
    await expectNoMissedMatch(pat);
  });

  test('what waits for a key is found behind many that nobody here can do', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    await pat.task.submit({ title: 'first', concurrencyKey: 'k' });
    const held = await begin(ada);
    const bob = await worker(hub, 'bob');
    const gpu = { title: 'gpu', concurrencyKey: 'k', needs: ['gpu'] };
    for (let n = 0; n < 3; n++) {
      await pat.batch.submit({ tasks: Array.from({ length: 400 }, () => gpu) });
    }
    hub.clock.advance(10);
    const last = await pat.task.submit({ title: 'last', concurrencyKey: 'k' });
    await ada.client.agent.drain({ sessionId: ada.sessionId });
    await ada.client.task.complete(held);
    expect((await inHand(bob)).taskId).toBe(last.id);
    await expectNoMissedMatch(pat);
  }, 60_000);

  test('who looks whether a path is free takes no place in the line of its locks', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const bob = await hub.as('bob');
    await bob.lock.acquire({ holder: session('b'), items: [at('src/a.ts')] });
    const place = () => hub.store.read.get(sql`select last_place from lock_lines`);
    const before = await place();
    const ada = await worker(hub, 'ada');
    await pat.task.submit(onPath('src/**'));
    await pat.task.submit(onPath('src/a.ts'));
    await expect(inHand(ada)).rejects.toThrow('nothing in its hand');
    expect(await place()).toEqual(before);
  });
});
