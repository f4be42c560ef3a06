/** Messages and signals: that what is sent arrives, and how its sender knows. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { consume, type Client } from '../../src/client/index.ts';
import {
  type Event,
  type EventType,
  type InboxItem,
  type Input,
  limits,
} from '../../src/contract/index.ts';
import { eachEngine, openTestStore, type TestEngine } from '../support/engines.ts';
import { hubOn, NOBODY, openTestHub, refusal, reopen, type TestHub } from '../support/hub.ts';

interface Talk {
  hub: TestHub;
  ada: Client;
  bob: Client;
  pat: Client;
}

/** ada and bob have registered; pat looks after the project. */
async function talk(engine: TestEngine): Promise<Talk> {
  return talkOn(await openTestHub(engine));
}

async function talkOn(hub: TestHub): Promise<Talk> {
  const [ada, bob] = [await hub.as('ada'), await hub.as('bob')];
  for (const client of [ada, bob]) await client.message.read();
  return { hub, ada, bob, pat: await hub.as('pat', 'operator') };
}

const toBob = { to: { agent: 'bob' } } as const;
type More = Partial<Input<'message.send'>>;

/** From ada to bob. */
const send = async ({ ada }: Talk, more: More = {}): Promise<string> =>
  (await ada.message.send({ ...toBob, text: 'hello', ...more })).id;
const signal = (at: Talk, more: More = {}) => send(at, { isSignal: true, ...more });

const inbox = async (client: Client, input: Input<'message.read'> = {}): Promise<string[]> =>
  (await client.message.read(input)).items.map(({ message }) => message.id);

async function receive(client: Client, more: Input<'message.receive'> = {}): Promise<InboxItem> {
  const [item] = (await client.message.receive(more)).items;
  if (item === undefined) throw new Error('nothing was handed out');
  return item;
}

const held = ({ message, receipt }: InboxItem) => ({ id: message.id, receipt });

async function ladder({ ada }: Talk, id: string) {
  const [delivery] = (await ada.message.show({ id })).deliveries;
  if (delivery === undefined) throw new Error('there is no delivery');
  return delivery;
}

/** What a reader has been told of these types, in order; waits until there are so many. */
async function told(client: Client, types: EventType[], count: number): Promise<Event[]> {
  const ask = async () => (await client.event.list({ filter: { types, mine: true } })).items;
  await expect.poll(async () => (await ask()).length).toBe(count);
  return ask();
}

eachEngine((engine) => {
  test('who says no name where none is asked for acknowledges only for a single recipient', async () => {
    const hub = await openTestHub(engine, { auth: 'none' });
    const ask = async (operation: string, input: object, agent?: string) =>
      hub.hub.invoke({ operation, input, credential: agent === undefined ? {} : { agent } });
    const sent = async (to: object) => {
      const input = { to, isSignal: true };
      return z.object({ id: z.string() }).parse((await ask('message.send', input, 'ada')).output)
        .id;
    };
    for (const name of ['bob', 'carol']) await ask('message.read', {}, name);
    const pat = await hub.as('pat', 'operator');
    await pat.team.set({ name: 'reviewers', members: ['bob', 'carol'] });
    const one = await sent({ agent: 'bob' });
    const two = await sent({ team: 'reviewers', mode: 'all' });
    expect((await ask('message.ack', { ids: [one] })).output).toEqual({ count: 1 });
    expect((await ask('message.ack', { ids: [one] })).output).toEqual({ count: 0 });
    await expect(ask('message.ack', { ids: [two] })).rejects.toMatchObject({ code: 'not_found' });
    await expect(ask('message.ack', { ids: [one] }, 'dave')).rejects.toMatchObject({
      code: 'not_found',
    });
    const { output } = await ask('message.read', {}, 'bob');
    expect(output).toMatchObject({ items: [{ message: { id: two } }] });
    const shown = (await ask('message.show', { id: one }, 'ada')).output;
    expect(shown).toMatchObject({ deliveries: [{ recipient: 'bob', state: 'acked' }] });
  });

  describe('pages that end by their size', () => {
    const count = 15;
    const sendLong = async (at: Talk, more: More = {}): Promise<string[]> => {
      const ids: string[] = [];
      for (let n = 0; n < count; n++) {
        ids.push(await signal(at, { text: 'x'.repeat(150_000), ...more }));
      }
      return ids;
    };

    test('whoever consumes gets all that waits, and what comes after it', async () => {
      const at = await talk(engine);
      const sent = await sendLong(at);
      const got: string[] = [];
      const mail = consume(at.bob, { onItem: ({ message }) => void got.push(message.id) });
      onTestFinished(() => mail.close());
      await expect.poll(() => got).toEqual(sent);
      const last = await signal(at);
      await expect.poll(() => got).toEqual([...sent, last]);
      await expect.poll(() => inbox(at.bob)).toEqual([]);
    });

    test('dead letters come page by page, none left out', async () => {
      const at = await talk(engine);
      const sent = await sendLong(at, { isSignal: false });
      for (const _ of sent) {
        await at.bob.message.term({ ...held(await receive(at.bob)), reason: 'no' });
      }
      const seen: string[] = [];
      let pages = 0;
      for (let cursor: string | undefined | null = undefined; cursor !== null; pages++) {
        const page = await at.pat.message.dead({ ...(cursor && { cursor }) });
        seen.push(...page.items.map(({ message }) => message.id));
        cursor = page.nextCursor;
      }
      expect(seen.toSorted()).toEqual(sent.toSorted());
      expect(pages).toBeGreaterThan(2);
    });
  });

  describe('the ladder', () => {
    test('each rung has its time, and a later one fills those before it', async () => {
      const at = await talk(engine);
      const id = await signal(at);
      const none = { offeredAtMs: null, seenAtMs: null, ackedAtMs: null, answeredAtMs: null };
      expect(await ladder(at, id)).toMatchObject({ state: 'pending', cursor: 1, ...none });
      await at.hub.pass(1_000);
      const [item] = (await at.bob.message.read()).items;
      const first = await ladder(at, id);
      expect(first.offeredAtMs).toBeGreaterThanOrEqual(first.storedAtMs + 1_000);
      expect(first.seenAtMs).toBeNull();
      await at.hub.pass(1_000);
      if (item === undefined) throw new Error('it is not there');
      expect(await at.bob.message.seen({ items: [held(item)] })).toEqual({ count: 1 });
      expect(await at.bob.message.seen({ items: [held(item)] })).toEqual({ count: 0 });
      const second = await ladder(at, id);
      expect(second).toMatchObject({ offeredAtMs: first.offeredAtMs, ackedAtMs: null });
      expect(second.seenAtMs).toBeGreaterThanOrEqual((first.offeredAtMs ?? 0) + 1_000);
      await at.hub.pass(1_000);
      await at.bob.message.send({ to: { agent: 'ada' }, replyTo: id, text: 'done' });
      const last = await ladder(at, id);
      expect(last).toMatchObject({ state: 'acked', seenAtMs: second.seenAtMs, nextCheckMs: null });
      expect(last.ackedAtMs).toBeGreaterThanOrEqual((second.seenAtMs ?? 0) + 1_000);
      expect(last.answeredAtMs).toBe(last.ackedAtMs);
      const types: EventType[] = ['message.seen', 'message.acked', 'message.answered'];
      const events = await told(at.ada, types, 2);
      expect(events.map(({ type, subject }) => [type, subject])).toEqual([
        ['message.seen', id],
        ['message.answered', id],
      ]);
    });

    test('a plain read burns nothing, and what is acknowledged is gone', async () => {
      const at = await talk(engine);
      const ids = [await send(at), await send(at), await send(at)];
      expect(await inbox(at.bob)).toEqual(ids);
      expect(await inbox(at.bob)).toEqual(ids);
      expect(await at.bob.message.ack({ ids: ids.slice(0, 1) })).toEqual({ count: 1 });
      expect(await at.bob.message.ack({ ids: ids.slice(0, 1) })).toEqual({ count: 0 });
      expect(await inbox(at.bob)).toEqual(ids.slice(1));
      expect(await inbox(at.bob, { isPending: false })).toEqual(ids);
      expect((await at.bob.message.read()).pending).toBe(2);
    });

    test('the push brings the message, and long ones are read', async () => {
      const at = await talk(engine);
      const data = { a: [1, { b: null }], ключ: '\u0000' };
      const id = await send(at, { data, thread: 't' });
      const text = 'x'.repeat(limits.inlineCharsMax + 1);
      const long = await send(at, { text });
      const [short, other] = await told(at.bob, ['message.stored'], 2);
      expect(short).toMatchObject({ subject: id, audience: 'bob', data: { item: { cursor: 1 } } });
      expect(short?.data.item?.message).toMatchObject({ id, from: 'ada', data, thread: 't' });
      expect(other?.data.item).toBeUndefined();
      expect(other?.subject).toBe(long);
      const { items } = await at.bob.message.read({ after: 1 });
      expect(items[0]?.message.text).toBe(text);
      expect((await at.bob.message.read()).items[0]).toEqual(
        expect.objectContaining({ message: short?.data.item?.message }),
      );
    });

    test('one call tells a sender once, whichever of its signals is looked for', async () => {
      const at = await talk(engine);
      const ids = [await signal(at), await signal(at), await send(at)];
      await at.bob.message.ack({ ids });
      const [event] = await told(at.ada, ['message.acked'], 1);
      expect(event).toMatchObject({ subject: ids[0], audience: 'ada', data: { agent: 'bob' } });
      expect(event?.data.ids).toEqual(ids.slice(0, 2));
      for (const [index, subject] of ids.entries()) {
        const filter = { types: ['message.acked' as const], subject };
        const { items } = await at.ada.event.list({ filter });
        expect(items).toHaveLength(index < 2 ? 1 : 0);
      }
    });

    test('why says on which rung it stands and what it waits for', async () => {
      const at = await talk(engine);
      const id = await signal(at);
      const facts = async () => (await at.ada.why({ id })).facts.map(({ fact }) => fact).join();
      expect(await facts()).toContain('lies in the mailbox of bob');
      const item = await receive(at.bob);
      expect(await facts()).toContain('bob has it under a lease');
      await at.bob.message.nack({ ...held(item), delayMs: 5_000, reason: 'no disk' });
      expect(await facts()).toContain('waits after 1 failures: no disk');
      await at.bob.message.ack({ ids: [id] });
      expect(await at.ada.why({ id })).toMatchObject({ state: 'acked', facts: [] });
    });
  });

  describe('signals under a lease', () => {
    test('what is not acknowledged in time is handed out again, flagged, by a new receipt', async () => {
      const at = await talk(engine);
      await signal(at);
      const first = await receive(at.bob, { leaseMs: 5_000 });
      expect(first).toMatchObject({ state: 'leased', handOuts: 1, isRedelivered: false });
      expect((await at.bob.message.receive()).items).toEqual([]);
      await at.hub.pass(4_999);
      expect((await at.bob.message.receive()).items).toEqual([]);
      await at.hub.pass(1);
      const second = await receive(at.bob);
      expect(second).toMatchObject({ handOuts: 2, isRedelivered: true });
      expect(second.receipt).not.toBe(first.receipt);
      for (const stale of [
        () => at.bob.message.progress({ ...held(first), leaseMs: 5_000 }),
        () => at.bob.message.nack(held(first)),
        () => at.bob.message.term({ ...held(first), reason: 'x' }),
        () => at.bob.message.seen({ items: [held(first)] }),
      ]) {
        expect((await refusal(stale())).code).toBe('conflict');
      }
      expect(await at.bob.message.ack({ ids: [first.message.id] })).toEqual({ count: 1 });
      const events = await told(at.bob, ['message.returned'], 1);
      expect(events[0]?.data.item).toMatchObject({ handOuts: 1, isRedelivered: true });
    });

    test('progress holds it for longer', async () => {
      const at = await talk(engine);
      await signal(at);
      const item = await receive(at.bob, { leaseMs: 5_000 });
      await at.hub.pass(4_000);
      await at.bob.message.progress({ ...held(item), leaseMs: 10_000 });
      await at.hub.pass(9_999);
      expect((await ladder(at, item.message.id)).state).toBe('leased');
      await at.hub.pass(1);
      expect(await ladder(at, item.message.id)).toMatchObject({ state: 'pending', failures: 1 });
    });

    test('what is given back waits out its delay, and is pushed again then', async () => {
      const at = await talk(engine);
      await signal(at);
      const item = await receive(at.bob);
      await at.bob.message.nack({ ...held(item), delayMs: 5_000, reason: 'busy' });
      expect(await inbox(at.bob)).toEqual([]);
      await at.hub.pass(4_999);
      expect((await at.bob.message.receive()).items).toEqual([]);
      await at.hub.pass(1);
      await told(at.bob, ['message.returned'], 1);
      expect(await receive(at.bob)).toMatchObject({ handOuts: 2, isRedelivered: true });
    });

    test('after five failures it is dead, its sender is told, and redrive restores it', async () => {
      const at = await talk(engine);
      const id = await signal(at);
      for (let count = 0; count < limits.messageFailuresMax; count++) {
        await at.bob.message.nack({ ...held(await receive(at.bob)), reason: 'no luck' });
      }
      expect(await ladder(at, id)).toMatchObject({ state: 'dead', failures: 5, nextCheckMs: null });
      const [event] = await told(at.ada, ['message.dead'], 1);
      expect(event).toMatchObject({ subject: id, data: { agent: 'bob' } });
      expect(event?.data.reason).toContain('no luck');
      for (const reader of [at.ada, at.bob, at.pat]) {
        const { items } = await reader.message.dead();
        expect(items.map(({ message }) => message.id)).toEqual([id]);
      }
      const carol = await at.hub.as('carol');
      expect((await carol.message.dead()).items).toEqual([]);
      expect((await refusal(carol.message.redrive({ id }))).code).toBe('not_found');
      const later = await send(at);
      expect(await at.ada.message.redrive({ id })).toEqual({ count: 1 });
      expect((await refusal(at.ada.message.redrive({ id }))).code).toBe('conflict');
      expect(await ladder(at, id)).toMatchObject({ state: 'pending', failures: 0, handOuts: 0 });
      expect(await inbox(at.bob)).toEqual([later, id]);
      expect((await receive(at.bob)).message.id).toBe(later);
      expect(await receive(at.bob)).toMatchObject({ message: { id }, isRedelivered: false });
    });

    test('a dead letter is found again where all around it has ended', async () => {
      const at = await talk(engine);
      const id = await signal(at);
      await at.bob.message.term({ ...held(await receive(at.bob)), reason: 'not mine' });
      const others = [await send(at), await send(at)];
      expect(await inbox(at.bob)).toEqual(others);
      await at.bob.message.ack({ ids: others });
      expect(await inbox(at.bob)).toEqual([]);
      await at.bob.message.redrive({ id });
      expect(await inbox(at.bob)).toEqual([id]);
      expect((await at.bob.message.read()).pending).toBe(1);
    });

    test('a plain message outlives any number of lapses', async () => {
      const at = await talk(engine);
      const id = await send(at);
      for (let count = 0; count < limits.messageHandOutsMax + 2; count++) {
        await receive(at.bob, { leaseMs: 1_000 });
        await at.hub.pass(1_000);
      }
      expect(await ladder(at, id)).toMatchObject({ state: 'pending', handOuts: 22, failures: 22 });
    });

    test('who is gone holds nothing, and that counts as a failure', async () => {
      const at = await talk(engine);
      const { sessionId } = await at.bob.agent.connect({});
      const id = await signal(at);
      await receive(at.bob, { leaseMs: limits.messageLeaseMsMax });
      await at.hub.pass(limits.agentLeaseMs);
      expect(await ladder(at, id)).toMatchObject({ state: 'pending', failures: 1 });
      await at.bob.agent.connect({ sessionId });
      await receive(at.bob, { leaseMs: limits.messageLeaseMsMax });
      await at.bob.agent.disconnect({ sessionId });
      await at.hub.pass(0);
      expect(await ladder(at, id)).toMatchObject({ state: 'pending', failures: 2 });
    });

    test('an expired message is swept with a record', async () => {
      const at = await talk(engine);
      const ids = [await signal(at, { ttlMs: 5_000 }), await send(at, { ttlMs: 5_000 })];
      await receive(at.bob);
      await at.hub.pass(4_999);
      expect((await at.bob.message.read()).items).toHaveLength(1);
      await at.hub.pass(1);
      expect((await at.bob.message.read()).items).toEqual([]);
      expect(await at.bob.message.ack({ ids })).toEqual({ count: 0 });
      for (const id of ids) expect(await ladder(at, id)).toMatchObject({ state: 'expired' });
      const events = await told(at.ada, ['message.expired'], 2);
      expect(events.map(({ subject }) => subject).toSorted()).toEqual(ids.toSorted());
    });

    test.skipIf(engine === 'sqlite memory')(
      'a restart of the hub begins leases anew and counts as nothing',
      async () => {
        const { store, options } = await openTestStore(engine);
        const before = await talkOn(await hubOn(store));
        const id = await signal(before);
        const item = await receive(before.bob, { leaseMs: 1_000 });
        await before.hub.close();
        before.hub.clock.advance(60 * 60_000);
        const at = await talkOn(await reopen(options, { clock: before.hub.clock }));
        await at.hub.pass(0);
        expect(await ladder(at, id)).toMatchObject({ state: 'leased', failures: 0 });
        await at.bob.message.progress({ ...held(item), leaseMs: 1_000 });
        expect(await at.bob.message.ack({ ids: [id] })).toEqual({ count: 1 });
      },
    );
  });

  describe('the mailbox', () => {
    test('pages by cursor bring everything once, and a cursor from the future is refused', async () => {
      const at = await talk(engine);
      const ids: string[] = [];
      for (let count = 0; count < 7; count++) ids.push(await send(at));
      const seen: string[] = [];
      let after = 0;
      for (let page = 0; page < 4; page++) {
        const { items, nextCursor } = await at.bob.message.read({ after, limit: 3 });
        seen.push(...items.map(({ message }) => message.id));
        after = nextCursor;
      }
      expect(seen).toEqual(ids);
      expect(after).toBe(7);
      const late = await refusal(at.bob.message.read({ after: 8 }));
      expect(late).toMatchObject({ code: 'invalid_input', details: { latest: 7 } });
      for (const upTo of [8, 2 ** 40]) {
        expect((await refusal(at.bob.message.ack({ upTo }))).code).toBe('invalid_input');
        expect((await refusal(at.bob.message.offered({ upTo }))).code).toBe('invalid_input');
      }
      for (const limit of [-1, 0, limits.pageMax + 1, 1.5]) {
        expect((await refusal(at.bob.message.read({ limit }))).code).toBe('invalid_input');
      }
    });

    test('acknowledging up to a cursor touches only what was offered', async () => {
      const at = await talk(engine);
      const ids = [await send(at), await send(at), await send(at), await send(at)];
      await at.bob.message.read({ limit: 1 });
      expect(await at.bob.message.ack({ upTo: 4 })).toEqual({ count: 1 });
      expect(await at.bob.message.offered({ upTo: 3 })).toEqual({ count: 2 });
      expect(await at.bob.message.offered({ upTo: 3 })).toEqual({ count: 0 });
      expect(await at.bob.message.ack({ upTo: 2 })).toEqual({ count: 1 });
      expect(await at.bob.message.ack({ upTo: 4 })).toEqual({ count: 1 });
      expect(await inbox(at.bob)).toEqual(ids.slice(3));
    });

    test('a page ends where its texts grow large, and nothing is passed over', async () => {
      const at = await talk(engine);
      const text = 'é'.repeat(limits.messageCharsMax);
      const ids: string[] = [];
      for (let count = 0; count < 6; count++) ids.push(await send(at, { text }));
      const page = await at.bob.message.read();
      expect(page.items).toHaveLength(3);
      const rest = await at.bob.message.read({ after: page.nextCursor });
      const both = [...page.items, ...rest.items].map(({ message }) => message.id);
      expect(both).toEqual(ids);
      expect((await at.bob.message.receive({ limit: 6 })).items).toHaveLength(3);
      const { items, nextCursor } = await at.bob.message.list();
      expect(items).toHaveLength(3);
      expect((await at.bob.message.list({ cursor: nextCursor ?? '' })).items).toHaveLength(3);
    });

    test('types and threads narrow what is read and what is handed out', async () => {
      const at = await talk(engine);
      const a = await send(at, { type: 'A', thread: 'x' });
      const b = await send(at, { type: 'B', thread: 'x' });
      const c = await send(at, { type: 'C' });
      expect(await inbox(at.bob, { types: ['C', 'A', 'A'] })).toEqual([a, c]);
      expect(await inbox(at.bob, { types: ['A', 'C'], isPending: false })).toEqual([a, c]);
      expect(await inbox(at.bob, { thread: 'x' })).toEqual([a, b]);
      const { items } = await at.bob.message.receive({ limit: 5, types: ['C', 'B'] });
      expect(items.map(({ message }) => message.id)).toEqual([b, c]);
    });

    test('urgent threads go first, and within a thread nothing overtakes', async () => {
      const at = await talk(engine);
      const first = await send(at, { thread: 'a', priority: 'low' });
      const other = await send(at, { thread: 'b', priority: 'high' });
      const second = await send(at, { thread: 'a', priority: 'urgent' });
      const { items } = await at.bob.message.receive({ limit: 3 });
      expect(items.map(({ message }) => message.id)).toEqual([other, first, second]);
    });

    test('names fold, and a mailbox may be there before its agent', async () => {
      const at = await talk(engine);
      const error = await refusal(at.ada.message.send({ to: { agent: 'FirstResponder' } }));
      expect(error).toMatchObject({ code: 'not_found' });
      const to = { agent: 'FirstResponder' };
      const { id } = await at.ada.message.send({ to, text: 'x', unknown: 'keep' });
      const responder = await at.hub.as('first_responder');
      expect(await inbox(responder)).toEqual([id]);
      await at.ada.message.send({ to: { agent: 'FIRST-RESPONDER' }, text: 'y' });
      expect(await inbox(responder)).toHaveLength(2);
      expect((await refusal(at.ada.message.send({ to: { agent: 'bo' } }))).hint).toContain('bob');
    });
  });

  describe('who may read', () => {
    test('a letter is the business of its ends and of those who see all', async () => {
      const at = await talk(engine);
      const id = await send(at, { text: 'between us' });
      const carol = await at.hub.as('carol');
      const observer = await at.hub.as('olga', 'observer');
      for (const reader of [at.ada, at.bob, at.pat, observer]) {
        expect((await reader.message.show({ id })).message.text).toBe('between us');
        expect((await reader.message.list()).items).toHaveLength(1);
      }
      expect((await refusal(carol.message.show({ id }))).code).toBe('not_found');
      expect((await refusal(carol.why({ id }))).code).toBe('not_found');
      expect((await refusal(carol.message.ack({ ids: [id] }))).code).toBe('not_found');
      const reply = carol.message.send({ to: { agent: 'ada' }, replyTo: id });
      expect((await refusal(reply)).code).toBe('not_found');
      expect((await carol.message.list()).items).toEqual([]);
      await told(at.bob, ['message.stored'], 1);
      const types: EventType[] = ['message.stored'];
      expect((await carol.event.list({ filter: { types } })).items).toEqual([]);
      expect((await observer.event.list({ filter: { types } })).items).toHaveLength(1);
    });

    test('the history is found by its parts, and the signs of a pattern stand for themselves', async () => {
      const at = await talk(engine);
      const id = await send(at, { text: 'Half is 50% done_', type: 'NOTE', thread: 'x' });
      await at.hub.pass(10);
      await at.bob.message.send({ to: { agent: 'ada' }, text: 'Half is 500 done!' });
      const found = async (input: Input<'message.list'>): Promise<number> =>
        (await at.pat.message.list(input)).items.length;
      expect(await found({ search: 'HALF' })).toBe(2);
      expect(await found({ search: '50%' })).toBe(1);
      expect(await found({ search: 'done_' })).toBe(1);
      expect(await found({ search: '\\' })).toBe(0);
      expect(await found({ from: 'ADA' })).toBe(1);
      expect(await found({ to: 'bob' })).toBe(1);
      expect(await found({ type: 'NOTE', thread: 'x' })).toBe(1);
      expect(await found({ thread: 'y' })).toBe(0);
      const page = await at.pat.message.list({ limit: 1 });
      const next = await at.pat.message.list({ limit: 1, cursor: page.nextCursor ?? '' });
      expect(next.items.map((message) => message.id)).toEqual([id]);
    });

    test('ids that are nobody’s are refused alike', async () => {
      const { ada } = await talk(engine);
      const nothing = { id: NOBODY.message, receipt: 'x' };
      for (const call of [
        () => ada.message.show({ id: NOBODY.message }),
        () => ada.message.ack({ ids: [NOBODY.message] }),
        () => ada.message.nack(nothing),
        () => ada.message.redrive({ id: NOBODY.message }),
        () => ada.message.send({ to: { agent: 'bob' }, replyTo: NOBODY.message }),
      ]) {
        expect((await refusal(call())).code).toBe('not_found');
      }
    });
  });

  test('before it sends, an agent knows how another is reached', async () => {
    const at = await talk(engine);
    await send(at);
    const reach = async () => (await at.ada.agent.reach({ agent: 'BOB' })).reach;
    expect(await at.ada.agent.reach({ agent: 'bob' })).toMatchObject({
      agent: 'bob',
      reach: 'next_turn',
      pending: 1,
    });
    await at.hub.pass(limits.reachableMs + 1);
    expect(await reach()).toBe('unreachable');
    await at.bob.agent.connect({});
    expect(await reach()).toBe('wakes');
    const feed = at.bob.subscribe({ after: 0, filter: { mine: true }, onEvent: () => {} });
    await expect.poll(reach).toBe('live');
    feed.close();
    await expect.poll(reach).toBe('wakes');
  });
});
