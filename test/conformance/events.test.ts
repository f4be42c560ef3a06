/** The log of events as readers see it: no gap, no repeat, by cursor, within a filter and a bound. */
import { expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import type { EventFrame, SignalboxError } from '../../src/contract/index.ts';
import { manualClock } from '../../src/core/clock.ts';
import { appendEvent } from '../../src/store/events.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine, openTestStore, type TestEngine } from '../support/engines.ts';
import { begin, hubOn, openTestHub, refusal, type TestHub, worker } from '../support/hub.ts';

const WRITERS = 50;
const EACH = 6;

async function hubsOf(engine: TestEngine): Promise<TestHub[]> {
  const { store, secondHub } = await openTestStore(engine);
  const clock = manualClock();
  const first = await hubOn(store, { clock });
  if (engine !== 'postgres') return [first];
  return [first, await hubOn(await secondHub(), { clock, seed: 2 })];
}

/** Follows a feed, and comes back by its cursor after every few events. */
function follow(client: Client, breakAfter: number): number[] {
  const seen: number[] = [];
  const open = (): void => {
    let count = 0;
    const feed = client.subscribe({
      after: seen.at(-1) ?? 0,
      onEvent: ({ seq }) => {
        if (count >= breakAfter) return;
        seen.push(seq);
        count += 1;
        if (count < breakAfter) return;
        feed.close();
        open();
      },
    });
  };
  open();
  return seen;
}

/** Reads pages by cursor until it has seen as many as there are. */
async function readAll(client: Client, upTo: () => Promise<number>): Promise<number[]> {
  const seen: number[] = [];
  let after = 0;
  while (after < (await upTo())) {
    const { items, nextCursor } = await client.event.list({ after, limit: 7 });
    seen.push(...items.map(({ seq }) => seq));
    after = nextCursor;
    // Asked in one process nothing else would ever have its turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return seen;
}

eachEngine((engine) => {
  test('fifty writers, and every reader sees every event once', { timeout: 60_000 }, async () => {
    const hubs = await hubsOf(engine);
    const clients = await Promise.all(hubs.map((hub) => hub.as('root', 'admin')));
    const [root] = clients;
    if (root === undefined) throw new Error('no hub');
    const steady = clients.map((client) => follow(client, Number.MAX_SAFE_INTEGER));
    const broken = clients.map((client) => follow(client, 3));
    let isOver = false;
    const head = async (): Promise<number> => {
      const { cursor } = await root.hub.status();
      return isOver ? cursor : Number.MAX_SAFE_INTEGER;
    };
    const read = Promise.all(clients.map((client) => readAll(client, head)));
    await Promise.all(
      Array.from({ length: WRITERS }, async (_, writer) => {
        const client = clients[writer % clients.length];
        for (let index = 0; index < EACH; index++) {
          await client?.task.submit({ title: `${writer} ${index}` });
        }
      }),
    );
    const counted = async (): Promise<unknown> =>
      root.event.list({ limit: 1_000 }).then(({ items }) => items.length);
    const made = WRITERS * EACH + clients.length;
    await expect.poll(counted).toBe(made);
    isOver = true;
    const whole = Array.from({ length: made }, (_, index) => index + 1);
    for (const seen of [...steady, ...broken]) await expect.poll(() => seen).toEqual(whole);
    for (const seen of await read) expect(seen).toEqual(whole);
  });

  test('a cursor from the future is refused, and names the newest there is', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const latest = async (): Promise<number> => (await person.hub.status()).cursor;
    await expect.poll(latest).toBeGreaterThan(0);
    const error = await refusal(person.event.list({ after: (await latest()) + 1 }));
    expect(error.code).toBe('invalid_input');
    expect(error.details).toEqual({ latest: await latest() });
    expect(await person.event.list({ after: await latest() })).toMatchObject({ items: [] });
    let end: SignalboxError | undefined;
    const onEnd = (reason: SignalboxError | undefined) => (end = reason);
    person.subscribe({ after: 1_000, onEvent: () => {}, onEnd });
    await expect.poll(() => end?.code).toBe('invalid_input');
  });

  test('a cursor older than what is kept is refused, and names where to begin', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    for (let index = 0; index < 5; index++) await person.task.submit({ title: `${index}` });
    await expect.poll(async () => (await person.hub.status()).cursor).toBe(6);
    await hub.store.transaction((tx) => tx.run(sql`delete from events where seq <= 3`));
    for (const call of [
      () => person.event.list({ after: 1 }),
      () => person.event.list({ after: 2 }),
    ]) {
      const error = await refusal(call());
      expect([error.code, error.details]).toEqual(['cursor_expired', { earliest: 3 }]);
    }
    let end: SignalboxError | undefined;
    const onEnd = (reason: SignalboxError | undefined) => (end = reason);
    person.subscribe({ after: 1, onEvent: () => {}, onEnd });
    await expect.poll(() => end?.code).toBe('cursor_expired');
    const { items } = await person.event.list({ after: 3 });
    expect(items.map(({ seq }) => seq)).toEqual([4, 5, 6]);
    expect((await person.event.list()).items.map(({ seq }) => seq)).toEqual([4, 5, 6]);
  });

  test('a filter narrows by type, subject and addressee, live and from the log', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'Ada');
    const bob = await worker(hub, 'bob');
    const mine: string[] = [];
    const types: string[] = [];
    const subjects: string[] = [];
    const first = await ada.client.task.submit({ title: 'first' });
    const { client } = ada;
    const add = (list: string[]) => (event: { type: string }) => list.push(event.type);
    client.subscribe({ after: 0, filter: { mine: true }, onEvent: add(mine) });
    const wanted = { types: ['task.done' as const] };
    client.subscribe({ after: 0, filter: wanted, onEvent: add(types) });
    client.subscribe({ after: 0, filter: { subject: first.id }, onEvent: add(subjects) });
    const held = await begin(ada);
    hub.clock.advance(1);
    await client.task.complete(held);
    await client.task.submit({ title: 'second' });
    await bob.client.task.complete(await begin(bob));
    const life = ['task.queued', 'task.offered', 'task.accepted', 'task.running', 'task.done'];
    await expect.poll(() => subjects).toEqual(life);
    await expect.poll(() => types).toEqual(['task.done', 'task.done']);
    expect(mine).toEqual(['task.offered', 'task.accepted', 'task.running']);
    const listed = await client.event.list({ filter: { mine: true } });
    expect(listed.items.map(({ type }) => type)).toEqual(mine);
    expect(listed.nextCursor).toBe(listed.headCursor);
  });

  test('whoever has written something finds its event at once', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    for (let index = 0; index < 30; index++) {
      const { id } = await person.task.submit({ title: `${index}` });
      const { items } = await person.event.list({ filter: { subject: id } });
      expect(items.map(({ type }) => type)).toEqual(['task.queued']);
    }
  });

  test('what a hub of a later version writes beside this one stops nobody here', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const live: string[] = [];
    person.subscribe({ after: 0, onEvent: ({ type }) => live.push(type) });
    const event = {
      project: 'default',
      atMs: hub.clock.nowMs(),
      type: 'task.dreamt',
      subject: 'tsk_1',
      actor: 'pat',
      audience: null,
      data: '{}',
    };
    await hub.store.transaction((tx) => appendEvent(tx, event));
    const data = '{"title":"x","colour":"red"}';
    await hub.store.transaction((tx) => appendEvent(tx, { ...event, type: 'task.queued', data }));
    const { items, nextCursor, headCursor } = await person.event.list();
    expect(items.map(({ type }) => type)).toEqual(['task.queued']);
    expect(items[0]?.data).toEqual({ title: 'x' });
    expect(nextCursor).toBe(headCursor);
    await expect.poll(() => live).toEqual(['task.queued']);
    const behind: string[] = [];
    person.subscribe({ after: 0, onEvent: ({ type }) => behind.push(type) });
    await expect.poll(() => behind).toEqual(['task.queued']);
  });

  test('events about tokens are for admins', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const root = await hub.as('root', 'admin');
    const count = async (client: Client): Promise<number> =>
      (await client.event.list()).items.filter(({ type }) => type.startsWith('token.')).length;
    await expect.poll(() => count(root)).toBe(2);
    expect(await count(person)).toBe(0);
  });

  test('a reader that is full is sent nothing more until it goes on', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const credential = hub.hub.credentialOf('slow', 'observer');
    const seen: number[] = [];
    const ROOM = 5;
    let room = ROOM;
    const deliver = ({ seq }: EventFrame): boolean => {
      seen.push(seq);
      room -= 1;
      return room > 0;
    };
    const end = (): void => {};
    const types = ['task.queued' as const];
    const feed = await hub.hub.subscribe({ after: 0, filter: { types }, credential, deliver, end });
    for (let index = 0; index < 40; index++) await person.task.submit({ title: `${index}` });
    await expect.poll(() => seen.length).toBe(ROOM);
    await expect.poll(async () => (await person.hub.status()).cursor).toBe(41);
    expect(seen).toHaveLength(ROOM);
    for (let turn = 2; turn <= 8; turn++) {
      room = ROOM;
      feed.drain();
      await expect.poll(() => seen.length).toBe(turn * ROOM);
    }
    expect(seen).toEqual(Array.from({ length: 40 }, (_, index) => index + 2));
    room = ROOM;
    feed.drain();
    await person.task.submit({ title: 'live again' });
    await expect.poll(() => seen.length).toBe(41);
    feed.close();
    await person.task.submit({ title: 'not heard' });
    expect(seen).toHaveLength(41);
  });

  test('what is committed after a command is an event that follows its cursor', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    const { cursor, taskId } = await ada.agent.connect({});
    expect(taskId).toBeNull();
    const seen: string[] = [];
    const { id } = await ada.task.submit({ title: 'first' });
    const filter = { mine: true };
    ada.subscribe({ after: cursor, filter, onEvent: ({ subject }) => seen.push(subject) });
    await expect.poll(() => seen).toEqual([id]);
  });
});
