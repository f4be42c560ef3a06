/** Tokens, idempotency keys and the border between projects, on every engine. */
import { expect, test } from 'vitest';
import { createClient, localTransport, type Client } from '../../src/client/index.ts';
import { limits, SignalboxError } from '../../src/contract/index.ts';
import { hashSecret } from '../../src/domain/agent/index.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine } from '../support/engines.ts';
import { begin, openTestHub, refusal, type TestHub, worker } from '../support/hub.ts';

function withSecret({ hub }: TestHub, token: string): Client {
  return createClient(localTransport(hub.connect(), { token }));
}

const codeOf = async (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'done',
    (error: unknown) => (error instanceof SignalboxError ? error.code : String(error)),
  );

/** A token of a project of its own; the contract makes none yet. */
async function inOtherProject({ store }: TestHub, secret: string): Promise<void> {
  await store.transaction(async (tx) => {
    await tx.run(sql`insert into projects (id) values ('other')`);
    await tx.run(sql`
      insert into tokens (id, project, agent, agent_key, role, hash, created_at_ms)
      values (${`tok_${'9'.repeat(21)}`}, 'other', 'pat', 'pat', 'admin', ${hashSecret(secret)}, 1)`);
  });
}

eachEngine((engine) => {
  test('the same key and body give the first answer again', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const ask = () => person.call('task.submit', { title: 'once' }, { key: 'k1' });
    const first = await ask();
    expect(first.isDeduplicated).toBe(false);
    expect(await ask()).toEqual({ output: first.output, isDeduplicated: true });
    expect((await person.task.list()).items).toHaveLength(1);
    const spelled = { title: 'once', body: '', lane: 'normal' };
    const again = await person.call('task.submit', spelled, { key: 'k1' });
    expect(again.isDeduplicated, 'a default that is written out is the same body').toBe(true);
  });

  test('a key that comes with another body is refused', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    await person.task.submit({ title: 'once' }, { key: 'k1' });
    const other = person.task.submit({ title: 'twice' }, { key: 'k1' });
    expect((await refusal(other)).code).toBe('key_reused');
    expect((await person.task.list()).items).toHaveLength(1);
  });

  test('a key belongs to one actor and one operation', async () => {
    const hub = await openTestHub(engine);
    const [pat, sam] = [await hub.as('pat', 'operator'), await hub.as('sam', 'operator')];
    const ids = new Set([
      (await pat.task.submit({ title: 'x' }, { key: 'k1' })).id,
      (await sam.task.submit({ title: 'x' }, { key: 'k1' })).id,
    ]);
    expect(ids.size).toBe(2);
    await pat.repository.add({ url: '/srv/x.git' }, { key: 'k1' });
    expect((await pat.task.list()).items).toHaveLength(2);
  });

  test('a refusal is not kept: the same key may be tried again', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const { id } = await person.task.submit({ title: 'x' });
    expect((await refusal(person.task.retry({ id }, { key: 'k1' }))).code).toBe('conflict');
    await person.task.cancel({ id });
    const again = await person.call('task.retry', { id }, { key: 'k1' });
    expect(again.isDeduplicated).toBe(false);
  });

  test('one key that is sent twenty times at once is done once', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const replies = await Promise.all(
      Array.from({ length: 20 }, () => person.call('task.submit', { title: 'x' }, { key: 'k1' })),
    );
    expect(replies.filter(({ isDeduplicated }) => !isDeduplicated)).toHaveLength(1);
    expect(new Set(replies.map(({ output }) => JSON.stringify(output))).size).toBe(1);
    expect((await person.task.list()).items).toHaveLength(1);
  });

  test('a report that was answered is answered again, although the task has moved on', async () => {
    const hub = await openTestHub(engine);
    const ada = await worker(hub, 'ada');
    const { id } = await ada.client.task.submit({ title: 'x' });
    const held = await begin(ada);
    const ask = () => ada.client.call('task.fail', { ...held, reason: 'no' }, { key: 'k1' });
    const first = await ask();
    await hub.pass(limits.retryFirstMs);
    expect((await ada.client.task.show({ id })).task.attempt).toBe(2);
    expect(await ask()).toEqual({ output: first.output, isDeduplicated: true });
    const orphans = await hub.store.read.all(sql`select id from orphans`);
    expect(orphans, 'what was taken is no orphan').toEqual([]);
  });

  test('a secret is neither kept nor shown a second time', async () => {
    const hub = await openTestHub(engine);
    const root = await hub.as('root', 'admin');
    const ask = () => root.token.create({ agent: 'ada' }, { key: 'k1' });
    const { secret } = await ask();
    const error = await refusal(ask());
    expect(error.code).toBe('conflict');
    expect(JSON.stringify(error.toBody())).not.toContain(secret);
    expect((await root.token.list()).items.filter(({ agent }) => agent === 'ada')).toHaveLength(1);
    const rows = await hub.store.read.all(sql`select * from journal`);
    const tokens = await hub.store.read.all(sql`select * from tokens`);
    expect(JSON.stringify([rows, tokens])).not.toContain(secret);
  });

  test('answers are kept for a day and forgotten after it, their audit line is not', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    const ask = () => person.call('task.submit', { title: 'x' }, { key: 'k1' });
    const first = await ask();
    await hub.pass(limits.replyKeptMs - 60_000);
    expect(await ask()).toEqual({ ...first, isDeduplicated: true });
    await hub.pass(120_001);
    expect((await ask()).isDeduplicated).toBe(false);
    const lines = await hub.store.read.all(
      sql`select seq from journal where operation = 'task.submit'`,
    );
    expect(lines).toHaveLength(2);
  });

  test('a revoked token ends within a second, with its wires and its feeds', async () => {
    const hub = await openTestHub(engine);
    const root = await hub.as('root', 'admin');
    const { token, secret } = await root.token.create({ agent: 'ada' });
    let wireEnd: unknown;
    let feedEnd: SignalboxError | undefined;
    const connection = hub.hub.connect((reason) => (wireEnd = reason));
    const client = createClient(localTransport(connection, { token: secret }));
    const { cursor } = await client.hub.status();
    const onEnd = (error: SignalboxError | undefined) => (feedEnd = error);
    client.subscribe({ after: cursor, onEvent: () => {}, onEnd });
    await root.token.revoke({ id: token.id, reason: 'lost' });
    const ends = () => [feedEnd?.code, wireEnd instanceof SignalboxError && wireEnd.code];
    const ended = ['unauthenticated', 'unauthenticated'];
    await expect.poll(ends, { timeout: 1_000 }).toEqual(ended);
    expect(await codeOf(client.hub.whoami())).toBe('unauthenticated');
  });

  test('a rotated token goes on for its grace time and no longer', async () => {
    const hub = await openTestHub(engine);
    const root = await hub.as('root', 'admin');
    const old = await root.token.create({ agent: 'ada' });
    const ada = withSecret(hub, old.secret);
    await ada.hub.whoami();
    const fresh = await root.token.rotate({ id: old.token.id, graceMs: 5_000 });
    expect(fresh.token).toMatchObject({ agent: 'ada', role: 'agent', rotatedFrom: old.token.id });
    const { items } = await root.event.list({ filter: { types: ['token.rotated'] } });
    const [rotated] = items;
    const untilMs = (rotated?.atMs ?? 0) + 5_000;
    expect(rotated?.data).toEqual({ agent: 'ada', untilMs });
    const listed = (await root.token.list()).items.find(({ id }) => id === old.token.id);
    expect(listed?.expiresAtMs).toBe(untilMs);
    await expect.poll(() => codeOf(withSecret(hub, fresh.secret).hub.whoami())).toBe('done');
    await hub.pass(4_999);
    expect(await codeOf(ada.hub.whoami())).toBe('done');
    await hub.pass(1);
    await expect.poll(() => codeOf(ada.hub.whoami())).toBe('unauthenticated');
    expect(await codeOf(withSecret(hub, fresh.secret).hub.whoami())).toBe('done');
  });

  test('a token ends when it expires, and its open wire at the next look', async () => {
    const hub = await openTestHub(engine);
    const root = await hub.as('root', 'admin');
    const { secret } = await root.token.create({ agent: 'ada', expiresInMs: 60_000 });
    let isWireOver = false;
    const connection = hub.hub.connect(() => (isWireOver = true));
    const ada = createClient(localTransport(connection, { token: secret }));
    await ada.hub.whoami();
    await hub.pass(59_999);
    expect([await codeOf(ada.hub.whoami()), isWireOver]).toEqual(['done', false]);
    await hub.pass(1);
    expect([await codeOf(ada.hub.whoami()), isWireOver]).toEqual(['unauthenticated', true]);
  });

  test('the first admin token is made once', async () => {
    const hub = await openTestHub(engine);
    const secret = await hub.hub.ensureAdmin();
    expect(secret).toMatch(/^sbx_[A-Za-z0-9_-]{43}$/);
    expect(await hub.hub.ensureAdmin()).toBeUndefined();
    expect((await withSecret(hub, secret ?? '').hub.whoami()).role).toBe('admin');
    for (const wrong of ['sbx_wrong', `${secret}x`, "' or 1=1 --"]) {
      expect(await codeOf(withSecret(hub, wrong).hub.whoami())).toBe('unauthenticated');
    }
  });

  test('a secret that could not be put away never counts, and the next start makes another', async () => {
    const hub = await openTestHub(engine);
    const seen: string[] = [];
    const dies = async (secret: string): Promise<void> => {
      seen.push(secret);
      throw new Error('the machine stopped here');
    };
    await expect(hub.hub.ensureAdmin(dies)).rejects.toThrow('stopped here');
    expect(await codeOf(withSecret(hub, seen[0] ?? '').hub.whoami())).toBe('unauthenticated');
    const secret = await hub.hub.ensureAdmin(async (kept) => void seen.push(kept));
    expect(seen[1]).toBe(secret);
    expect((await withSecret(hub, secret ?? '').hub.whoami()).role).toBe('admin');
  });

  test('nothing crosses the border of a project', async () => {
    const hub = await openTestHub(engine);
    await inOtherProject(hub, 'sbx_other');
    const other = withSecret(hub, 'sbx_other');
    const ada = await worker(hub, 'ada');
    const person = await hub.as('pat', 'operator');
    const { id } = await person.task.submit({ title: 'x', repository: '/srv/x.git' }, { key: 'k' });
    const calls = [
      other.task.show({ id }),
      other.task.cancel({ id }),
      other.task.submit({ title: 'y', after: [id] }),
      other.why({ id }),
      other.why({ id: 'ada' }),
      other.task.log({ id }),
    ];
    const codes = await Promise.all(calls.map(codeOf));
    expect(new Set(codes)).toEqual(new Set(['not_found']));
    const theirs = await other.task.submit({ title: 'theirs' }, { key: 'k' });
    expect(theirs.id).not.toBe(id);
    expect((await other.task.show({ id: theirs.id })).task.state).toBe('queued');
    expect((await other.agent.list()).items).toEqual([]);
    expect((await other.repository.list()).items).toEqual([]);
    expect((await other.token.list()).items.map(({ agent }) => agent)).toEqual(['pat']);
    await ada.client.task.decline({
      taskId: id,
      fence: (await person.task.show({ id })).task.fence,
    });
    await hub.pass(1_000);
    const seen: string[] = [];
    other.subscribe({ after: 0, onEvent: ({ subject }) => seen.push(subject) });
    await expect.poll(() => seen).toEqual([theirs.id]);
    const { items } = await other.event.list();
    expect(items.map(({ subject }) => subject)).toEqual([theirs.id]);
    expect((await other.hub.status()).missedMatches).toBe(0);
  });
});

test('without tokens a caller is an agent under the name it gives, and never more', async () => {
  const hub = await openTestHub('sqlite memory', { auth: 'none' });
  const ada = createClient(localTransport(hub.hub.connect(), { agent: 'ada' }));
  expect(await ada.hub.whoami()).toMatchObject({ name: 'ada', role: 'agent' });
  expect(await codeOf(ada.token.list())).toBe('forbidden');
  const nameless = createClient(localTransport(hub.hub.connect(), {}));
  expect((await nameless.hub.whoami()).name).toBe('anonymous');
  const strange = createClient(localTransport(hub.hub.connect(), { agent: '../x' }));
  expect(await codeOf(strange.hub.whoami())).toBe('invalid_input');
  const wrong = createClient(localTransport(hub.hub.connect(), { token: 'sbx_no', agent: 'ada' }));
  expect(await codeOf(wrong.hub.whoami())).toBe('unauthenticated');
});

test('the words of a token, not those of the caller, say who it is', async () => {
  const hub = await openTestHub('sqlite memory');
  const root = await hub.as('root', 'admin');
  const { secret } = await root.token.create({ agent: 'ada' });
  const as = (agent: string) =>
    createClient(localTransport(hub.hub.connect(), { token: secret, agent }));
  expect((await as('Ada').hub.whoami()).name).toBe('ada');
  expect(await codeOf(as('root').hub.whoami())).toBe('forbidden');
  const nobody = createClient(localTransport(hub.hub.connect(), { agent: 'root' }));
  expect(await codeOf(nobody.hub.whoami())).toBe('unauthenticated');
});
