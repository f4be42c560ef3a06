/** The scheduler, by its laws and by examples. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Lane, limits } from '../../contract/index.ts';
import { assign, canDo, type IdleAgent, rankMs, type WaitingTask } from './assign.ts';

const capability = fc.constantFrom('ts', 'go', 'gpu', 'db');
const agentKey = fc.constantFrom('ada', 'bob', 'cy', 'dee', 'eve');

const waiting: fc.Arbitrary<WaitingTask[]> = fc.uniqueArray(
  fc.record({
    id: fc.integer({ min: 1, max: 30 }).map((number) => `tsk_${number}`),
    rankMs: fc.integer({ min: 0, max: 5 }),
    needs: fc.uniqueArray(capability, { maxLength: 2 }),
    preferredKey: fc.option(agentKey),
    prefers: fc.uniqueArray(capability, { maxLength: 2 }),
    trust: fc.nat({ max: 2 }),
    repositoryId: fc.option(fc.constantFrom('one', 'two')),
  }),
  { selector: ({ id }) => id, maxLength: 12 },
);

const idle: fc.Arbitrary<IdleAgent[]> = fc.uniqueArray(
  fc.record({
    key: agentKey,
    idleSinceMs: fc.integer({ min: 0, max: 3 }),
    capabilities: fc.uniqueArray(capability).map((list) => new Set(list)),
    trust: fc.nat({ max: 2 }),
    repositories: fc.option(fc.constantFrom('one', 'two').map((id) => new Set([id]))),
    records: fc.constant(new Map()),
  }),
  { selector: ({ key }) => key },
);

function task(id: string, changed: Partial<WaitingTask> = {}): WaitingTask {
  return {
    id,
    rankMs: 0,
    needs: [],
    prefers: [],
    trust: 0,
    repositoryId: null,
    preferredKey: null,
    ...changed,
  };
}

function agent(key: string, idleSinceMs = 0, capabilities: string[] = []): IdleAgent {
  return {
    key,
    idleSinceMs,
    capabilities: new Set(capabilities),
    trust: 1,
    repositories: null,
    records: new Map(),
  };
}

test('each task and each agent is matched at most once, and every agent can do its task', () => {
  fc.assert(
    fc.property(waiting, idle, (tasks, agents) => {
      const matches = assign(tasks, agents);
      expect(new Set(matches.map(({ taskId }) => taskId)).size).toBe(matches.length);
      expect(new Set(matches.map(({ agentKey: key }) => key)).size).toBe(matches.length);
      for (const match of matches) {
        const who = agents.find(({ key }) => key === match.agentKey);
        const what = tasks.find(({ id }) => id === match.taskId);
        expect(who !== undefined && what !== undefined && canDo(who, what)).toBe(true);
      }
    }),
  );
});

test('no task is left waiting beside an idle agent that could do it', () => {
  fc.assert(
    fc.property(waiting, idle, (tasks, agents) => {
      const matches = assign(tasks, agents);
      const left = tasks.filter(({ id }) => !matches.some((match) => match.taskId === id));
      const free = agents.filter(({ key }) => !matches.some((match) => match.agentKey === key));
      expect(left.filter((one) => free.some((who) => canDo(who, one)))).toEqual([]);
    }),
  );
});

test('an earlier rank is never passed over for a later one that the same agent could do', () => {
  fc.assert(
    fc.property(waiting, idle, (tasks, agents) => {
      const matches = assign(tasks, agents);
      for (const { taskId, agentKey: key } of matches) {
        const given = tasks.find(({ id }) => id === taskId);
        const who = agents.find((one) => one.key === key);
        if (given === undefined || who === undefined) throw new Error('a match of nothing');
        const before = tasks.filter((one) => one.rankMs < given.rankMs && canDo(who, one));
        expect(before.filter(({ id }) => !matches.some((one) => one.taskId === id))).toEqual([]);
      }
    }),
  );
});

test('the order in which tasks and agents come makes no difference', () => {
  fc.assert(
    fc.property(waiting, idle, (tasks, agents) => {
      expect(assign(tasks.toReversed(), agents.toReversed())).toEqual(assign(tasks, agents));
    }),
  );
});

test('a preferred agent that can do the task has it before one that is idle for longer', () => {
  const agents = [agent('ada', 0, ['ts']), agent('bob', 9, ['ts'])];
  const wanted = task('a', { preferredKey: 'bob', needs: ['ts'] });
  expect(assign([wanted], agents)).toEqual([
    { taskId: 'a', agentKey: 'bob', because: 'it knows the work already' },
  ]);
  const unable = task('a', { preferredKey: 'bob', needs: ['ts'] });
  expect(assign([unable], [agent('ada', 0, ['ts']), agent('bob')])).toEqual([
    { taskId: 'a', agentKey: 'ada', because: null },
  ]);
  expect(assign([task('b')], agents)).toEqual([{ taskId: 'b', agentKey: 'ada', because: null }]);
});

test('lanes are strict among tasks of one age', () => {
  const tasks = Lane.options.map((lane) => task(lane, { rankMs: rankMs(lane, 1_000) }));
  const order: string[] = [];
  let left = tasks.toReversed();
  while (left.length > 0) {
    const [match] = assign(left, [agent('ada')]);
    order.push(match?.taskId ?? '');
    left = left.filter(({ id }) => id !== match?.taskId);
  }
  expect(order).toEqual(['urgent', 'high', 'normal', 'low']);
});

test('a task that waited a whole step longer goes before one of the next higher lane', () => {
  const step = limits.agingStepMs;
  const low = task('low', { rankMs: rankMs('low', 0) });
  const first = (queuedAtMs: number) => {
    const normal = task('normal', { rankMs: rankMs('normal', queuedAtMs) });
    return assign([normal, low], [agent('ada')])[0]?.taskId;
  };
  expect(first(step - 1)).toBe('normal');
  expect(first(step + 1)).toBe('low');
});
