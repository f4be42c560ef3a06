/**
 * What an agent is handed out of a long line: always the first that fits it, as a plain look at
 * every task tells it; and without reading the tasks that do not.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import type { Input } from '../../src/contract/index.ts';
import type { Store, Tx } from '../../src/store/db.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine, openTestStore, type TestEngine } from '../support/engines.ts';
import { hubOn, openTestHub, REPOSITORY, type TestHub } from '../support/hub.ts';
import { inOtherHands } from '../support/wrapped-store.ts';

const OTHER = '/srv/other.git';
const AGENTS = {
  ada: { capabilities: ['ts'], trust: 1 },
  bob: { capabilities: ['ts', 'gpu'], trust: 0 },
  carol: { capabilities: [], trust: 3 },
};
type Name = keyof typeof AGENTS;
type Order = Input<'task.submit'>;

const order: fc.Arbitrary<Order> = fc.record(
  {
    title: fc.constant('x'),
    lane: fc.constantFrom('urgent', 'high', 'normal', 'low'),
    needs: fc.subarray(['gpu', 'ts']),
    trust: fc.nat({ max: 3 }),
    repository: fc.constantFrom(REPOSITORY, OTHER),
    concurrencyKey: fc.constantFrom('k', 'l', 'm'),
  },
  { requiredKeys: ['title', 'needs', 'trust'] },
);
const step = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('submit'), orders: fc.array(order, { minLength: 1 }) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('pull'),
      agent: fc.constantFrom<Name>('ada', 'bob', 'carol'),
      repository: fc.option(fc.constantFrom(REPOSITORY, OTHER), { nil: undefined }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('pass'), ms: fc.constantFrom(1_000, 900_000) }),
  },
);

interface Row {
  id: string;
  state: string;
  level: number;
  turn: number;
  rank_ms: number;
  available_at_ms: number;
  needs: string;
  trust: number;
  url: string | null;
  concurrency_key: string | null;
}

const IN_WORK = ['offered', 'accepted', 'running', 'verifying'];

/** Every task is looked at, in the order of the line. */
async function expected(
  { hub, people }: Play,
  name: Name,
  repository: string | undefined,
): Promise<string | undefined> {
  const { nowMs } = await people[0].hub.status();
  const rows = await hub.store.read.all<Row>(sql`
    select t.id, state, level, turn, rank_ms, available_at_ms, needs, trust, url, concurrency_key
    from tasks t left join repositories r on r.id = t.repository_id where ended_at_ms is null`);
  const taken = rows
    .filter(({ state }) => IN_WORK.includes(state))
    .map((row) => row.concurrency_key);
  const { capabilities, trust } = AGENTS[name];
  const able = new Set<unknown>(capabilities);
  return rows
    .filter((row) => row.state === 'queued' && row.available_at_ms <= nowMs)
    .filter((row) => row.trust <= trust && (repository === undefined || row.url === repository))
    .filter((row) => new Set(JSON.parse(row.needs)).isSubsetOf(able))
    .filter((row) => row.concurrency_key === null || !taken.includes(row.concurrency_key))
    .toSorted(
      (one, other) =>
        one.level - other.level ||
        one.turn - other.turn ||
        one.rank_ms - other.rank_ms ||
        (one.id < other.id ? -1 : 1),
    )[0]?.id;
}

interface Play {
  hub: TestHub;
  people: [Client, Client];
  clients: Record<Name, Client>;
}

async function begin(engine: TestEngine): Promise<Play> {
  const hub = await openTestHub(engine);
  const people: Play['people'] = [
    await hub.as('pat', 'operator'),
    await hub.as('quin', 'operator'),
  ];
  const [ada, bob, carol] = [await hub.as('ada'), await hub.as('bob'), await hub.as('carol')];
  const clients = { ada, bob, carol };
  for (const name of ['ada', 'bob', 'carol'] as const) {
    const { capabilities, trust } = AGENTS[name];
    await clients[name].task.pull({ capabilities });
    await people[0].agent.trust({ agent: name, trust });
  }
  return { hub, people, clients };
}

async function pull(play: Play, name: Name, repository: string | undefined): Promise<void> {
  const { clients } = play;
  const { capabilities } = AGENTS[name];
  const { items } = await clients[name].task.list({ agent: name, state: 'accepted' });
  for (const { id: taskId, fence } of items) {
    await clients[name].task.fail({ taskId, fence, reason: 'no', isRetryable: false });
  }
  const first = await expected(play, name, repository);
  const { assignment } = await clients[name].task.pull({ capabilities, repository });
  expect(assignment?.task.id, `what ${name} gets`).toBe(first);
}

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

async function perform(play: Play, tasks: Order[], steps: readonly Step[]): Promise<void> {
  const { hub, people } = play;
  const [pat, quin] = people;
  await pat.batch.submit({ tasks: tasks.slice(20) });
  await quin.batch.submit({ tasks: tasks.slice(0, 20) });
  for (const one of steps) {
    if ('ms' in one) await hub.pass(one.ms);
    else if ('orders' in one) await quin.batch.submit({ tasks: one.orders });
    else await pull(play, one.agent, one.repository);
  }
}

function runs(engine: TestEngine): number {
  return engine === 'sqlite memory' ? 150 : 5;
}

/** Counts what its transactions ask, and what they read. */
function counting(store: Store): { store: Store; counts: { statements: number; rows: number } } {
  const counts = { statements: 0, rows: 0 };
  const counted = (tx: Tx): Tx => ({
    dialect: tx.dialect,
    wakeAfterCommit: () => tx.wakeAfterCommit(),
    run: (query) => (counts.statements++, tx.run(query)),
    get: (query) => (counts.statements++, counts.rows++, tx.get(query)),
    async all<T>(query: Parameters<Tx['all']>[0]) {
      const rows = await tx.all<T>(query);
      counts.statements++;
      counts.rows += rows.length;
      return rows;
    },
  });
  const through = inOtherHands(store, (work) => store.transaction((tx) => work(counted(tx))));
  return { counts, store: through };
}

eachEngine((engine) => {
  test('the first in line that fits is handed out', { timeout: 120_000 }, async () => {
    const long = fc.array(order, { minLength: 60, maxLength: 90 });
    const steps = fc.array(step, { maxLength: 25 });
    const property = fc.asyncProperty(long, steps, async (tasks, ways) => {
      const play = await begin(engine);
      try {
        await perform(play, tasks, ways);
      } finally {
        await play.hub.close();
        await play.hub.store.close();
      }
    });
    await fc.assert(property, { numRuns: runs(engine), endOnFailure: true });
  });

  test('tasks that an agent cannot do are not read, however many wait', async () => {
    const { store } = await openTestStore(engine);
    const { store: counted, counts } = counting(store);
    const hub = await hubOn(counted);
    const pat = await hub.as('pat', 'operator');
    const ada = await hub.as('ada');
    await ada.task.pull({});
    await pat.task.submit({ title: 'first', concurrencyKey: 'k' });
    await ada.task.pull({});
    const kinds: Order[] = [
      { title: 'x', needs: ['gpu'] },
      { title: 'x', trust: 3 },
      { title: 'x', needs: ['gpu', 'ts'], repository: REPOSITORY },
      { title: 'x', concurrencyKey: 'k' },
    ];
    for (let n = 0; n < 5; n++) {
      await pat.batch.submit({
        tasks: Array.from({ length: 1_000 }, (_, at) => kinds[at % 4] ?? { title: 'x' }),
      });
    }
    hub.clock.advance(1);
    const last = await pat.task.submit({ title: 'last' });
    const bob = await hub.as('bob');
    Object.assign(counts, { statements: 0, rows: 0 });
    const { assignment } = await bob.task.pull({});
    expect(assignment?.task.id).toBe(last.id);
    const carol = await hub.as('carol');
    expect((await carol.task.pull({})).assignment).toBeNull();
    expect(counts.statements).toBeLessThan(100);
    expect(counts.rows).toBeLessThan(200);
  }, 60_000);
});
