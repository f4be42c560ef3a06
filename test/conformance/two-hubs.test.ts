/** Two hubs on one PostgreSQL are one: any answers, either may die, nothing is handed out twice. */
import { expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { createClient, localTransport } from '../../src/client/index.ts';
import { type Event, EventData, limits, SignalboxError } from '../../src/contract/index.ts';
import { type Random, seededRandom } from '../../src/core/random.ts';
import { manualClock } from '../../src/core/clock.ts';
import { holdLine } from '../../src/domain/lock/index.ts';
import type { Store, Tx } from '../../src/store/db.ts';
import { sql } from '../../src/store/sql.ts';
import { onPostgres, openTestStore } from '../support/engines.ts';
import {
  begin,
  expectNoMissedMatch,
  handIn,
  hubOn,
  inHand,
  REPOSITORY,
  type TestHub,
  worker,
} from '../support/hub.ts';
import { inOtherHands } from '../support/wrapped-store.ts';

/** Both move by one clock, so that their leases agree. */
async function twoHubs(wrap = (store: Store): Store => store): Promise<[TestHub, TestHub]> {
  const { store, secondHub } = await openTestStore('postgres');
  const clock = manualClock();
  const first = await hubOn(wrap(store), { clock });
  return [first, await hubOn(wrap(await secondHub()), { clock, seed: 2 })];
}

/** A store that does something else first where an agent is made known. */
function late(store: Store, before: () => Promise<unknown>): Store {
  const through = (tx: Tx): Tx => ({
    dialect: tx.dialect,
    get: (query) => tx.get(query),
    all: (query) => tx.all(query),
    wakeAfterCommit: () => tx.wakeAfterCommit(),
    async run(query) {
      if (query.template.postgres.includes('insert into agents')) await before();
      return tx.run(query);
    },
  });
  return inOtherHands(store, (work) => store.transaction((tx) => work(through(tx))));
}

/** A store whose database undoes one transaction in ten when its work is over. */
function undoing(store: Store, random: Random, onUndone: () => void): Store {
  return inOtherHands(store, (work) =>
    store.transaction(async (tx) => {
      const result = await work(tx);
      if (random.fraction() < 0.1) {
        onUndone();
        await tx.run(sql`do $$ begin raise exception 'undone' using errcode = '40001'; end $$`);
      }
      return result;
    }),
  );
}

/** Sent again where the hub asks for it, under the same key, as every client does. */
async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await call();
    } catch (error) {
      const isTransient = error instanceof SignalboxError && error.retryAfterMs !== undefined;
      if (!isTransient || tries > 50) throw error;
    }
  }
}

onPostgres(() => {
  test('a task that is submitted to one hub is offered over the other', async () => {
    const [a, b] = await twoHubs();
    const ada = await worker(b, 'ada');
    const heard: Event[] = [];
    const { cursor } = await ada.client.hub.status();
    const filter = { mine: true };
    ada.client.subscribe({ after: cursor, filter, onEvent: (event) => heard.push(event) });
    const person = await a.as('pat', 'operator');
    const { id } = await person.task.submit({ title: 'first' });
    await expect.poll(() => heard.map(({ type }) => type)).toEqual(['task.offered']);
    expect(heard[0]).toMatchObject({ subject: id, audience: 'ada' });
    await ada.client.task.complete(await begin(ada));
    expect((await person.task.show({ id })).task.state).toBe('done');
    await expectNoMissedMatch(person);
  });

  test('when the hub of an agent dies the other hands its work out again', async () => {
    const [a, b] = await twoHubs();
    const ada = await worker(a, 'ada');
    const { id } = await ada.client.task.submit({ title: 'first' });
    await begin(ada);
    const bob = await worker(b, 'bob');
    await a.close();
    await b.pass(10_000);
    await bob.client.agent.heartbeat({ sessionId: bob.sessionId });
    await b.pass(limits.agentLeaseMs - 10_000);
    expect((await inHand(bob)).taskId).toBe(id);
  });

  test('a token that one hub revokes is refused by the other', async () => {
    const [a, b] = await twoHubs();
    const root = await a.as('root', 'admin');
    const { token, secret } = await root.token.create({ agent: 'ada' });
    const ada = createClient(localTransport(b.hub.connect(), { token: secret }));
    await ada.hub.whoami();
    await root.token.revoke({ id: token.id });
    const outcome = () =>
      ada.hub.whoami().then(
        () => 'believed',
        (error: SignalboxError) => error.code,
      );
    await expect.poll(outcome, { timeout: 1_000 }).toBe('unauthenticated');
  });

  test('a change is claimed once by verifiers at two hubs', async () => {
    const [a, b] = await twoHubs();
    const ada = await worker(a, 'ada');
    for (let count = 0; count < 4; count++) {
      await ada.client.task.submit({ title: 'mend', repository: REPOSITORY });
      const held = await begin(ada);
      await ada.client.task.complete({ ...held, ...handIn(held) });
    }
    const verifiers = await Promise.all(
      [a, b, a, b].map((hub, index) => hub.as(`vera${index}`, 'verifier')),
    );
    const claims = await Promise.all(verifiers.map((one) => insist(() => one.change.claim())));
    expect(claims.filter(({ verification }) => verification !== null)).toHaveLength(1);
  });

  test('one key that is sent to both hubs at once is one task', async () => {
    const [a, b] = await twoHubs();
    const people = [await a.as('pat', 'operator'), await b.as('pat', 'operator')];
    const replies = await Promise.all(
      Array.from({ length: 12 }, (_, index) => {
        const person = people[index % 2];
        if (person === undefined) throw new Error('nobody');
        return insist(() => person.call('task.submit', { title: 'once' }, { key: 'one' }));
      }),
    );
    expect(new Set(replies.map(({ output }) => JSON.stringify(output))).size).toBe(1);
    expect(replies.filter(({ isDeduplicated }) => !isDeduplicated)).toHaveLength(1);
    expect((await people[0]?.task.list())?.items).toHaveLength(1);
  });

  test(
    '200 tasks are each done once, though the database undoes what it likes',
    { timeout: 120_000 },
    async () => {
      const random = seededRandom(11);
      let undone = 0;
      const [a, b] = await twoHubs((store) => undoing(store, random, () => (undone += 1)));
      const agents = await Promise.all(
        [a, b, a, b].map((hub, index) => worker(hub, `agent${index}`)),
      );
      const people = [await a.as('pat', 'operator'), await b.as('pat', 'operator')];
      const submit = async (): Promise<void> => {
        for (let index = 0; index < 200; index++) {
          const person = people[index % 2];
          await insist(() => person?.task.submit({ title: `${index}`, failuresMax: 20 }) ?? fail());
        }
      };
      const over = new AbortController();
      const run = async (client: Client, name: string): Promise<void> => {
        while (!over.signal.aborted) {
          const { items } = await client.task.list({ agent: name, state: 'offered' });
          const [task] = items;
          if (task === undefined) continue;
          const held = { taskId: task.id, fence: task.fence };
          await insist(() => client.task.accept(held));
          const chance = random.fraction();
          if (chance < 0.1) await insist(() => client.task.decline(held));
          else if (chance < 0.2) await insist(() => client.task.fail({ ...held, reason: 'no' }));
          else {
            await insist(() => client.task.start(held));
            await insist(() => client.task.complete({ ...held, report: name }));
          }
        }
      };
      const finish = async (): Promise<void> => {
        const person = people[0];
        while (((await person?.hub.status())?.tasks['done'] ?? 0) < 200) {
          await Promise.all([a.pass(200), b.pass(0)]);
          for (const { client, sessionId } of agents) {
            await insist(() => client.agent.heartbeat({ sessionId }));
          }
        }
        over.abort();
      };
      await Promise.all([
        submit(),
        finish(),
        ...agents.map(({ client, name }) => run(client, name)),
      ]);
      const twice = await a.store.read.all(sql`
      select task_id from attempts group by task_id
      having sum(case when outcome = 'done' then 1 else 0 end) <> 1`);
      expect(twice).toEqual([]);
      expect(undone).toBeGreaterThan(20);
      expect(await overlaps(a)).toEqual([]);
      const { items } = (await people[1]?.event.list({
        filter: { types: ['task.done'] },
        limit: 1_000,
      })) ?? {
        items: [],
      };
      expect(new Set(items.map(({ subject }) => subject)).size).toBe(items.length);
      const fences = await a.store.read.all<{ fence: number }>(sql`select fence from attempts`);
      expect(new Set(fences.map(({ fence }) => fence)).size).toBe(fences.length);
      for (const person of people) await expectNoMissedMatch(person);
    },
  );

  test('an agent that comes back late goes on only where its key was not given to another', async () => {
    const [first, second] = await twoHubs();
    const person = await first.as('pat', 'operator');
    for (let round = 0; round < 20; round++) {
      const concurrencyKey = `round ${round}`;
      const [here, there] = [`a${round}`, `b${round}`];
      const order = { title: 'x', concurrencyKey };
      await person.task.submit({ ...order, needs: [here] });
      const ada = await worker(first, `ada${round}`, [here]);
      const held = await inHand(ada);
      await first.pass(limits.agentLeaseMs);
      const other = await person.task.submit({ ...order, needs: [there] });
      const bob = await second.as(`bob${round}`);
      // She is there again, and her work is not in her hand yet.
      await ada.client.agent.connect({ sessionId: ada.sessionId, capabilities: [] });
      const [accepted] = await Promise.allSettled([
        insist(() => ada.client.task.accept(held)),
        insist(() => bob.agent.connect({ capabilities: [there] })),
      ]);
      const { task } = await person.task.show({ id: other.id });
      expect([accepted.status, task.state], `round ${round}`).not.toEqual(['fulfilled', 'offered']);
    }
  });

  test('an agent that connects while it is made known elsewhere stays connected', async () => {
    const { store, secondHub } = await openTestStore('postgres');
    const clock = manualClock();
    const elsewhere = await hubOn(await secondHub(), { clock, seed: 2 });
    const ada = await elsewhere.as('ada');
    let connected: Promise<{ sessionId: string }> | undefined;
    const connect = () => (connected ??= ada.agent.connect({}));
    const here = await hubOn(late(store, connect), { clock });
    await (await here.as('ada')).message.read();
    const { sessionId } = (await connected) ?? { sessionId: '' };
    expect(await ada.agent.heartbeat({ sessionId })).toBeDefined();
    expect((await ada.agent.list()).items).toMatchObject([{ name: 'ada', state: 'idle' }]);
  });

  test('what may be so many is not more when both hubs are asked at once', async () => {
    const { store, secondHub } = await openTestStore('postgres');
    const resolve = async () => [{ address: '10.0.0.1', family: 4 }];
    const a = await hubOn(store, { resolve });
    const b = await hubOn(await secondHub(), { resolve, seed: 2 });
    const [pat, quin] = [await a.as('pat', 'operator'), await b.as('quin', 'operator')];
    const addRoute = (by: Client) => by.route.add({ type: 'X', to: { agent: 'pat' } });
    const addWebhook = (by: Client) => by.webhook.add({ url: 'https://example.org/hook' });
    const bounds = [
      { add: addRoute, most: limits.routesMax },
      { add: addWebhook, most: limits.webhooksMax },
    ];
    for (const { add, most } of bounds) {
      for (let n = 1; n < most; n++) await add(pat);
      const calls = Array.from({ length: 8 }, (_, n) => add(n % 2 === 0 ? pat : quin));
      const answers = await Promise.allSettled(calls);
      expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    }
  }, 60_000);

  test('the line of locks is held by one also before anybody has stood in it', async () => {
    const [a, b] = await twoHubs();
    const order: string[] = [];
    const held = Promise.withResolvers<void>();
    const first = a.store.transaction(async (tx) => {
      await holdLine(tx, 'default');
      held.resolve();
      await tx.get(sql`select pg_sleep(0.2)`);
      order.push('first');
    });
    await held.promise;
    await b.store.transaction(async (tx) => {
      await holdLine(tx, 'default');
      order.push('second');
    });
    await first;
    expect(order).toEqual(['first', 'second']);
  });
});

function fail(): never {
  throw new Error('nobody submits');
}

/** Hand-outs of one task that were open at the same time, by the log of events. */
async function overlaps({ store }: TestHub): Promise<string[]> {
  const events = await store.read.all<{ type: string; subject: string; data: string }>(sql`
    select type, subject, data from events where type like 'task.%' and seq is not null
    order by seq`);
  const open = new Map<string, number>();
  const found: string[] = [];
  for (const { type, subject, data } of events) {
    const { fence } = EventData.parse(JSON.parse(data));
    if (type === 'task.offered') {
      if (open.has(subject)) found.push(`${subject} offered twice`);
      open.set(subject, fence ?? 0);
    } else if (type === 'task.accepted' || type === 'task.running') {
      if (open.get(subject) !== fence) found.push(`${subject} ${type} with ${fence}`);
    } else open.delete(subject);
  }
  return found;
}
