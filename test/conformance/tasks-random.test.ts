/**
 * The real hub under random schedules: agents that come, go, fall silent, report twice, late and
 * wrongly, while people submit, cancel and retry and time goes on. After each step the store is
 * looked at from outside; at the end every task can be driven to an end.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { Client } from '../../src/client/index.ts';
import { type Input, type Lane, SignalboxError } from '../../src/contract/index.ts';
import { createClient, localTransport } from '../../src/client/index.ts';
import { sql } from '../../src/store/sql.ts';
import { openTestHub, type InHand, type TestHub } from '../support/hub.ts';

const COMING = ['connect', 'disconnect', 'heartbeat', 'drop', 'drain', 'pull'] as const;
type Report = 'accept' | 'start' | 'complete' | 'fail' | 'decline' | 'progress' | 'snooze';
type Action =
  | {
      do: 'submit';
      lane: Lane;
      needs: string[];
      after: number | null;
      failuresMax: number;
      by: number;
      more: Partial<Input<'task.submit'>>;
      parent: number | null;
      deadlineMs: number | null;
    }
  | { do: 'trust'; agent: number; trust: number }
  | { do: (typeof COMING)[number]; agent: number }
  | { do: 'report'; agent: number; report: Report; which: number }
  | { do: 'cancel' | 'retry'; which: number }
  | { do: 'pass'; ms: number }
  | { do: 'put back'; id: string };

const NAMES = ['ada', 'bob', 'cy'];
const CAPABILITIES = [['ts'], ['ts', 'gpu'], []];

const agent = fc.nat({ max: NAMES.length - 1 });
const which = fc.nat({ max: 9 });
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('submit' as const),
      lane: fc.constantFrom('urgent', 'high', 'normal', 'low'),
      needs: fc.subarray(['ts', 'gpu'], { maxLength: 1 }),
      after: fc.option(which, { freq: 3 }),
      failuresMax: fc.integer({ min: 1, max: 3 }),
      by: fc.nat({ max: 1 }),
      more: fc.record(
        {
          concurrencyKey: fc.constantFrom('x', 'y'),
          trust: fc.nat({ max: 2 }),
          prefers: fc.constant<string[]>(['gpu']),
          onNeededFailure: fc.constantFrom('block' as const, 'cancel' as const),
          progressTimeoutMs: fc.constantFrom(1_000, 20_000),
          unique: fc.constantFrom(
            { key: 'p', scope: 'open' as const },
            { key: 'q', scope: 'ever' as const },
          ),
        },
        { requiredKeys: [] },
      ),
      parent: fc.option(which, { freq: 3 }),
      deadlineMs: fc.option(fc.constantFrom(1_000, 30_000, 2_000_000), { freq: 8 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('trust' as const), agent, trust: fc.nat({ max: 2 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('connect' as const, ...COMING),
      agent,
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constant('report' as const),
      agent,
      report: fc.constantFrom<Report>(
        'accept',
        'accept',
        'start',
        'complete',
        'fail',
        'decline',
        'progress',
        'snooze',
      ),
      which: fc.nat({ max: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('cancel', 'retry'), which }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(1, 600, 1_000, 3_000, 5_000, 10_000, 15_000, 60_000, 2_000_000),
    }),
  },
);

interface Player {
  key: string;
  client: Client;
  capabilities: string[];
  sessionId: string | undefined;
  /** Every hand-out it has heard of, the newest first. */
  heard: InHand[];
}

interface Play {
  hub: TestHub;
  /** Two who submit, and share the turns. */
  people: [Client, Client];
  person: Client;
  players: Player[];
  taskIds: string[];
}

async function begin(): Promise<Play> {
  const hub = await openTestHub('sqlite memory');
  const players = NAMES.map((key, index) => ({
    key,
    client: clientOf(hub, key),
    capabilities: CAPABILITIES[index] ?? [],
    sessionId: undefined,
    heard: [],
  }));
  const person = await hub.as('pat', 'operator');
  const people: [Client, Client] = [person, await hub.as('quin', 'operator')];
  return { hub, people, person, players, taskIds: [] };
}

function clientOf({ hub }: TestHub, name: string): Client {
  return createClient(localTransport(hub.connect(), hub.credentialOf(name, 'agent')));
}

/** What a caller may be told; anything else is a defect. */
const FINE = ['conflict', 'stale_fence', 'not_found'];
/** A part that comes after its whole, and a deadline that the clock of the database has passed. */
const NO_ORDER = 'cannot come after it';

async function perform(play: Play, step: Action): Promise<void> {
  try {
    await attempt(play, step);
  } catch (error) {
    if (!(error instanceof SignalboxError)) throw error;
    if (!FINE.includes(error.code) && !error.message.includes(NO_ORDER)) throw error;
  }
}

async function attempt(play: Play, step: Action): Promise<void> {
  const { hub, person, players, taskIds } = play;
  switch (step.do) {
    case 'submit': {
      const named = (at: number | null): string | undefined =>
        at === null ? undefined : taskIds.at(at % taskIds.length);
      // Waiting for one that had its unique key, it would keep that from being put back.
      const needed = step.more.unique === undefined ? named(step.after) : undefined;
      const { lane, needs, failuresMax, more, by } = step;
      const { id, isExisting } = await play.people[by === 0 ? 0 : 1].task.submit({
        title: 'x',
        lane,
        needs,
        failuresMax,
        after: needed === undefined ? [] : [needed],
        parent: named(step.parent),
        deadlineMs: step.deadlineMs === null ? undefined : hub.clock.nowMs() + step.deadlineMs,
        ...more,
      });
      if (!isExisting) taskIds.push(id);
      return;
    }
    case 'cancel':
    case 'retry': {
      const id = taskIds.at(step.which % taskIds.length);
      if (id !== undefined) await person.task[step.do]({ id });
      return;
    }
    case 'trust': {
      const name = NAMES[step.agent];
      if (name !== undefined) await person.agent.trust({ agent: name, trust: step.trust });
      return;
    }
    case 'put back':
      // Another may have its unique key; that one is brought to its end first.
      await person.task.retry({ id: step.id });
      return;
    case 'pass':
      return hub.pass(step.ms);
    case 'report': {
      const player = players[step.agent];
      const held = player?.heard.at(step.which);
      if (player === undefined || held === undefined) return;
      const words = wordsOf(step.report, step.which);
      const { output } = await player.client.call(`task.${step.report}`, { ...held, ...words });
      expect(fenceOf(output), 'a report that was taken has the current fence').toBe(held.fence);
      return;
    }
    default: {
      const player = players[step.agent];
      if (player !== undefined) await come(play, player, step.do);
    }
  }
}

/** What a report says beside whose it is. */
function wordsOf(report: Report, count: number): object {
  if (report === 'fail') return { reason: 'no' };
  if (report === 'progress') return { note: 'x' };
  if (report !== 'snooze') return {};
  return count === 0 ? { untilChildrenEnd: true } : { forMs: count * 5_000 };
}

function fenceOf(output: unknown): number {
  const Fenced = z.object({ fence: z.int() });
  const { task } = z.object({ task: Fenced.optional() }).parse(output);
  return (task ?? Fenced.parse(output)).fence;
}

async function come(play: Play, player: Player, how: (typeof COMING)[number]): Promise<void> {
  const { client, capabilities, sessionId } = player;
  switch (how) {
    case 'connect': {
      const holding = [...new Set(player.heard.map(({ taskId }) => taskId))].slice(0, 2);
      const resumed = sessionId === undefined ? {} : { sessionId };
      const reply = await client.agent.connect({ capabilities, holding, ...resumed });
      player.sessionId = reply.sessionId;
      return;
    }
    case 'drop':
      client.close();
      player.client = clientOf(play.hub, player.key);
      return;
    case 'pull':
      await client.task.pull({ capabilities });
      return;
    default:
      if (sessionId === undefined) return;
      await client.agent[how]({ sessionId });
      if (how === 'disconnect') player.sessionId = undefined;
  }
}

interface Row {
  id: string;
  state: string;
  fence: number;
  attempt: number;
  agent_key: string | null;
  next_check_ms: number | null;
  key: string | null;
}

const ENDED = ['done', 'cancelled', 'failed', 'dead'];
const IN_HAND = ['offered', 'accepted', 'running'];

const listTasks = ({ store }: TestHub) =>
  store.read.all<Row>(sql`
    select id, state, fence, attempt, agent_key, next_check_ms, concurrency_key as key
    from tasks order by id`);

async function check(play: Play, before: Map<string, Row>, step: Action): Promise<void> {
  const { hub } = play;
  const rows = await listTasks(hub);
  const held = await hub.store.read.all<{ key: string; task_id: string }>(sql`
    select key, task_id from agents where task_id is not null order by task_id`);
  const attempts = await hub.store.read.all<{ task_id: string; number: number; fence: number }>(
    sql`select task_id, number, fence from attempts order by task_id, number`,
  );
  const keyed = rows.filter(({ key, state }) => key !== null && IN_HAND.includes(state));
  const keys = keyed.map(({ key }) => key);
  expect(keys, 'one of a key is in hand').toEqual([...new Set(keys)]);
  const open = await hub.store.read.all<{ id: string; number: number }>(sql`
    select task_id as id, number from attempts where ended_at_ms is null order by task_id`);
  const inHand = rows.filter(({ state }) => IN_HAND.includes(state));
  expect(held, 'each task in hand is in the hand that it names').toEqual(
    inHand.map(({ id, agent_key: key }) => ({ key, task_id: id })),
  );
  for (const { id, number } of open) {
    expect(inHand.find((row) => row.id === id)?.attempt, 'an open attempt is current').toBe(number);
  }
  for (const row of rows) {
    expect(ENDED.includes(row.state), row.state).toBe(row.next_check_ms === null);
    const fences = attempts.filter((one) => one.task_id === row.id).map(({ fence }) => fence);
    expect(fences, 'fences grow').toEqual([...new Set(fences)].toSorted((a, b) => a - b));
    expect(row.fence).toBe(fences.at(-1) ?? 0);
    const was = before.get(row.id);
    if (was !== undefined && ENDED.includes(was.state) && step.do !== 'retry') {
      expect(row.state, 'what has ended stays').toBe(was.state);
    }
    expect(row.fence).toBeGreaterThanOrEqual(was?.fence ?? 0);
    before.set(row.id, row);
  }
  expect((await play.person.hub.status()).missedMatches, 'missed matches').toBe(0);
  hear(play, rows);
}

/** An event tells each agent of what it was offered. */
function hear({ players }: Play, rows: readonly Row[]): void {
  for (const { id, state, fence, agent_key: key } of rows) {
    const player = players.find((one) => one.key === key);
    if (player === undefined || !IN_HAND.includes(state)) continue;
    const isKnown = player.heard.some((one) => one.taskId === id && one.fence === fence);
    if (!isKnown) player.heard.unshift({ taskId: id, fence });
  }
}

/** Whatever has happened: an agent that can do everything, and a person who retries, end it all. */
async function drive(play: Play): Promise<void> {
  const { hub, person } = play;
  for (let round = 0; round < 10; round++) await hub.pass(60_000);
  const ann = clientOf(hub, 'ann');
  await ann.task.pull({ capabilities: ['ts', 'gpu'] });
  await person.agent.trust({ agent: 'ann', trust: 3 });
  for (let round = 0; round < 300; round++) {
    const rows = await listTasks(hub);
    const unfinished = rows.filter(({ state }) => state !== 'done');
    if (unfinished.length === 0) return;
    for (const { id, state } of rows) {
      if (ENDED.includes(state) && state !== 'done') await perform(play, { do: 'put back', id });
    }
    const { assignment } = await ann.task.pull({ capabilities: ['ts', 'gpu'] });
    if (assignment === null) await hub.pass(600_000);
    else {
      const { id, fence } = assignment.task;
      expect(await ann.task.complete({ taskId: id, fence })).toMatchObject({ state: 'done' });
    }
  }
  throw new Error('some task cannot be brought to an end');
}

test('invariants hold under random schedules', { timeout: 120_000 }, async () => {
  const schedules = fc.array(action, { minLength: 20, maxLength: 60 });
  const property = fc.asyncProperty(schedules, async (steps) => {
    const play = await begin();
    const before = new Map<string, Row>();
    for (const step of steps) {
      await perform(play, step);
      await check(play, before, step);
    }
    await drive(play);
    await play.hub.close();
  });
  await fc.assert(property, { numRuns: 150 });
});
