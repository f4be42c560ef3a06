/**
 * Agents on sockets churn through tasks, and tell of each one to two others that only poll: one
 * reads its mailbox by cursor, the other has the plain inbox. Both get each message once, in order.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { makeHome, type Home } from '../../src/cli/fixture.ts';
import type { Client } from '../../src/client/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { type HubProcess, startHub } from './hub-process.ts';

const AGENTS = ['ada', 'ben', 'cleo', 'dora'];
const TASKS = 120;
const OPEN_MAX = 12;
/** So that several messages wait for a poll. */
const POLL_MS = 100;
const WAIT = { timeout: 30_000, interval: 20 };
const clock = systemClock();

let home: Home;
let hub: HubProcess;

beforeEach(async () => {
  home = await makeHome();
  hub = await startHub(home, { more: ['--no-verifier'] });
});
afterEach(async () => {
  hub.close();
  await home.close();
});

interface Heard {
  id: string;
  from: string;
  text: string;
}

/** Takes what is offered, and tells of it when it is done. */
async function churn(name: string, sent: Heard[], faults: unknown[]): Promise<void> {
  const client = await hub.as(name, 'socket');
  const { cursor } = await client.agent.connect({});
  let count = 0;
  const work = async (taskId: string, fence: number): Promise<void> => {
    await client.task.start({ taskId, fence });
    const text = String(++count);
    const word = { text, isSignal: true };
    // Before the task is done: then the next one may be under way.
    for (const agent of ['carol', 'bob']) {
      const { id } = await client.message.send({ to: { agent }, unknown: 'keep', ...word });
      sent.push({ id: `${agent} ${id}`, from: name, text });
    }
    await client.task.complete({ taskId, fence });
  };
  client.subscribe({
    after: cursor,
    filter: { mine: true },
    onEvent({ type, subject, data }) {
      if (type !== 'task.offered') return;
      work(subject, data.fence ?? 0).catch((error: unknown) => faults.push(error));
    },
  });
}

async function countDone(client: Client): Promise<number> {
  return (await client.hub.status()).tasks['done'] ?? 0;
}

async function submitAll(client: Client): Promise<void> {
  for (let count = 0; count < TASKS; count++) {
    await vi.waitUntil(async () => count - (await countDone(client)) < OPEN_MAX, WAIT);
    await client.task.submit({ title: `task ${count}` });
  }
  await vi.waitUntil(async () => (await countDone(client)) === TASKS, WAIT);
}

/** A page at a time, acknowledged up to its end. */
async function pollByCursor(client: Client, heard: Heard[], isOver: () => boolean): Promise<void> {
  let after = 0;
  for (;;) {
    await clock.sleep(POLL_MS);
    const isLast = isOver();
    const { items, nextCursor } = await client.message.read({ after, limit: 7, isPending: false });
    for (const { message, cursor } of items) {
      expect(cursor).toBeGreaterThan(after);
      heard.push({ id: message.id, from: message.from, text: message.text });
    }
    after = nextCursor;
    if (items.length > 0) await client.message.ack({ upTo: after });
    else if (isLast) return;
  }
}

const Inbox = z.array(z.object({ id: z.string(), from: z.string(), text: z.string() }));

/** All that waits, acknowledged one by one, as anybody can with curl. */
async function pollInbox(token: string, heard: Heard[], isOver: () => boolean): Promise<void> {
  const headers = { 'x-api-key': token };
  for (;;) {
    await clock.sleep(POLL_MS);
    const isLast = isOver();
    const answer = await fetch(`${hub.url}/api/signals/carol/inbox`, { headers });
    const signals = Inbox.parse(await answer.json());
    if (isLast && signals.length === 0) return;
    for (const signal of signals) {
      heard.push(signal);
      const url = `${hub.url}/api/signals/${signal.id}/ack`;
      const ack = await fetch(url, { method: 'PUT', headers });
      expect(await ack.json()).toMatchObject({ wasNew: true });
    }
  }
}

/** Of each sender what it has sent, in that order. */
function bySender(heard: readonly Heard[]): Record<string, string[]> {
  const texts: Record<string, string[]> = {};
  for (const { from, text } of heard) (texts[from] ??= []).push(text);
  return texts;
}

test('what is polled over HTTP comes once and in order while agents churn through tasks', async () => {
  const sent: Heard[] = [];
  const faults: unknown[] = [];
  const heard: Record<'bob' | 'carol', Heard[]> = { bob: [], carol: [] };
  const bob = await hub.as('bob');
  const { secret } = await hub.admin.token.create({ agent: 'carol' });
  let isOver = false;
  const polls = [
    pollByCursor(bob, heard.bob, () => isOver),
    pollInbox(secret, heard.carol, () => isOver),
  ];
  try {
    for (const name of AGENTS) await churn(name, sent, faults);
    await submitAll(hub.admin);
  } finally {
    isOver = true;
    await Promise.all(polls);
  }

  expect(faults).toEqual([]);
  for (const name of ['bob', 'carol'] as const) {
    const own = sent.filter(({ id }) => id.startsWith(`${name} `));
    expect(own).toHaveLength(TASKS);
    expect(heard[name]).toHaveLength(TASKS);
    expect(new Set(heard[name].map(({ id }) => `${name} ${id}`))).toEqual(
      new Set(own.map(({ id }) => id)),
    );
    expect(bySender(heard[name])).toEqual(bySender(own));
  }
  expect(Object.keys(bySender(sent)).toSorted()).toEqual(AGENTS);
  expect((await bob.message.read()).pending).toBe(0);
});
