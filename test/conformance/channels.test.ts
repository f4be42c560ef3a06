/** Channels, what goes to everyone, teams and rules. */
import { describe, expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { type Event, limits, nameKey, type Recipient } from '../../src/contract/index.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine, type TestEngine } from '../support/engines.ts';
import { openTestHub, refusal, type TestHub } from '../support/hub.ts';

interface Talk {
  hub: TestHub;
  ada: Client;
  bob: Client;
  pat: Client;
}

async function talk(engine: TestEngine): Promise<Talk> {
  const hub = await openTestHub(engine);
  const [ada, bob] = [await hub.as('ada'), await hub.as('bob')];
  for (const client of [ada, bob]) await client.message.read();
  return { hub, ada, bob, pat: await hub.as('pat', 'operator') };
}

const post = (client: Client, text: string, channel = '#Build') =>
  client.message.send({ to: { channel }, text });

async function texts(client: Client, input: { after?: number; sinceMs?: number; limit?: number }) {
  const { items } = await client.channel.read({ name: 'build', ...input });
  return items.map(({ message }) => message.text);
}

const inbox = async (client: Client): Promise<string[]> =>
  (await client.message.read()).items.map(({ message }) => message.text);

eachEngine((engine) => {
  describe('a channel', () => {
    test('is made by its first message, and read by cursor, since a time, or from its end', async () => {
      const at = await talk(engine);
      expect(await at.ada.channel.read({ name: 'build' })).toEqual({
        items: [],
        nextCursor: 0,
        headCursor: 0,
      });
      const sent = [await post(at.ada, 'one'), await post(at.bob, 'two', 'build')];
      await at.hub.pass(1_000);
      sent.push(await post(at.ada, 'three', 'BUILD'), await post(at.ada, 'four'));
      expect(sent.map(({ cursor }) => cursor)).toEqual([1, 2, 3, 4]);
      expect(await texts(at.bob, { after: 2 })).toEqual(['three', 'four']);
      expect(await texts(at.bob, { limit: 2 })).toEqual(['three', 'four']);
      expect(await texts(at.bob, { limit: 1, after: 0 })).toEqual(['one']);
      const times = sent.map(({ createdAtMs }) => createdAtMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(await texts(at.bob, { sinceMs: times[2] ?? 0 })).toEqual(['three', 'four']);
      expect(await texts(at.bob, { sinceMs: (times[1] ?? 0) + 1 })).toEqual(['three', 'four']);
      expect(await texts(at.bob, { sinceMs: 0 })).toEqual(['one', 'two', 'three', 'four']);
      expect(await texts(at.bob, { sinceMs: (times[3] ?? 0) + 1 })).toEqual([]);
      const late = await refusal(at.bob.channel.read({ name: 'build', after: 5 }));
      expect(late).toMatchObject({ code: 'invalid_input', details: { latest: 4 } });
      expect((await at.bob.channel.list()).items).toMatchObject([{ name: 'build', headCursor: 4 }]);
    });

    test('has times that never go back, so that reading since one passes over nothing', async () => {
      const at = await talk(engine);
      const { createdAtMs } = await post(at.ada, 'by a hub whose clock is ahead');
      const aheadMs = createdAtMs + 60_000;
      await at.hub.store.transaction((tx) =>
        tx.run(sql`update channels set last_posted_at_ms = ${aheadMs}`),
      );
      expect((await post(at.ada, 'by another')).createdAtMs).toBe(aheadMs);
      expect(await texts(at.bob, { sinceMs: aheadMs })).toEqual(['by another']);
    });

    test('is pushed to whoever listens, with the message', async () => {
      const at = await talk(engine);
      const heard: Event[] = [];
      const filter = { types: ['channel.posted' as const], subject: 'build' };
      at.bob.subscribe({ after: 0, filter, onEvent: (event) => heard.push(event) });
      await post(at.ada, 'elsewhere', 'other');
      await post(at.ada, 'hello');
      await expect.poll(() => heard.length).toBe(1);
      expect(heard[0]?.data.posted).toMatchObject({ cursor: 1, message: { text: 'hello' } });
      expect(heard[0]).toMatchObject({ audience: null, subject: 'build' });
    });

    test('has members with a cursor that never goes back', async () => {
      const at = await talk(engine);
      await post(at.ada, 'one');
      expect(await at.bob.channel.join({ name: 'build' })).toMatchObject({ cursor: 1, unread: 0 });
      await post(at.ada, 'two');
      await post(at.ada, 'three');
      expect(await at.bob.channel.seen({ name: 'build', upTo: 3 })).toMatchObject({ unread: 0 });
      expect(await at.bob.channel.seen({ name: 'build', upTo: 2 })).toMatchObject({ cursor: 3 });
      const late = await refusal(at.bob.channel.seen({ name: 'build', upTo: 4 }));
      expect(late.code).toBe('invalid_input');
      await at.pat.channel.join({ name: 'build', after: 0 });
      expect((await at.ada.channel.members({ name: '#BUILD' })).items).toMatchObject([
        { agent: 'bob', cursor: 3, unread: 0, isOnline: false },
        { agent: 'pat', cursor: 0, unread: 3 },
      ]);
      expect(await at.bob.channel.leave({ name: 'build' })).toEqual({ wasMember: true });
      expect(await at.bob.channel.leave({ name: 'build' })).toEqual({ wasMember: false });
      expect((await refusal(at.bob.channel.seen({ name: 'build', upTo: 1 }))).code).toBe(
        'conflict',
      );
    });

    test('tells who posted how much', async () => {
      const at = await talk(engine);
      for (const text of ['one', 'two']) await post(at.ada, text);
      await at.hub.pass(1_000);
      const { createdAtMs: sinceMs } = await post(at.bob, 'three');
      await post(at.bob, 'four', 'other');
      expect((await at.pat.channel.stats({ name: 'build' })).items).toMatchObject([
        { agent: 'ada', messages: 2 },
        { agent: 'bob', messages: 1 },
      ]);
      expect((await at.pat.channel.stats()).items).toHaveLength(3);
      expect((await at.pat.channel.stats({ name: 'build', sinceMs })).items).toHaveLength(1);
    });

    test('a page ends where its texts grow large, and the next one goes on', async () => {
      const { ada } = await talk(engine);
      for (let count = 0; count < 6; count++) await post(ada, 'é'.repeat(limits.messageCharsMax));
      const { items, nextCursor } = await ada.channel.read({ name: 'build', after: 0 });
      expect([items.length, nextCursor]).toEqual([3, 3]);
      expect((await ada.channel.read({ name: 'build', after: 3 })).items).toHaveLength(3);
    });
  });

  test('what goes to everyone is stored once, and who was away catches up', async () => {
    const at = await talk(engine);
    const to = { everyone: true } as const;
    await at.ada.message.send({ to, text: 'before carol' });
    await at.ada.message.send({ to, text: 'before carol, too' });
    await at.hub.pass(1_000);
    const carol = await at.hub.as('carol');
    await carol.message.read();
    await at.hub.pass(1_000);
    const sent = await at.ada.message.send({ to, text: 'to all' });
    expect(sent).toMatchObject({ recipients: 1, cursor: 3 });
    expect(await inbox(at.bob)).toEqual([]);
    const { items } = await at.bob.channel.read({ name: 'everyone', after: 2 });
    expect(items.map(({ message }) => message.text)).toEqual(['to all']);
    const unread = async () =>
      (await at.pat.channel.members({ name: 'everyone' })).items
        .filter(({ agent }) => agent !== 'pat')
        .map(({ agent, unread: count }) => `${agent} ${count}`);
    expect(await unread()).toEqual(['ada 3', 'bob 3', 'carol 1']);
    await at.bob.channel.seen({ name: 'everyone', upTo: 3 });
    expect(await unread()).toEqual(['ada 3', 'bob 0', 'carol 1']);
    const [listed] = (await at.pat.channel.list()).items;
    expect(listed).toMatchObject({ name: 'everyone', members: 3 });
  });

  test('what others posted to my channels is unread until I have seen it', async () => {
    const at = await talk(engine);
    const own = async (client: Client, limit?: number) => {
      const { items, isMore } = await client.channel.unread({ limit });
      return [...items.map((one) => `${one.channel} ${one.cursor} ${one.message.text}`), isMore];
    };
    await at.pat.message.send({ to: { everyone: true }, text: 'to all' });
    await post(at.pat, 'before bob', 'build');
    await at.bob.channel.join({ name: 'build' });
    await post(at.bob, 'of bob', 'build');
    await post(at.ada, 'of ada', 'build');
    expect(await own(at.bob)).toEqual(['build 3 of ada', 'everyone 1 to all', false]);
    expect(await own(at.bob, 1)).toEqual(['build 3 of ada', true]);
    expect(await own(at.ada)).toEqual(['everyone 1 to all', false]);
    await at.hub.pass(1_000);
    expect(await own(await at.hub.as('carol'))).toEqual([false]);
    await at.bob.channel.seen({ name: 'build', upTo: 3 });
    await at.bob.channel.seen({ name: 'everyone', upTo: 1 });
    expect(await own(at.bob)).toEqual([false]);
    await post(at.bob, 'of bob again', 'build');
    expect(await own(at.bob)).toEqual([false]);
  });

  describe('a team', () => {
    test('of the mode all is all of it but the sender', async () => {
      const at = await talk(engine);
      await at.pat.team.set({ name: 'Crew', members: ['ada', 'BOB', 'carol', 'bob'] });
      expect((await at.ada.team.list()).items).toMatchObject([{ name: 'Crew', mode: 'all' }]);
      const sent = await at.ada.message.send({ to: { team: 'crew' }, text: 'hello crew' });
      expect(sent.recipients).toBe(2);
      expect(await inbox(at.bob)).toEqual(['hello crew']);
      expect(await inbox(await at.hub.as('carol'))).toEqual(['hello crew']);
      const { deliveries } = await at.ada.message.show({ id: sent.id });
      expect(deliveries.map(({ recipient }) => nameKey(recipient))).toEqual(['bob', 'carol']);
    });

    test('of the mode one is who has the least to read', async () => {
      const at = await talk(engine);
      await at.pat.team.set({ name: 'crew', members: ['bob', 'carol'], mode: 'one' });
      const carol = await at.hub.as('carol');
      await carol.message.read();
      await at.ada.message.send({ to: { agent: 'bob' }, text: 'busy' });
      for (const text of ['a', 'b', 'c'])
        await at.ada.message.send({ to: { agent: 'crew' }, text });
      const sizes = [(await inbox(at.bob)).length, (await inbox(carol)).length];
      expect(sizes).toEqual([2, 2]);
      await at.bob.agent.connect({});
      await at.ada.message.send({ to: { team: 'crew' }, text: 'to who is here' });
      expect(await inbox(at.bob)).toContain('to who is here');
      const both = { team: 'crew', mode: 'all' } as const;
      expect((await at.ada.message.send({ to: both, text: 'to both' })).recipients).toBe(2);
    });

    test('that is not there is refused, and one that is removed too', async () => {
      const at = await talk(engine);
      const send = () => at.ada.message.send({ to: { team: 'crew' }, unknown: 'keep' });
      expect((await refusal(send())).code).toBe('not_found');
      await at.pat.team.set({ name: 'crew', members: ['bob'] });
      await send();
      expect(await at.pat.team.remove({ name: 'CREW' })).toEqual({ wasThere: true });
      expect(await at.pat.team.remove({ name: 'crew' })).toEqual({ wasThere: false });
      expect((await refusal(send())).code).toBe('not_found');
      expect((await refusal(at.ada.team.set({ name: 'x', members: ['ada'] }))).code).toBe(
        'forbidden',
      );
    });
  });

  describe('a rule', () => {
    test('copies messages of a type to whoever it names, once', async () => {
      const at = await talk(engine);
      const carol = await at.hub.as('carol');
      await carol.message.read();
      const { id } = await at.pat.route.add({ type: 'ESC*', to: { agent: 'carol' } });
      await at.pat.route.add({ type: 'ESCALATION', from: 'bob', to: { agent: 'carol' } });
      const to = { agent: 'bob' };
      expect((await at.ada.message.send({ to, type: 'ESCALATION', text: 'x' })).recipients).toBe(2);
      expect((await at.ada.message.send({ to, type: 'NOTE', text: 'y' })).recipients).toBe(1);
      expect(
        (await at.bob.message.send({ to: { agent: 'ada' }, type: 'ESC', text: 'z' })).recipients,
      ).toBe(2);
      expect(await inbox(carol)).toEqual(['x', 'z']);
      expect((await at.pat.route.list()).items).toHaveLength(2);
      expect(await at.pat.route.remove({ id })).toEqual({ wasThere: true });
      expect((await at.ada.message.send({ to, type: 'ESCALATION' })).recipients).toBe(1);
    });

    test('names somebody with a mailbox', async () => {
      const at = await talk(engine);
      const targets: Recipient[] = [{ channel: 'build' }, { everyone: true }];
      for (const to of targets) {
        const call = at.pat.call('route.add', { type: 'X', to });
        expect((await refusal(call)).code).toBe('invalid_input');
      }
    });
  });
});
