/**
 * `kill -9` of the hub while agents send, are pushed to and acknowledge, with real processes. What
 * was answered is there once for each recipient, nothing is half there, and in the end nothing
 * waits.
 */
import { expect, test, vi } from 'vitest';
import { consume, type Client } from '../../src/client/index.ts';
import type { InboxItem } from '../../src/contract/index.ts';
import { makeHome } from '../../src/cli/fixture.ts';
import { startHub } from './hub-process.ts';

const KILLS = 6;
const SENDERS = 8;
const WAIT = { timeout: 30_000, interval: 20 };

/** Everything that ever lay in the mailbox, page by page. */
async function everything(client: Client): Promise<InboxItem[]> {
  const all: InboxItem[] = [];
  for (let after = 0; ;) {
    const page = await client.message.read({ after, limit: 200, isPending: false });
    all.push(...page.items);
    if (page.items.length === 0) return all;
    after = page.nextCursor;
  }
}

test('what was sent before the hub was killed is there, once for each recipient', async () => {
  const home = await makeHome();
  const hub = await startHub(home, { more: ['--no-verifier'], transport: 'socket' });
  try {
    const { admin: root } = hub;
    const as = (agent: string): Promise<Client> => hub.as(agent, 'socket');
    const [bob, carol] = [await as('bob'), await as('carol')];
    const handled: string[] = [];
    consume(bob, { onItem: ({ message }) => void handled.push(message.id) });
    await root.team.set({ name: 'crew', members: ['bob', 'carol'] });

    const answered: string[] = [];
    const over = new AbortController();
    const send = async (index: number): Promise<void> => {
      const client = await as(`sender-${index}`);
      for (let count = 0; !over.signal.aborted; count++) {
        const text = `${index}.${count}`;
        const { id } = await client.message.send({ to: { team: 'crew' }, text, isSignal: true });
        answered.push(id);
      }
    };
    const senders = Promise.all(Array.from({ length: SENDERS }, (_, index) => send(index)));
    for (let kill = 0; kill < KILLS; kill++) {
      const before = answered.length;
      await vi.waitUntil(() => answered.length > before + 20 + 37 * kill, WAIT);
      await hub.killAndRestart();
    }
    over.abort();
    await senders;

    const sent = new Set(answered);
    expect(sent.size).toBe(answered.length);
    await vi.waitUntil(() => handled.length >= answered.length, WAIT);
    await vi.waitUntil(async () => (await bob.message.read()).pending === 0, WAIT);
    for (const client of [bob, carol]) {
      const items = await everything(client);
      const ids = items.map(({ message }) => message.id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(items.map(({ cursor }) => cursor)).toEqual(ids.map((_, index) => index + 1));
      // Each answered one is there, and each that is there was answered: none was sent twice.
      expect(new Set(ids)).toEqual(sent);
      const texts = items.map(({ message }) => `${message.from} ${message.text}`);
      expect(new Set(texts).size).toBe(texts.length);
    }
    expect(new Set(handled).size).toBe(handled.length);
  } finally {
    hub.close();
    await home.close();
  }
}, 120_000);
