/** A code that lets a machine join, attacked from every side, on every engine. */
import { expect, test } from 'vitest';
import { createClient, localTransport, type Client } from '../../src/client/index.ts';
import { inviteCode, limits, operations, SignalboxError } from '../../src/contract/index.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine, onPostgres, openTestStore } from '../support/engines.ts';
import { hubOn, openTestHub, refusal, type TestHub } from '../support/hub.ts';
import { guest } from './invite-entries.ts';

const codeOf = async (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'done',
    (error: unknown) => (error instanceof SignalboxError ? error.code : String(error)),
  );

function withSecret({ hub }: TestHub, token: string): Client {
  return createClient(localTransport(hub.connect(), { token }));
}

/** A code that nobody made: the same shape, other letters. */
const wrong = (number: number): string => `W${String(number).padStart(19, '0')}`;

eachEngine((engine) => {
  test('a code makes the token of its agent once, and nothing of it is kept but a hash', async () => {
    const hub = await openTestHub(engine);
    const root = await hub.as('root', 'admin');
    const { invite, code } = await root.invite.create({ agent: 'bob', role: 'observer' });
    const { tokens } = await guest(hub, code.toLowerCase().replaceAll('-', ' ')).invite.redeem();
    const [{ token, secret } = { token: undefined, secret: '' }] = tokens;
    expect(await withSecret(hub, secret).hub.whoami()).toMatchObject({
      name: 'bob',
      role: 'observer',
    });
    expect((await root.invite.list()).items).toMatchObject([
      { id: invite.id, state: 'redeemed', names: ['bob'] },
    ]);
    const rows = await hub.store.read.all(sql`select * from invites`);
    const journal = await hub.store.read.all(sql`select * from journal`);
    const tables = JSON.stringify([rows, journal]);
    for (const hidden of [code, inviteCode(code) ?? '', secret])
      expect(tables).not.toContain(hidden);
    const events = async () =>
      (await root.event.list()).items.filter(({ actor }) => actor === invite.id);
    await expect
      .poll(async () => (await events()).map(({ type, subject }) => [type, subject]))
      .toEqual([
        ['token.created', token?.id],
        ['invite.redeemed', invite.id],
      ]);
  });

  test('used, revoked, expired and unknown codes hear the same words', async () => {
    const hub = await openTestHub(engine);
    const root = await hub.as('root', 'admin');
    const used = await root.invite.create({ agent: 'bob' });
    await guest(hub, used.code).invite.redeem();
    const revoked = await root.invite.create({ agent: 'bob' });
    await root.invite.revoke({ id: revoked.invite.id });
    const old = await root.invite.create({ agent: 'bob', expiresInMs: 60_000 });
    await hub.pass(59_999);
    expect(await codeOf(guest(hub, old.code).invite.check())).toBe('done');
    await hub.pass(1);
    const codes = [used.code, revoked.code, old.code, wrong(1)];
    const heard = new Set<string>();
    for (const code of codes) {
      for (const call of ['invite.check', 'invite.redeem', 'hub.whoami', 'task.submit']) {
        await hub.pass(limits.inviteGuessesMs);
        const error = await refusal(guest(hub, code).call(call, {}));
        heard.add(JSON.stringify(error.toBody()));
      }
    }
    expect(heard.size).toBe(1);
    expect([...heard][0]).toContain('unauthenticated');
    const states = (await root.invite.list()).items.map(({ state }) => state);
    expect(states.toSorted()).toEqual(['expired', 'redeemed', 'revoked']);
  });

  test('of twenty machines that bring one code at once, one joins', async () => {
    const hub = await openTestHub(engine);
    const root = await hub.as('root', 'admin');
    const { code } = await root.invite.create();
    const machines = Array.from({ length: 20 }, (_, index) => index);
    const ends = await Promise.all(
      machines.map((n) =>
        codeOf(guest(hub, code, `10.0.1.${n}`).invite.redeem({ names: [`m-${n}`] })),
      ),
    );
    expect(ends.filter((end) => end === 'done')).toHaveLength(1);
    expect(new Set(ends)).toEqual(new Set(['done', 'unauthenticated']));
    const made = (await root.token.list()).items.filter(({ agent }) => agent.startsWith('m-'));
    expect(made).toHaveLength(1);
  });

  test('a code may do nothing but join', async () => {
    const hub = await openTestHub(engine);
    const root = await hub.as('root', 'admin');
    const { code } = await root.invite.create({ agent: 'bob' });
    const bob = guest(hub, code);
    for (const { name, scope } of Object.values(operations)) {
      if (scope !== 'join')
        expect(`${name} ${await codeOf(bob.call(name, {}))}`).toMatch(/forbidden/);
    }
    let end: SignalboxError | undefined;
    bob.subscribe({ after: 0, onEvent: () => {}, onEnd: (error) => (end = error) });
    await expect.poll(() => end?.code).toBe('forbidden');
    expect(await codeOf(bob.invite.redeem()), 'and is not used up by trying').toBe('done');
  });

  test('what befalls invites is seen by admins alone', async () => {
    const hub = await openTestHub(engine);
    const [root, person] = [await hub.as('root', 'admin'), await hub.as('pat', 'operator')];
    const { invite } = await root.invite.create({ agent: 'bob' });
    await root.invite.revoke({ id: invite.id });
    await person.task.submit({ title: 'last' });
    const typesFor = async (client: Client) =>
      (await client.event.list()).items.map(({ type }) => type);
    await expect.poll(() => typesFor(root)).toContain('task.queued');
    const told = (types: string[]) => types.filter((type) => type.startsWith('invite.'));
    expect(told(await typesFor(root))).toEqual(['invite.created', 'invite.revoked']);
    expect(told(await typesFor(person))).toEqual([]);
    expect(await codeOf(person.invite.list())).toBe('forbidden');
  });

  test('an invite for an agent makes its tokens and no others', async () => {
    const hub = await openTestHub(engine);
    const root = await hub.as('root', 'admin');
    await hub.as('ada');
    const { code } = await root.invite.create({ agent: 'ada', slots: 2 });
    const machine = guest(hub, code);
    for (const names of [['bob'], ['ada-3'], ['ada', 'root'], ['ada', 'Ada']]) {
      expect((await refusal(machine.invite.redeem({ names }))).code, String(names)).toBe(
        'conflict',
      );
    }
    const { tokens } = await machine.invite.redeem();
    expect(tokens.map(({ token }) => token.agent)).toEqual(['ada', 'ada-1', 'ada-2']);
    expect(new Set(tokens.map(({ secret }) => secret)).size).toBe(3);
  });

  test('an invite for nobody lets nobody speak for somebody who is there', async () => {
    const hub = await openTestHub(engine);
    const root = await hub.as('root', 'admin');
    await (await hub.as('sue')).message.send({ to: { agent: 'sue' }, text: 'me' });
    const { code } = await root.invite.create();
    const machine = guest(hub, code);
    for (const name of ['root', 'Sue', 'su-e', 'hub', 'verifier', 'admin']) {
      expect((await refusal(machine.invite.redeem({ names: [name] }))).code, name).toBe('conflict');
    }
    expect((await refusal(machine.invite.redeem())).hint).toContain('--name');
    expect((await refusal(machine.invite.redeem({ names: ['x', 'y'] }))).hint).toContain('--slots');
    expect(await codeOf(machine.invite.redeem({ names: ['newcomer'] }))).toBe('done');
  });

  test('an answer that was lost is not given again, and says what to do', async () => {
    const hub = await openTestHub(engine);
    const root = await hub.as('root', 'admin');
    const { code } = await root.invite.create({ agent: 'bob' });
    const redeem = () => guest(hub, code).invite.redeem({}, { key: 'k1' });
    const { tokens } = await redeem();
    const again = await refusal(redeem());
    expect(again.code).toBe('unauthenticated');
    expect(JSON.stringify(again.toBody())).not.toContain(tokens[0]?.secret);
  });

  test('a flood of wrong codes is refused unread and heard of once, and elsewhere a right one works', async () => {
    const hub = await openTestHub(engine);
    const root = await hub.as('root', 'admin');
    const { code } = await root.invite.create({ agent: 'bob' });
    const tries = Array.from({ length: 50 }, (_, index) => index);
    const ends = await Promise.all(
      tries.map((n) => codeOf(guest(hub, wrong(n), '10.6.6.6').invite.check())),
    );
    const looked = ends.filter((end) => end === 'unauthenticated');
    expect(looked).toHaveLength(limits.inviteGuessesPerAddress);
    expect(ends.filter((end) => end === 'rate_limited')).toHaveLength(50 - looked.length);
    const blocked = await refusal(guest(hub, code, '10.6.6.6').invite.check());
    expect(blocked.retryAfterMs).toBeGreaterThan(0);
    const guessed = async () =>
      (await root.event.list()).items.filter(({ type }) => type === 'invite.guessed');
    await expect.poll(async () => (await guessed()).length).toBe(1);
    expect((await guessed())[0]?.data.reason).toContain('10.6.6.6');
    const elsewhere = guest(hub, code, '10.7.7.7');
    for (let n = 0; n < 30; n++) await elsewhere.invite.check();
    await hub.pass(limits.inviteGuessesMs);
    expect(await codeOf(guest(hub, code, '10.6.6.6').invite.redeem())).toBe('done');
  });

  test('many addresses together are bounded too', async () => {
    const hub = await openTestHub(engine);
    const ends: string[] = [];
    for (let n = 0; n < limits.inviteGuessesPerHub + 20; n++) {
      ends.push(await codeOf(guest(hub, wrong(n), `10.8.${n}.1`).invite.check()));
    }
    expect(ends.filter((end) => end === 'rate_limited')).toHaveLength(20);
  });

  test('an invite of one project makes tokens of that project', async () => {
    const hub = await openTestHub(engine);
    await hub.store.transaction((tx) => tx.run(sql`insert into projects (id) values ('other')`));
    const root = await hub.as('root', 'admin');
    const { invite, code } = await root.invite.create({ agent: 'bob' });
    await hub.store.transaction((tx) =>
      tx.run(sql`update invites set project = 'other' where id = ${invite.id}`),
    );
    expect((await root.invite.list()).items).toEqual([]);
    expect(await codeOf(root.invite.revoke({ id: invite.id }))).toBe('not_found');
    const { project, tokens } = await guest(hub, code).invite.redeem();
    expect(project).toBe('other');
    const who = await withSecret(hub, tokens[0]?.secret ?? '').hub.whoami();
    expect(who.project).toBe('other');
  });

  test('whoever leaves ends the own token, and no other', async () => {
    const hub = await openTestHub(engine);
    const root = await hub.as('root', 'admin');
    const one = await root.token.create({ agent: 'ada' });
    const other = await root.token.create({ agent: 'ada' });
    const ada = withSecret(hub, one.secret);
    expect(await ada.token.resign({ reason: 'leaves' })).toMatchObject({ id: one.token.id });
    await expect.poll(() => codeOf(ada.hub.whoami())).toBe('unauthenticated');
    expect(await codeOf(withSecret(hub, other.secret).hub.whoami())).toBe('done');
  });

  test('invites that were over long ago are forgotten', async () => {
    const hub = await openTestHub(engine);
    const root = await hub.as('root', 'admin');
    await root.invite.create({ agent: 'bob', expiresInMs: 1_000 });
    await hub.pass(limits.inviteKeptMs);
    expect((await root.invite.list()).items).toHaveLength(1);
    await hub.pass(120_000);
    expect((await root.invite.list()).items).toEqual([]);
  });
});

onPostgres(() => {
  test('of two machines that bring one code to two hubs at once, one joins', async () => {
    const { store, secondHub } = await openTestStore('postgres');
    const [one, two] = [await hubOn(store), await hubOn(await secondHub(), { seed: 2 })];
    const root = await one.as('root', 'admin');
    const { code } = await root.invite.create();
    const ends = await Promise.all(
      [one, two].map((hub, n) => codeOf(guest(hub, code).invite.redeem({ names: [`m-${n}`] }))),
    );
    expect(ends.toSorted()).toEqual(['done', 'unauthenticated']);
  });
});
