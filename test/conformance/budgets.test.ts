/** Budgets: what is spent is counted once, and what is spent holds back what it should. */
import { expect, test, vi } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { type Event, type EventType, type Input, limits } from '../../src/contract/index.ts';
import { eachEngine, onPostgres, openTestStore, type TestEngine } from '../support/engines.ts';
import {
  begin,
  expectNoMissedMatch,
  handIn,
  hubOn,
  inHand,
  openTestHub,
  refusal,
  REPOSITORY,
  type TestHub,
  type Worker,
  worker,
} from '../support/hub.ts';
import { manualClock } from '../../src/core/clock.ts';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;

type Use = NonNullable<Input<'task.progress'>['use']>;

function use(inputTokens: number, more: Partial<Use> = {}): Use {
  return { inputTokens, outputTokens: 0, ...more };
}

interface Stage {
  hub: TestHub;
  person: Client;
  ada: Worker;
}

async function stage(engine: TestEngine): Promise<Stage> {
  const hub = await openTestHub(engine);
  await awayFromTheHour(hub);
  return { hub, person: await hub.as('pat', 'operator'), ada: await worker(hub, 'ada') };
}

/** No window ends within the minute in which a test spends. */
async function awayFromTheHour(hub: TestHub): Promise<void> {
  const { nowMs } = await (await hub.as('clock', 'observer')).hub.status();
  if (HOUR_MS - (nowMs % HOUR_MS) < 60_000) await hub.pass(60_000);
}

function order(title: string, more: Partial<Input<'task.submit'>> = {}): Input<'task.submit'> {
  return { title, ...more };
}

async function submit(
  { person }: Pick<Stage, 'person'>,
  more: Partial<Input<'task.submit'>> = {},
): Promise<string> {
  return (await person.task.submit(order('a task', more))).id;
}

async function stateOf({ person }: Pick<Stage, 'person'>, id: string): Promise<string> {
  return (await person.task.show({ id })).task.state;
}

/** All that happened up to the first event of this type; it may take a moment to be seen. */
async function eventsUpTo({ person }: Stage, type: EventType): Promise<Event[]> {
  return vi.waitUntil(async () => {
    const { items } = await person.event.list({ limit: limits.eventPageMax });
    const at = items.findIndex((event) => event.type === type);
    return at >= 0 && items.slice(0, at + 1);
  });
}

/** Brings the task in hand to its end, having used this. */
async function complete(at: Worker, used?: Use): Promise<void> {
  await at.client.task.complete({ ...(await begin(at)), use: used });
}

/** How long the window goes on that the hub is in. */
async function leftOf({ person }: Stage, windowMs: number): Promise<number> {
  const { nowMs } = await person.hub.status();
  return windowMs - (nowMs % windowMs);
}

eachEngine((engine) => {
  test('what is reported twice counts once, and a later total covers a lost one', async () => {
    const at = await stage(engine);
    const id = await submit(at);
    const held = await begin(at.ada);
    await at.ada.client.task.progress({ ...held, use: use(100, { costMicros: 5 }) });
    await at.ada.client.task.progress({ ...held, use: use(100, { costMicros: 5 }) });
    await at.ada.client.task.progress({ ...held, use: use(70) });
    await at.ada.client.task.complete({
      ...held,
      use: use(300, { cachedInputTokens: 60, outputTokens: 20, costMicros: 12 }),
    });
    const { task, attempts } = await at.person.task.show({ id });
    expect(task.used).toEqual({ tokens: 260, costMicros: 12 });
    expect(attempts[0]?.use).toMatchObject({ inputTokens: 300, outputTokens: 20, costMicros: 12 });
    const { spent } = await at.person.hub.status();
    expect(spent).toEqual({ today: task.used, ever: task.used });
  });

  test('a task over its budget is stopped and says so with the figures', async () => {
    const at = await stage(engine);
    const id = await submit(at, { budget: { tokensMax: 1_000 } });
    const later = await submit(at);
    const held = await begin(at.ada);
    const enough = await at.ada.client.task.progress({ ...held, use: use(1_000) });
    expect(enough).toMatchObject({ state: 'running', stop: null });
    const over = await at.ada.client.task.progress({ ...held, use: use(1_001) });
    expect(over.stop).toBe('over its budget: 1,001 tokens used of 1,000');
    expect(over.state).toBe('failed');
    const { task, attempts } = await at.person.task.show({ id });
    expect(task).toMatchObject({ state: 'failed', reason: over.stop });
    expect(attempts[0]?.outcome).toBe('over_budget');
    expect((await inHand(at.ada)).taskId).toBe(later);
  });

  test('a task over its budget in money does not get another attempt', async () => {
    const at = await stage(engine);
    const id = await submit(at, { budget: { costMicrosMax: 2_500_000 } });
    const held = await begin(at.ada);
    const used = use(1, { costMicros: 2_610_000 });
    await at.ada.client.task.fail({ ...held, reason: 'the tests fail', use: used });
    const { task } = await at.person.task.show({ id });
    expect(task.state).toBe('failed');
    expect(task.reason).toBe('over its budget: $2.61 used of $2.50; the tests fail');
    expect((await refusal(at.person.task.retry({ id }))).hint).toContain('budget set');
    await at.person.budget.set({ scope: { task: id }, costMicrosMax: 5_000_000 });
    await at.person.task.retry({ id });
    expect(await stateOf(at, id)).toBe('offered');
  });

  test('finished work is taken though it went over the budget of its task', async () => {
    const at = await stage(engine);
    const id = await submit(at, { budget: { tokensMax: 1 } });
    await complete(at.ada, use(5));
    expect(await stateOf(at, id)).toBe('done');
  });

  test('work that is sent back over the budget of its task has failed', async () => {
    const at = await stage(engine);
    const id = await submit(at, { budget: { tokensMax: 1 }, repository: REPOSITORY });
    const held = await begin(at.ada);
    await at.ada.client.task.complete({ ...held, ...handIn(held), use: use(5) });
    const verifier = await at.hub.as('vera', 'verifier');
    const { verification } = await verifier.change.claim();
    const claim = { id: verification?.change.id ?? '', lease: verification?.lease ?? 0 };
    await verifier.change.reject({ ...claim, outcome: 'check_failed', reason: 'red', log: '' });
    expect(await stateOf(at, id)).toBe('failed');
  });

  test('a budget that is lowered below what a task has used stops it at once', async () => {
    const at = await stage(engine);
    const id = await submit(at);
    const held = await begin(at.ada);
    await at.ada.client.task.progress({ ...held, use: use(500) });
    const budget = await at.person.budget.set({ scope: { task: id }, tokensMax: 400 });
    expect(budget).toMatchObject({ isSpent: true, left: { tokens: 0, costMicros: null } });
    expect(await stateOf(at, id)).toBe('failed');
    const stale = await refusal(at.ada.client.task.progress({ ...held, use: use(600) }));
    expect(stale.code).toBe('stale_fence');
    const { task } = await at.person.task.show({ id });
    expect(task.used.tokens).toBe(600);
  });

  test('an agent whose budget is spent gets nothing new until its window is over', async () => {
    const at = await stage(engine);
    await at.person.budget.set({ scope: { agent: 'Ada' }, window: 'hour', tokensMax: 100 });
    await submit(at);
    await complete(at.ada, use(100));
    const id = await submit(at);
    expect(await stateOf(at, id)).toBe('queued');
    await expectNoMissedMatch(at.person);
    const ofTask = await at.person.why({ id });
    expect(ofTask.facts[0]?.fact).toMatch(/^ada is held back: the budget of ada for the hour/);
    const { facts } = await at.person.why({ id: 'ada' });
    expect(facts[0]?.fact).toBe('the budget of ada for the hour is spent: 100 tokens used of 100');
    const leftMs = await leftOf(at, HOUR_MS);
    await at.hub.pass(leftMs - 2_000);
    expect(await stateOf(at, id)).toBe('queued');
    await at.ada.client.agent.connect({ sessionId: at.ada.sessionId });
    await at.hub.pass(2_000);
    expect(await stateOf(at, id)).toBe('offered');
    await expectNoMissedMatch(at.person);
  });

  test('another agent goes on while the budget of one is spent', async () => {
    const at = await stage(engine);
    await at.person.budget.set({ scope: { agent: 'ada' }, window: 'day', tokensMax: 10 });
    await submit(at);
    await complete(at.ada, use(10));
    const bob = await worker(at.hub, 'bob');
    const id = await submit(at);
    expect((await inHand(bob)).taskId).toBe(id);
  });

  test('a project whose budget is spent hands out nothing, and all of it when it opens', async () => {
    const at = await stage(engine);
    await at.person.budget.set({ scope: 'project', window: 'day', costMicrosMax: 1_000_000 });
    await submit(at);
    const running = await begin(at.ada);
    const bob = await worker(at.hub, 'bob');
    await at.ada.client.task.progress({ ...running, use: use(1, { costMicros: 1_000_000 }) });
    const ids = [await submit(at), await submit(at)];
    for (const id of ids) expect(await stateOf(at, id)).toBe('queued');
    expect(await stateOf(at, running.taskId)).toBe('running');
    await expectNoMissedMatch(at.person);
    const { hold } = await at.person.hub.status();
    expect(hold?.reason).toBe(
      'the budget of the project for the day is spent: $1.00 used of $1.00',
    );
    const pulled = await bob.client.task.pull();
    expect(pulled).toEqual({ assignment: null, hold });
    const { facts } = await at.person.why({ id: ids[0] ?? '' });
    expect(facts[0]).toMatchObject({ fact: hold?.reason, untilMs: hold?.untilMs });
    await at.ada.client.task.complete(running);
    const leftMs = await leftOf(at, DAY_MS);
    await at.hub.pass(leftMs - 1_000);
    for (const one of [at.ada, bob]) await one.client.agent.connect({ sessionId: one.sessionId });
    await at.hub.pass(1_000);
    for (const id of ids) expect(await stateOf(at, id)).toBe('offered');
    expect((await at.person.hub.status()).hold).toBeNull();
  });

  test('who raises or lifts a budget lets go what it held back', async () => {
    const at = await stage(engine);
    await at.person.budget.set({ scope: 'project', tokensMax: 0 });
    const first = await submit(at);
    expect(await stateOf(at, first)).toBe('queued');
    await at.person.budget.set({ scope: 'project', tokensMax: 10 });
    expect(await stateOf(at, first)).toBe('offered');
    await complete(at.ada, use(10));
    const second = await submit(at);
    expect(await stateOf(at, second)).toBe('queued');
    await at.person.budget.remove({ scope: 'project' });
    expect(await stateOf(at, second)).toBe('offered');
    await expectNoMissedMatch(at.person);
  });

  test('what was spent before a budget was set counts in its window', async () => {
    const at = await stage(engine);
    await submit(at);
    await complete(at.ada, use(50));
    const budget = await at.person.budget.set({ scope: 'project', window: 'day', tokensMax: 60 });
    expect(budget).toMatchObject({ used: { tokens: 50 }, left: { tokens: 10 }, isSpent: false });
  });

  test('a budget is told to be spent once in each window', async () => {
    const at = await stage(engine);
    await at.person.budget.set({ scope: { agent: 'ada' }, window: 'day', tokensMax: 10 });
    await submit(at);
    const held = await begin(at.ada);
    for (const tokens of [10, 20, 30]) {
      await at.ada.client.task.progress({ ...held, use: use(tokens) });
    }
    await at.ada.client.task.complete(held);
    const told = await eventsUpTo(at, 'task.done');
    const items = told.filter(({ type }) => type === 'budget.exceeded');
    expect(items).toHaveLength(1);
    expect(items[0]).toMatchObject({ subject: 'ada', data: { reason: '10 tokens used of 10' } });
  });

  test('budgets are listed page by page: of the project, of agents, of open tasks', async () => {
    const at = await stage(engine);
    const id = await submit(at, { budget: { tokensMax: 7 } });
    const done = await submit(at, { budget: { tokensMax: 8 } });
    await at.person.task.cancel({ id: done });
    await at.person.budget.set({ scope: { agent: 'ada' }, window: 'week', tokensMax: 1 });
    await at.person.budget.set({ scope: 'project', window: 'hour', costMicrosMax: 2 });
    const all = await at.person.budget.list();
    expect(all.items.map(({ scope }) => scope)).toEqual([
      'project',
      { agent: 'ada' },
      { task: id },
    ]);
    const paged: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page = await at.person.budget.list({ limit: 1, cursor });
      paged.push(...page.items);
      cursor = page.nextCursor ?? undefined;
    } while (cursor !== undefined);
    expect(paged).toEqual(all.items);
  });

  test('a paused agent is offered nothing until the time it named', async () => {
    const at = await stage(engine);
    const { nowMs } = await at.person.hub.status();
    const untilMs = nowMs + 60_000;
    const { hold } = await at.ada.client.agent.pause({ untilMs, reason: 'its tool rests' });
    expect(hold).toEqual({ reason: 'paused: its tool rests', untilMs });
    const id = await submit(at);
    expect(await stateOf(at, id)).toBe('queued');
    await expectNoMissedMatch(at.person);
    expect((await at.person.why({ id })).facts[0]?.untilMs).toBe(untilMs);
    await at.hub.pass(59_000);
    await at.ada.client.agent.connect({ sessionId: at.ada.sessionId });
    expect(await stateOf(at, id)).toBe('queued');
    await at.hub.pass(1_500);
    expect(await stateOf(at, id)).toBe('offered');
    const told = (await eventsUpTo(at, 'agent.resumed')).map(({ type }) => type);
    expect(told.filter((type) => type === 'agent.paused')).toHaveLength(1);
  });

  test('a task that an agent chooses is refused with what holds the agent back', async () => {
    const at = await stage(engine);
    await at.person.budget.set({ scope: { agent: 'ada' }, window: 'hour', tokensMax: 0 });
    const id = await submit(at);
    const refused = await refusal(at.ada.client.task.pull({ taskId: id }));
    expect(refused.message).toContain('the budget of ada for the hour is spent');
    await at.person.budget.remove({ scope: { agent: 'ada' }, window: 'hour' });
    const { assignment } = await at.ada.client.task.pull({ taskId: id });
    expect(assignment?.task.id).toBe(id);
  });

  test('an operator pauses and resumes any agent', async () => {
    const at = await stage(engine);
    const { nowMs } = await at.person.hub.status();
    await at.person.agent.pause({ agent: 'ada', untilMs: nowMs + DAY_MS, reason: 'a rest' });
    const id = await submit(at);
    expect(await stateOf(at, id)).toBe('queued');
    await at.person.agent.resume({ agent: 'ada' });
    expect(await stateOf(at, id)).toBe('offered');
  });

  test('an agent lifts its own pause, and not what another said', async () => {
    const at = await stage(engine);
    const { ada, person } = at;
    const { nowMs } = await person.hub.status();
    const [soonMs, lateMs] = [nowMs + 60_000, nowMs + 120_000];
    await ada.client.agent.pause({ untilMs: lateMs, reason: 'its tool rests' });
    await ada.client.agent.pause({ untilMs: soonMs, reason: 'its tool rests' });
    expect((await ada.client.agent.resume()).hold).toBeNull();
    await person.agent.pause({ agent: 'ada', untilMs: soonMs, reason: 'it breaks things' });
    const lifted = await refusal(ada.client.agent.resume());
    expect(lifted).toMatchObject({
      code: 'forbidden',
      message: 'ada was paused by pat: it breaks things',
    });
    const shorter = ada.client.agent.pause({ untilMs: soonMs - 1, reason: 'enough' });
    expect((await refusal(shorter)).code).toBe('forbidden');
    const longer = await ada.client.agent.pause({ untilMs: lateMs, reason: 'its tool rests' });
    const hold = { reason: 'paused: it breaks things', untilMs: lateMs };
    expect(longer.hold).toEqual(hold);
    expect((await refusal(ada.client.agent.resume())).code).toBe('forbidden');
    const { items } = await person.agent.list();
    expect(items.find(({ name }) => name === 'ada')?.hold).toEqual(hold);
    await at.hub.pass(120_500);
    const { nowMs: laterMs } = await person.hub.status();
    await ada.client.agent.pause({ untilMs: laterMs + 60_000, reason: 'its tool rests' });
    expect((await ada.client.agent.resume()).hold).toBeNull();
  });

  test('an agent that asks for work gets none while its context is full', async () => {
    const at = await stage(engine);
    const bob = await at.hub.as('bob');
    await at.ada.client.agent.disconnect({ sessionId: at.ada.sessionId });
    for (let task = 0; task < 2; task++) await submit(at);
    const { assignment } = await bob.task.pull();
    const held = { taskId: assignment?.task.id ?? '', fence: assignment?.task.fence ?? 0 };
    const full = use(1, { contextTokens: 95, contextTokensMax: 100 });
    await bob.task.complete({ ...held, use: full });
    const none = await bob.task.pull();
    expect(none).toMatchObject({
      assignment: null,
      hold: { reason: 'its context is 95 % full' },
    });
    await bob.agent.resume();
    expect((await bob.task.pull()).assignment).not.toBeNull();
  });

  test('an agent that is told of work begins each with an empty context', async () => {
    const at = await stage(engine);
    await submit(at);
    await complete(at.ada, use(1, { contextTokens: 95, contextTokensMax: 100 }));
    const id = await submit(at);
    expect(await stateOf(at, id)).toBe('offered');
  });
});

test('one who may not spend anything is told what a budget wants', async () => {
  const at = await stage('sqlite memory');
  const { person } = at;
  const below = await refusal(person.budget.set({ scope: 'project', tokensMax: -1 }));
  expect(below.message).toContain('a budget is not below zero');
  const none = await refusal(person.budget.set({ scope: 'project' }));
  expect(none.message).toBe('a budget bounds tokens, money or both');
  expect(none.hint).toContain('how many tokens, or how much money');
  const id = await submit(at);
  const windowed = person.budget.set({ scope: { task: id }, window: 'day', tokensMax: 1 });
  expect((await refusal(windowed)).message).toBe('a task has one budget for all its time');
  const past = at.ada.client.agent.pause({ untilMs: 1, reason: 'before' });
  expect((await refusal(past)).message).toBe('a pause ends in the future, within 31 days');
  const foreign = at.ada.client.budget.set({ scope: 'project', tokensMax: 1 });
  expect((await refusal(foreign)).code).toBe('forbidden');
});

test('nobody counts what it used against an attempt of another', async () => {
  const at = await stage('sqlite memory');
  const id = await submit(at);
  const held = await begin(at.ada);
  const bob = await worker(at.hub, 'bob');
  await refusal(bob.client.task.progress({ ...held, use: use(1_000) }));
  expect((await at.person.task.show({ id })).task.used.tokens).toBe(0);
});

onPostgres(() => {
  test('two hubs count into the same budget, and either opens it', async () => {
    const { store, secondHub } = await openTestStore('postgres');
    const clock = manualClock();
    const one = await hubOn(store, { clock });
    const other = await hubOn(await secondHub(), { clock, seed: 2 });
    await awayFromTheHour(one);
    const person = await one.as('pat', 'operator');
    await person.budget.set({ scope: 'project', window: 'hour', tokensMax: 200 });
    const workers = [await worker(one, 'ada'), await worker(other, 'bob')];
    for (let task = 0; task < 4; task++) await submit({ person });
    const begun = await Promise.all(workers.map((at) => begin(at)));
    await Promise.all(
      workers.map((at, index) =>
        at.client.task.progress({ ...(begun[index] ?? { taskId: '', fence: 0 }), use: use(100) }),
      ),
    );
    await Promise.all(
      workers.map((at, index) =>
        at.client.task.complete({ ...(begun[index] ?? { taskId: '', fence: 0 }), use: use(100) }),
      ),
    );
    const status = await person.hub.status();
    expect(status.spent.today.tokens).toBe(200);
    expect(status.tasks).toEqual({ done: 2, queued: 2 });
    const leftMs = HOUR_MS - (status.nowMs % HOUR_MS);
    await other.pass(leftMs - 1_000);
    for (const at of workers) await at.client.agent.connect({ sessionId: at.sessionId });
    await other.pass(1_000);
    expect((await person.hub.status()).tasks).toEqual({ done: 2, offered: 2 });
  });
});
