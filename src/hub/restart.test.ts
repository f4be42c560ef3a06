/** What a hub does for those who were at work when it was killed. */
import { expect, test } from 'vitest';
import { createClient } from '../client/client.ts';
import { localTransport } from '../client/local.ts';
import type { Client } from '../client/client.ts';
import { manualClock } from '../core/clock.ts';
import { seededRandom } from '../core/random.ts';
import { eachEngine, openTestStore, type TestStore } from '../../test/support/engines.ts';
import { createHub, type Hub } from './hub.ts';

const COMMIT = 'a'.repeat(40);

eachEngine((engine) => {
  test('a restarted hub waits for a verifier elsewhere, not for the one it had itself', async () => {
    const { store } = await openTestStore(engine);
    const first = await open(store);
    await handIn(first.as('ada'));
    const { verification: held } = await first.as('own').change.claim();
    expect(held?.change.state).toBe('verifying');

    // The first was killed: it never closes, and its verifier never says another word.
    const second = await open(store);
    await second.hub.tick();
    const { verification: again } = await second.as('own').change.claim();
    const isAlone = store.engine === 'sqlite';
    expect(again?.change.id).toBe(isAlone ? held?.change.id : undefined);
  });

  test('a verifier elsewhere keeps what it holds while its hub is started again', async () => {
    const { store } = await openTestStore(engine);
    const first = await open(store);
    await handIn(first.as('ada'));
    const { verification: held } = await first.as('elsewhere').change.claim();

    const second = await open(store);
    await second.hub.tick();
    expect((await second.as('own').change.claim()).verification).toBeNull();
    const { id } = held?.change ?? { id: '' };
    const lease = held?.lease ?? 0;
    await second.as('elsewhere').change.heartbeat({ id, lease });
  });
});

interface Opened {
  hub: Hub;
  as: (name: 'ada' | 'own' | 'elsewhere') => Client;
}

async function open(store: TestStore['store']): Promise<Opened> {
  const hub = await createHub({
    store,
    clock: manualClock(),
    random: seededRandom(1),
    version: '0',
    ownVerifier: 'own',
  });
  return {
    hub,
    as(name) {
      const role = name === 'ada' ? 'agent' : 'verifier';
      return createClient(localTransport(hub.connect(), hub.credentialOf(name, role)));
    },
  };
}

/** A task on its whole way to the verifier, by one who asks for it. */
async function handIn(agent: Client): Promise<void> {
  await agent.task.submit({ title: 'a task', repository: '/srv/app.git' });
  const { assignment } = await agent.task.pull();
  const { id: taskId = '', fence = 0, attempt = 0 } = assignment?.task ?? {};
  const branch = `signalbox/${taskId}/${attempt}`;
  const change = { branch, base: COMMIT, head: 'b'.repeat(40) };
  await agent.task.complete({ taskId, fence, change });
}
