/**
 * The counters under random reports: agents that report twice, late, out of order or not at all,
 * while tasks fail and are lost, budgets are set and lifted, agents pause, and time goes on. What
 * is counted is the highest total of each attempt that has reached the hub; nothing that is held
 * back gets work; and nothing waits beside an agent that could do it.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { SignalboxError } from '../../src/contract/index.ts';
import { sql } from '../../src/store/sql.ts';
import { begin, expectNoMissedMatch, openTestHub, type TestHub, worker } from '../support/hub.ts';
import type { InHand, Worker } from '../support/hub.ts';

const NAMES = ['ada', 'bob'];
const WINDOWS = ['ever', 'day'] as const;

const who = fc.nat({ max: NAMES.length - 1 });
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('submit' as const), who }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('begin' as const), who }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constantFrom('progress', 'progress', 'complete', 'fail', 'decline'),
      who,
      which: fc.nat({ max: 3 }),
      tokens: fc.nat({ max: 50 }),
      costMicros: fc.nat({ max: 50 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('bound', 'bound', 'lift'),
      who: fc.option(who, { freq: 2 }),
      window: fc.constantFrom(...WINDOWS),
      tokensMax: fc.constantFrom(0, 40, 1_000),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('pause', 'resume'), who }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      who,
      ms: fc.constantFrom(600, 20_000, 30 * 60_000, 25 * 60 * 60_000),
    }),
  },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

interface Play {
  hub: TestHub;
  person: Client;
  workers: Worker[];
  /** Every hand-out that an agent has begun, with the highest totals that the hub has taken. */
  begun: { of: number; held: InHand; tokens: number; costMicros: number }[];
}

async function open(): Promise<Play> {
  const hub = await openTestHub('sqlite memory');
  const workers = [];
  for (const name of NAMES) workers.push(await worker(hub, name));
  return { hub, person: await hub.as('pat', 'operator'), workers, begun: [] };
}

async function perform(play: Play, step: Action): Promise<void> {
  const { hub, person, workers, begun } = play;
  const at = workers[step.who ?? 0];
  if (at === undefined) throw new Error('nobody');
  switch (step.do) {
    case 'submit':
      return void (await person.task.submit({ title: 'a task', budget: { tokensMax: 60 } }));
    case 'begin': {
      const held = await begin(at);
      if (begun.some((other) => other.held.fence === held.fence)) return;
      return void begun.unshift({ of: step.who, held, tokens: 0, costMicros: 0 });
    }
    case 'bound':
    case 'lift': {
      const scope = step.who === null ? ('project' as const) : { agent: at.name };
      const { window, tokensMax } = step;
      if (step.do === 'lift') return void (await person.budget.remove({ scope, window }));
      return void (await person.budget.set({ scope, window, tokensMax }));
    }
    case 'pause':
      await at.client.agent.pause({ untilMs: hub.clock.nowMs() + 60_000, reason: 'a rest' });
      return;
    case 'resume':
      return void (await at.client.agent.resume());
    case 'pass':
      await hub.pass(step.ms);
      // Those that were silent for so long come back.
      for (const one of workers) await one.client.agent.connect({ sessionId: one.sessionId });
      return hub.pass(1);
    default:
      return report(play, step);
  }
}

type Report = Extract<Action, { tokens: number }>;

/** Of any attempt it ever began: what was spent is counted, whether the report moves it or not. */
async function report({ workers, begun }: Play, step: Report): Promise<void> {
  const own = begun.filter(({ of }) => of === step.who);
  const attempt = own[step.which % Math.max(1, own.length)];
  const { task } = workers[step.who]?.client ?? {};
  if (attempt === undefined || task === undefined) return;
  const { tokens, costMicros } = step;
  const use = { inputTokens: tokens, outputTokens: 0, costMicros };
  const told = { ...attempt.held, use };
  const taken = (): void => {
    attempt.tokens = Math.max(attempt.tokens, tokens);
    attempt.costMicros = Math.max(attempt.costMicros, costMicros);
  };
  try {
    if (step.do === 'progress') await task.progress(told);
    else if (step.do === 'complete') await task.complete(told);
    else if (step.do === 'fail') await task.fail({ ...told, reason: 'it broke' });
    else await task.decline(told);
    taken();
  } catch (error) {
    if (!(error instanceof SignalboxError)) throw error;
    if (error.code === 'stale_fence') taken();
    else if (error.code !== 'conflict') throw error;
  }
}

async function check({ hub, person, workers, begun }: Play): Promise<void> {
  const sum = (key: 'tokens' | 'costMicros', of?: number): number =>
    begun
      .filter((one) => of === undefined || one.of === of)
      .reduce((all, one) => all + one[key], 0);
  const { spent, hold } = await person.hub.status();
  expect(spent.ever).toEqual({ tokens: sum('tokens'), costMicros: sum('costMicros') });
  const rows = await hub.store.read.all<{ subject: string; tokens: number }>(sql`
    select subject, sum(tokens) as tokens from spendings where hour_ms >= 0 group by subject`);
  for (const { subject, tokens } of rows) {
    const of = subject === '' ? undefined : NAMES.indexOf(subject);
    expect(tokens, `what the hours of ${subject} add up to`).toBe(sum('tokens', of));
  }
  await expectNoMissedMatch(person);
  for (const { name } of workers) {
    const { items } = await person.budget.list();
    const isSpent = items.some(
      ({ scope, isSpent: is }) =>
        is && typeof scope === 'object' && 'agent' in scope && scope.agent === name,
    );
    const agent = (await person.agent.list()).items.find((one) => one.name === name);
    expect(agent?.hold !== null, `${name} is held back`).toBe(isSpent || isPaused(agent?.hold));
    const isProjectSpent = items.some(({ scope, isSpent: is }) => is && scope === 'project');
    expect(hold !== null, 'the project is held back').toBe(isProjectSpent);
  }
}

function isPaused(hold: { reason: string } | null | undefined): boolean {
  return hold?.reason.startsWith('paused') === true;
}

/** What a caller may be told; anything else is a defect. */
const FINE = ['conflict', 'stale_fence', 'not_found'];

/**
 * Nobody who is held back the whole time is given anything. What it had in hand and was presumed to
 * have lost it may take up again.
 */
async function go(play: Play, one: Action): Promise<void> {
  const before = await standing(play);
  try {
    await perform(play, one);
  } catch (error) {
    const isEmptyHand = error instanceof Error && error.message.includes('nothing in its hand');
    const isFine = error instanceof SignalboxError && FINE.includes(error.code);
    if (!isEmptyHand && !isFine) throw error;
  }
  for (const [index, { name, isHeld, handOuts }] of (await standing(play)).entries()) {
    const was = before[index];
    const isGiven = handOuts > (was?.handOuts ?? 0);
    expect(isGiven && isHeld && was?.isHeld === true, `${name} got work while held back`).toBe(
      false,
    );
  }
}

interface Standing {
  name: string;
  isHeld: boolean;
  /** How often it was given a task. */
  handOuts: number;
}

async function standing({ hub, person }: Play): Promise<Standing[]> {
  const given = await hub.store.read.all<{ agent: string; count: number }>(sql`
    select agent, count(*) as count from attempts group by agent`);
  const { hold: all } = await person.hub.status();
  const { items } = await person.agent.list();
  return items.map(({ name, hold }) => ({
    name,
    isHeld: hold !== null || all !== null,
    handOuts: given.find(({ agent }) => agent === name)?.count ?? 0,
  }));
}

test(
  'what is spent is counted once, and what is held back gets nothing',
  { timeout: 120_000 },
  () =>
    fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), async (steps) => {
        const play = await open();
        for (const one of steps) {
          await go(play, one);
          await check(play);
        }
        await play.hub.close();
      }),
      { numRuns: 60 },
    ),
);
