/** A task in each of its states: what `why` tells, and what cancelling does. */
import { expect, test } from 'vitest';
import { type TaskState, TaskState as States } from '../../src/contract/index.ts';
import { eachEngine, type TestEngine } from '../support/engines.ts';
import {
  expectNoMissedMatch,
  handIn,
  inHand,
  openTestHub,
  refusal,
  REPOSITORY,
  type TestHub,
  type Worker,
  worker,
} from '../support/hub.ts';

interface Stage {
  hub: TestHub;
  ada: Worker;
  id: string;
}

/** A task that has been brought into this state, by what ada and a person do. */
async function bring(engine: TestEngine, state: TaskState): Promise<Stage> {
  const hub = await openTestHub(engine);
  const person = await hub.as('pat', 'operator');
  const needed = await person.task.submit({ title: 'needed', needs: ['none'] });
  const after = state === 'blocked' ? [needed.id] : [];
  const more = state === 'verifying' ? { repository: REPOSITORY } : {};
  const { id } = await person.task.submit({ title: 'wanted', after, failuresMax: 1, ...more });
  if (state === 'queued' || state === 'cancelled') {
    if (state === 'cancelled') await person.task.cancel({ id, reason: 'enough' });
    return { hub, id, ada: { name: 'pat', client: person, sessionId: '' } };
  }
  const ada = await worker(hub, 'ada');
  if (state !== 'blocked') await lead(ada, state);
  return { hub, id, ada };
}

async function lead(ada: Worker, state: TaskState): Promise<void> {
  const held = await inHand(ada);
  if (state === 'offered') return;
  await ada.client.task.accept(held);
  if (state === 'accepted') return;
  await ada.client.task.start(held);
  const reason = 'it broke';
  if (state === 'done') await ada.client.task.complete(held);
  if (state === 'verifying') await ada.client.task.complete({ ...held, ...handIn(held) });
  if (state === 'dead') await ada.client.task.fail({ ...held, reason });
  if (state === 'failed') await ada.client.task.fail({ ...held, reason, isRetryable: false });
}

const facts: Record<TaskState, RegExp | null> = {
  blocked: /waits for tsk_\w+ \(needed\), which is queued/,
  queued: /no agent is online/,
  offered: /offered to ada/,
  accepted: /ada has had it in hand/,
  running: /ada has had it in hand for 0 s \(attempt 1\)/,
  verifying: /waits for a verifier/,
  done: null,
  cancelled: null,
  failed: /ended after 1 attempt: it broke/,
  dead: /ended after 1 attempt: it broke/,
};

const untils: TaskState[] = ['offered', 'accepted', 'running'];
const endings: TaskState[] = ['done', 'failed', 'dead'];

eachEngine((engine) => {
  test('a task that needs a cancelled one is said never to run, and what would help', async () => {
    const { hub, ada, id } = await bring(engine, 'blocked');
    const [fact] = (await ada.client.why({ id })).facts;
    const needed = fact?.holder ?? '';
    const person = await hub.as('pat', 'operator');
    await person.task.cancel({ id: needed });
    const [after] = (await person.why({ id })).facts;
    expect(after?.fact).toContain('which is cancelled');
    expect(after?.frees).toContain(`never runs unless \`signalbox task retry ${needed}\``);
  });

  test('a task that nobody here can do says how an agent is started that can', async () => {
    const { hub, ada } = await bring(engine, 'running');
    const person = await hub.as('pat', 'operator');
    const whyOf = async (needs: string[]): Promise<string | undefined> => {
      const { id } = await person.task.submit({ title: 'rare', needs });
      return (await person.why({ id })).facts[0]?.frees;
    };
    const start = 'Start one that can: `signalbox agent run --name';
    const abilities = '--capability cics --capability cobol';
    expect(await whyOf(['cics', 'cobol'])).toBe(`${start} NAME ${abilities} -- COMMAND\`.`);
    expect(await whyOf(['agent:bob', 'cli:codex'])).toBe(`${start} bob --cli codex\`.`);
    await expectNoMissedMatch(ada.client);
  });

  test('where all who could do a task ask for work themselves, why says how one is started', async () => {
    const hub = await openTestHub(engine);
    const ada = await hub.as('ada');
    const { id } = await ada.task.submit({ title: 'first' });
    await ada.agent.connect({ takesOffers: false });
    const [first, second] = (await ada.why({ id })).facts;
    expect(first?.fact).toBe('no agent that work is offered to is online');
    expect(first?.frees).toContain('signalbox agent run --name NAME -- COMMAND');
    expect(second).toMatchObject({ fact: 'ada asks for work itself', holder: null });
  });

  for (const state of States.options) {
    test(`why tells what a task that is ${state} waits for`, async () => {
      const { ada, id } = await bring(engine, state);
      const told = await ada.client.why({ id });
      expect(told).toMatchObject({ id, kind: 'task', state });
      expect(told.summary).toContain(`wanted is ${state}`);
      const [fact] = told.facts;
      if (facts[state] === null) expect(told.facts).toEqual([]);
      else {
        expect(fact?.fact).toMatch(facts[state]);
        expect(fact?.frees.length).toBeGreaterThan(10);
        expect(fact?.untilMs !== null, 'it says until when').toBe(untils.includes(state));
      }
      await expectNoMissedMatch(ada.client);
    });

    test(`a task that is ${state} is cancelled, or says that it has ended`, async () => {
      const { hub, ada, id } = await bring(engine, state);
      const person = await hub.as('pat', 'operator');
      const cancelling = person.task.cancel({ id, reason: 'not needed' });
      if (endings.includes(state)) {
        expect((await refusal(cancelling)).code).toBe('conflict');
        expect((await person.task.show({ id })).task.state).toBe(state);
        return;
      }
      expect((await cancelling).state).toBe('cancelled');
      const { task, attempts } = await person.task.show({ id });
      expect(task.nextCheckMs).toBeNull();
      if (!untils.includes(state)) return;
      expect(attempts.map(({ outcome }) => outcome)).toEqual(['cancelled']);
      const filter = { mine: true, types: ['task.cancelled' as const] };
      const told = async (): Promise<string[]> =>
        (await ada.client.event.list({ filter })).items.map(({ subject }) => subject);
      await expect.poll(told).toEqual([id]);
      const late = ada.client.task.complete({ taskId: id, fence: task.fence, report: 'late' });
      expect((await refusal(late)).code).toBe('stale_fence');
      expect((await person.why({ id: 'ada' })).state).toBe('idle');
      const { id: next } = await person.task.submit({ title: 'next' });
      expect((await inHand(ada)).taskId).toBe(next);
    });
  }

  test('checks that nothing would run are refused, and no task is made', async () => {
    const hub = await openTestHub(engine);
    const person = await hub.as('pat', 'operator');
    for (const more of [{ checks: ['make test'] }, { baseBranch: 'main' }]) {
      const refused = await refusal(person.task.submit({ title: 'x', ...more }));
      expect([refused.code, refused.hint]).toEqual([
        'invalid_input',
        expect.stringContaining('Name the repository'),
      ]);
    }
    expect((await person.task.list()).items).toEqual([]);
  });
});
