/**
 * Every operation of the contract on every engine: that it works, and each refusal it declares. The
 * table is checked against the contract, so that a new operation or refusal cannot be left out.
 */
import { expect, test } from 'vitest';
import { type Client, createClient, localTransport } from '../../src/client/index.ts';
import { type OperationName, operations, Role, roleScopes } from '../../src/contract/index.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine } from '../support/engines.ts';
import { budgetEntries } from './budget-entries.ts';
import { caseEntries } from './case-entries.ts';
import { inviteEntries } from './invite-entries.ts';
import { lockEntries } from './lock-entries.ts';
import { memoryEntries } from './memory-entries.ts';
import { messageEntries } from './message-entries.ts';
import { type Entry, scene, type Scene } from './scene.ts';
import { scheduleEntries } from './schedule-entries.ts';
import { webhookEntries } from './webhook-entries.ts';
import {
  begin,
  commit,
  handIn,
  inHand,
  type InHand,
  NOBODY,
  openTestHub,
  refusal,
  REPOSITORY,
  worker,
} from '../support/hub.ts';

const about = { baseBranch: 'main', policy: null, paths: ['a'], additions: 1, deletions: 0 };
const tested = { testedCommit: commit('c'), testedBase: commit('a'), log: 'ok' };
const nobody = { taskId: NOBODY.task, fence: 1 };
const noChange = { id: NOBODY.change, lease: 1 };

async function submitted({ person }: Scene, more: { repository?: string } = {}): Promise<string> {
  return (await person.task.submit({ title: 'a task', ...more })).id;
}

async function offered(at: Scene): Promise<InHand> {
  await submitted(at);
  return inHand(at.ada);
}

async function running(at: Scene): Promise<InHand> {
  await submitted(at);
  return begin(at.ada);
}

/** Handed in: it is still ada's by its fence, and no report but the same one fits any more. */
async function verifying(at: Scene): Promise<InHand> {
  await submitted(at, { repository: REPOSITORY });
  const held = await begin(at.ada);
  await at.ada.client.task.complete({ ...held, ...handIn(held) });
  return held;
}

async function claimed(at: Scene): Promise<{ id: string; lease: number }> {
  await verifying(at);
  const { verification } = await at.verifier.change.claim();
  if (verification === null) throw new Error('nothing to claim');
  return { id: verification.change.id, lease: verification.lease };
}

async function landing(at: Scene): Promise<{ id: string; lease: number }> {
  const lease = await claimed(at);
  await at.verifier.change.assess({ ...lease, ...about });
  await at.verifier.change.pass({ ...lease, ...tested });
  return lease;
}

async function awaiting(at: Scene): Promise<string> {
  const lease = await claimed(at);
  await at.verifier.change.assess({ ...lease, ...about, paths: ['CODEOWNERS'] });
  await at.verifier.change.pass({ ...lease, ...tested });
  return lease.id;
}

/** On PostgreSQL an event has its number a moment after it was committed. */
async function numbered({ person }: Scene): Promise<void> {
  await expect.poll(async () => (await person.hub.status()).cursor).toBeGreaterThan(3);
}

async function old<T extends { lease: number }>(lease: Promise<T>): Promise<T> {
  const found = await lease;
  return { ...found, lease: found.lease + 1_000 };
}

async function cancelled(person: Client): Promise<string> {
  const { id } = await person.task.submit({ title: 'not any more' });
  await person.task.cancel({ id });
  return id;
}

const rejected = { outcome: 'check_failed', reason: 'no', log: '' } as const;
const late = (held: InHand): InHand => ({ ...held, fence: held.fence + 1_000 });

const table: Record<OperationName, Entry> = {
  ...budgetEntries,
  ...lockEntries,
  ...memoryEntries,
  ...messageEntries,
  ...caseEntries,
  ...webhookEntries,
  ...scheduleEntries,
  ...inviteEntries,
  'task.submit': {
    works: (at) => submitted(at, { repository: REPOSITORY }),
    refusals: {
      not_found: ({ person }) => person.task.submit({ title: 'x', after: [NOBODY.task] }),
      conflict: async ({ person }) =>
        person.task.submit({ title: 'child', parent: await cancelled(person) }),
    },
  },
  'batch.submit': {
    works: ({ person }) =>
      person.batch.submit({
        tasks: [
          { title: 'second', ref: 'second', after: ['first'] },
          { title: 'first', ref: 'first' },
        ],
      }),
    refusals: {
      not_found: ({ person }) =>
        person.batch.submit({ tasks: [{ title: 'x', after: [NOBODY.task] }] }),
      conflict: async ({ person }) =>
        person.batch.submit({ tasks: [{ title: 'child', parent: await cancelled(person) }] }),
    },
  },
  'task.show': {
    works: async (at) => at.person.task.show({ id: await submitted(at) }),
    refusals: { not_found: ({ person }) => person.task.show({ id: NOBODY.task }) },
  },
  'task.list': { works: ({ person }) => person.task.list({ state: 'queued', agent: 'ada' }) },
  'task.waiting': { works: ({ person }) => person.task.waiting() },
  'task.log': {
    works: async (at) => at.person.task.log({ id: (await running(at)).taskId, attempt: 1 }),
    refusals: { not_found: ({ person }) => person.task.log({ id: NOBODY.task }) },
  },
  'task.cancel': {
    works: async (at) => at.person.task.cancel({ id: await submitted(at), reason: 'enough' }),
    refusals: {
      not_found: ({ person }) => person.task.cancel({ id: NOBODY.task }),
      forbidden: async (at) => at.ada.client.task.cancel({ id: await submitted(at) }),
      conflict: async (at) => {
        const held = await running(at);
        await at.ada.client.task.complete(held);
        return at.person.task.cancel({ id: held.taskId });
      },
    },
  },
  'task.retry': {
    works: async (at) => {
      const id = await submitted(at);
      await at.person.task.cancel({ id });
      return at.person.task.retry({ id });
    },
    refusals: {
      not_found: ({ person }) => person.task.retry({ id: NOBODY.task }),
      conflict: async (at) => at.person.task.retry({ id: await submitted(at) }),
    },
  },
  'task.pull': {
    works: ({ ada }) => ada.client.task.pull({ repository: REPOSITORY }),
    refusals: {
      not_found: ({ ada }) => ada.client.task.pull({ taskId: NOBODY.task }),
      conflict: async ({ ada, person }) =>
        ada.client.task.pull({ taskId: await cancelled(person) }),
    },
  },
  'task.accept': {
    works: async (at) => at.ada.client.task.accept(await offered(at)),
    refusals: {
      not_found: ({ ada }) => ada.client.task.accept(nobody),
      stale_fence: async (at) => at.ada.client.task.accept(late(await offered(at))),
      conflict: async (at) => at.ada.client.task.accept(await verifying(at)),
    },
  },
  'task.decline': {
    works: async (at) => at.ada.client.task.decline(await offered(at)),
    refusals: {
      not_found: ({ ada }) => ada.client.task.decline(nobody),
      stale_fence: async (at) => at.ada.client.task.decline(late(await offered(at))),
      conflict: async (at) => at.ada.client.task.decline(await verifying(at)),
    },
  },
  'task.start': {
    works: async (at) => {
      const held = await offered(at);
      await at.ada.client.task.accept(held);
      return at.ada.client.task.start(held);
    },
    refusals: {
      not_found: ({ ada }) => ada.client.task.start(nobody),
      stale_fence: async (at) => at.ada.client.task.start(late(await offered(at))),
      conflict: async (at) => at.ada.client.task.start(await verifying(at)),
    },
  },
  'task.progress': {
    works: async (at) => at.ada.client.task.progress({ ...(await running(at)), note: 'on it' }),
    refusals: {
      not_found: ({ ada }) => ada.client.task.progress(nobody),
      stale_fence: async (at) => at.ada.client.task.progress(late(await running(at))),
      conflict: async (at) => at.ada.client.task.progress(await offered(at)),
    },
  },
  'task.snooze': {
    works: async (at) => at.ada.client.task.snooze({ ...(await running(at)), forMs: 1_000 }),
    refusals: {
      not_found: ({ ada }) => ada.client.task.snooze({ ...nobody, forMs: 1 }),
      stale_fence: async (at) =>
        at.ada.client.task.snooze({ ...late(await running(at)), forMs: 1 }),
      conflict: async (at) => at.ada.client.task.snooze({ ...(await offered(at)), forMs: 1 }),
    },
  },
  'agent.trust': {
    works: ({ person }) => person.agent.trust({ agent: 'ada', trust: 2 }),
    refusals: { not_found: ({ person }) => person.agent.trust({ agent: 'nobody', trust: 2 }) },
  },
  'agent.remove': {
    works: async ({ person, ada }) => {
      await ada.client.agent.disconnect({ sessionId: ada.sessionId });
      return person.agent.remove({ agent: 'ada', reason: 'not needed' });
    },
    refusals: {
      not_found: ({ person }) => person.agent.remove({ agent: 'nobody' }),
      conflict: ({ person }) => person.agent.remove({ agent: 'ada' }),
      forbidden: async ({ person, root }) => {
        await root.message.send({ to: { agent: 'ada' }, text: 'hello' });
        return person.agent.remove({ agent: 'root' });
      },
    },
  },
  'share.set': { works: ({ person }) => person.share.set({ submitter: 'pat', weight: 2 }) },
  'share.list': { works: ({ person }) => person.share.list() },
  'task.complete': {
    works: async (at) => at.ada.client.task.complete({ ...(await running(at)), report: 'done' }),
    refusals: {
      not_found: ({ ada }) => ada.client.task.complete(nobody),
      stale_fence: async (at) => at.ada.client.task.complete(late(await running(at))),
      conflict: async (at) => at.ada.client.task.complete(await offered(at)),
    },
  },
  'task.fail': {
    works: async (at) => at.ada.client.task.fail({ ...(await running(at)), reason: 'broken' }),
    refusals: {
      not_found: ({ ada }) => ada.client.task.fail({ ...nobody, reason: 'x' }),
      stale_fence: async (at) =>
        at.ada.client.task.fail({ ...late(await running(at)), reason: 'x' }),
      conflict: async (at) => at.ada.client.task.fail({ ...(await offered(at)), reason: 'x' }),
    },
  },
  'change.claim': { works: claimed },
  'change.heartbeat': {
    works: async (at) => at.verifier.change.heartbeat(await claimed(at)),
    refusals: {
      not_found: ({ verifier }) => verifier.change.heartbeat(noChange),
      stale_fence: async (at) => at.verifier.change.heartbeat(await old(claimed(at))),
    },
  },
  'change.assess': {
    works: async (at) => at.verifier.change.assess({ ...(await claimed(at)), ...about }),
    refusals: {
      not_found: ({ verifier }) => verifier.change.assess({ ...noChange, ...about }),
      stale_fence: async (at) =>
        at.verifier.change.assess({ ...(await old(claimed(at))), ...about }),
      conflict: async (at) => at.verifier.change.assess({ ...(await landing(at)), ...about }),
    },
  },
  'change.pass': {
    works: landing,
    refusals: {
      not_found: ({ verifier }) => verifier.change.pass({ ...noChange, ...tested }),
      stale_fence: async (at) =>
        at.verifier.change.pass({ ...(await old(landing(at))), ...tested }),
      conflict: async (at) => at.verifier.change.pass({ ...(await claimed(at)), ...tested }),
    },
  },
  'change.reject': {
    works: async (at) => at.verifier.change.reject({ ...(await claimed(at)), ...rejected }),
    refusals: {
      not_found: ({ verifier }) => verifier.change.reject({ ...noChange, ...rejected }),
      stale_fence: async (at) =>
        at.verifier.change.reject({ ...(await old(claimed(at))), ...rejected }),
      conflict: async (at) => at.verifier.change.reject({ ...(await landing(at)), ...rejected }),
    },
  },
  'change.release': {
    works: async (at) => at.verifier.change.release({ ...(await claimed(at)), reason: 'moved' }),
    refusals: {
      not_found: ({ verifier }) => verifier.change.release({ ...noChange, reason: 'x' }),
      stale_fence: async (at) =>
        at.verifier.change.release({ ...(await old(claimed(at))), reason: 'x' }),
    },
  },
  'change.land': {
    works: async (at) =>
      at.verifier.change.land({ ...(await landing(at)), landedCommit: commit('c') }),
    refusals: {
      not_found: ({ verifier }) => verifier.change.land({ ...noChange, landedCommit: commit('c') }),
      stale_fence: async (at) =>
        at.verifier.change.land({ ...(await old(landing(at))), landedCommit: commit('c') }),
      conflict: async (at) =>
        at.verifier.change.land({ ...(await claimed(at)), landedCommit: commit('c') }),
    },
  },
  'change.show': {
    works: async (at) => at.person.change.show({ id: await awaiting(at) }),
    refusals: { not_found: ({ person }) => person.change.show({ id: NOBODY.change }) },
  },
  'change.list': {
    works: ({ person }) => person.change.list({ state: 'landed', taskId: NOBODY.task }),
  },
  'change.approve': {
    works: async (at) => at.person.change.approve({ id: await awaiting(at) }),
    refusals: {
      not_found: ({ person }) => person.change.approve({ id: NOBODY.change }),
      conflict: async (at) => at.person.change.approve({ id: (await claimed(at)).id }),
      forbidden: async (at) => {
        const author = await at.hub.as('ada', 'operator');
        return author.change.approve({ id: await awaiting(at) });
      },
    },
  },
  'change.decline': {
    works: async (at) => at.person.change.decline({ id: await awaiting(at), reason: 'no' }),
    refusals: {
      not_found: ({ person }) => person.change.decline({ id: NOBODY.change, reason: 'no' }),
      conflict: async (at) =>
        at.person.change.decline({ id: (await claimed(at)).id, reason: 'no' }),
    },
  },
  'agent.connect': {
    works: async ({ hub }) => worker(hub, 'bob', ['ts']),
    refusals: { conflict: ({ ada }) => ada.client.agent.connect({ sessionId: NOBODY.session }) },
  },
  'agent.heartbeat': {
    works: ({ ada }) => ada.client.agent.heartbeat({ sessionId: ada.sessionId }),
    refusals: { conflict: ({ ada }) => ada.client.agent.heartbeat({ sessionId: NOBODY.session }) },
  },
  'agent.drain': {
    works: ({ ada }) => ada.client.agent.drain({ sessionId: ada.sessionId }),
    refusals: { conflict: ({ ada }) => ada.client.agent.drain({ sessionId: NOBODY.session }) },
  },
  'agent.disconnect': {
    works: ({ ada }) => ada.client.agent.disconnect({ sessionId: ada.sessionId }),
    refusals: { conflict: ({ ada }) => ada.client.agent.disconnect({ sessionId: NOBODY.session }) },
  },
  'agent.list': { works: ({ person }) => person.agent.list() },
  'token.create': { works: ({ root }) => root.token.create({ agent: 'bob', expiresInMs: 5_000 }) },
  'token.list': { works: ({ root }) => root.token.list({ limit: 1 }) },
  'token.rotate': {
    works: async ({ root }) => {
      const { token } = await root.token.create({ agent: 'bob' });
      return root.token.rotate({ id: token.id });
    },
    refusals: {
      not_found: ({ root }) => root.token.rotate({ id: NOBODY.token }),
      conflict: async ({ root }) => {
        const { token } = await root.token.create({ agent: 'bob' });
        await root.token.revoke({ id: token.id });
        return root.token.rotate({ id: token.id });
      },
    },
  },
  'token.revoke': {
    works: async ({ root }) => {
      const { token } = await root.token.create({ agent: 'bob' });
      return root.token.revoke({ id: token.id, reason: 'lost' });
    },
    refusals: { not_found: ({ root }) => root.token.revoke({ id: NOBODY.token }) },
  },
  'token.resign': {
    works: ({ ada }) => ada.client.token.resign(),
    refusals: {
      conflict: ({ hub: { hub } }) => {
        const own = localTransport(hub.connect(), hub.credentialOf('own', 'agent'));
        return createClient(own).token.resign();
      },
    },
  },
  'repository.add': {
    works: ({ person }) => person.repository.add({ url: REPOSITORY, baseBranch: 'main' }),
    refusals: {
      conflict: async ({ person }) => {
        await person.repository.add({ url: REPOSITORY, baseBranch: 'main' });
        return person.repository.add({ url: REPOSITORY, baseBranch: 'next' });
      },
    },
  },
  'repository.list': { works: ({ person }) => person.repository.list({ limit: 1 }) },
  'event.list': {
    works: async (at) => {
      await numbered(at);
      return at.person.event.list({ after: 1, limit: 2, filter: { mine: false } });
    },
    refusals: {
      cursor_expired: async (at) => {
        const { hub, person } = at;
        await numbered(at);
        await hub.store.transaction((tx) => tx.run(sql`delete from events where seq <= 3`));
        return person.event.list({ after: 2 });
      },
    },
  },
  why: {
    works: ({ person }) => person.why({ id: 'ada' }),
    refusals: { not_found: ({ person }) => person.why({ id: NOBODY.change }) },
  },
  'hub.status': { works: ({ person }) => person.hub.status() },
  'hub.whoami': { works: ({ person }) => person.hub.whoami() },
};

/** Two hubs that move one row at the same moment: nothing that one caller can bring about. */
const ONLY_BY_RACE = ['change.release conflict'];

test('the table has every operation and every refusal that it declares', () => {
  const declared = Object.values(operations).flatMap(({ name, errors }) =>
    errors.map((code) => `${name} ${code}`),
  );
  const shown = Object.entries(table).flatMap(([name, { refusals = {} }]) =>
    Object.keys(refusals).map((code) => `${name} ${code}`),
  );
  expect([...shown, ...ONLY_BY_RACE].toSorted()).toEqual(declared.toSorted());
  expect(Object.keys(table).toSorted()).toEqual(Object.keys(operations).toSorted());
});

eachEngine((engine) => {
  for (const [name, { works, refusals = {} }] of Object.entries(table)) {
    test(`${name} works, and is refused as it declares`, async () => {
      await works(await scene(engine));
      for (const [code, step] of Object.entries(refusals)) {
        const at = await scene(engine);
        const error = await refusal(step(at));
        expect(error.code, `${name}: ${error.message}`).toBe(code);
        expect(error.hint.length).toBeGreaterThan(10);
        expect((await at.person.hub.status()).missedMatches).toBe(0);
      }
    });
  }
});

for (const role of Role.options) {
  test(`a token of role ${role} may do what its scopes say and nothing else`, async () => {
    const hub = await openTestHub('sqlite memory');
    const client = await hub.as('someone', role);
    for (const { name, scope } of Object.values(operations)) {
      const { code } = await refusal(client.call(name, { noSuchField: true }));
      const isAllowed = roleScopes[role].includes(scope);
      expect(`${name}: ${code}`).toBe(`${name}: ${isAllowed ? 'invalid_input' : 'forbidden'}`);
    }
  });
}
