/** Tasks that belong together, on every engine: many as one, parents and children, what a failure ends. */
import { expect, test } from 'vitest';
import { limits } from '../../src/contract/index.ts';
import { eachEngine } from '../support/engines.ts';
import {
  begin,
  expectNoMissedMatch,
  inHand,
  openTestHub,
  refusal,
  REPOSITORY,
  worker,
} from '../support/hub.ts';

eachEngine((engine) => {
  test('many tasks are submitted as one, in whatever order they name each other', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const { tasks } = await pat.batch.submit({
      tasks: [
        { ref: 'ship', title: 'ship', after: ['build', 'test'], parent: 'all' },
        { ref: 'test', title: 'test', after: ['build'], parent: 'all' },
        { ref: 'build', title: 'build', parent: 'all' },
        { ref: 'all', title: 'all of it' },
        { title: 'beside' },
      ],
    });
    expect(tasks.map(({ ref, state }) => [ref, state])).toEqual([
      ['ship', 'blocked'],
      ['test', 'blocked'],
      ['build', 'queued'],
      ['all', 'queued'],
      [null, 'queued'],
    ]);
    const whole = tasks[3]?.id ?? '';
    const { children } = await pat.task.show({ id: whole });
    expect(new Set(children.map(({ title }) => title))).toEqual(new Set(['build', 'test', 'ship']));
    const { items } = await pat.task.list({ parent: whole });
    expect(items).toHaveLength(3);
  });

  test('of many tasks one that is wrong keeps out all of them', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const one = { title: 'one', ref: 'one' };
    const wrong: [string, Parameters<typeof pat.batch.submit>[0]['tasks']][] = [
      [
        'one → two → one',
        [
          { ...one, after: ['two'] },
          { title: 'x', ref: 'two', after: ['one'] },
        ],
      ],
      ['one → one', [{ ...one, after: ['one'] }]],
      ['names three', [{ ...one, after: ['three'] }]],
      ['both named one', [one, one]],
      ['checks, paths and a base branch', [one, { title: 'x', checks: ['make'] }]],
    ];
    for (const [words, tasks] of wrong) {
      const error = await refusal(pat.batch.submit({ tasks }));
      expect(error).toMatchObject({ code: 'invalid_input' });
      expect(error.message).toContain(words);
    }
    expect((await pat.task.list()).items).toEqual([]);
    const chain = Array.from({ length: limits.tasksAtOnceMax }, (_, at) => ({
      title: `link ${at}`,
      ref: `link${at}`,
      after: at + 1 < limits.tasksAtOnceMax ? [`link${at + 1}`] : [],
    }));
    const { tasks } = await pat.batch.submit({ tasks: chain });
    expect(tasks.filter(({ state }) => state === 'queued')).toHaveLength(1);
  });

  test('a parent waits for its children, and goes on when the last has ended', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const whole = await pat.task.submit({ title: 'whole' });
    const held = await begin(ada);
    const children = [];
    for (const title of ['one', 'two']) {
      hub.clock.advance(1);
      children.push((await ada.client.task.submit({ title, parent: whole.id })).id);
    }
    await ada.client.task.snooze({ ...held, untilChildrenEnd: true });
    const { state, facts } = await pat.why({ id: whole.id });
    expect(state).toBe('blocked');
    expect(facts.map(({ holder }) => holder)).toEqual(children);
    for (const id of children) {
      const part = await begin(ada);
      expect(part.taskId).toBe(id);
      await ada.client.task.complete(part);
    }
    expect(await inHand(ada)).toMatchObject({ taskId: whole.id });
    const { task } = await pat.task.show({ id: whole.id });
    expect(task).toMatchObject({ failures: 0, attempt: 2 });
    await expectNoMissedMatch(pat);
  });

  test('a child may overlap its parent that has put itself behind it', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const shared = { repository: REPOSITORY, paths: ['src/**'] };
    const whole = await pat.task.submit({ title: 'whole', ...shared });
    const held = await begin(ada);
    const part = await ada.client.task.submit({ title: 'part', parent: whole.id, ...shared });
    expect((await pat.why({ id: part.id })).facts[0]).toMatchObject({ holder: whole.id });
    await ada.client.task.snooze({ ...held, untilChildrenEnd: true });
    expect((await inHand(ada)).taskId).toBe(part.id);
    await expectNoMissedMatch(pat);
  });

  test('cancelling a parent cancels its children, and theirs', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const whole = await pat.task.submit({ title: 'whole', needs: ['nothing'] });
    const part = await pat.task.submit({ title: 'part', parent: whole.id });
    const deep = await pat.task.submit({ title: 'deep', parent: part.id, needs: ['nothing'] });
    const held = await begin(ada);
    const next = await pat.task.submit({ title: 'next' });
    await pat.task.cancel({ id: whole.id });
    for (const id of [part.id, deep.id]) {
      expect((await pat.task.show({ id })).task.state).toBe('cancelled');
    }
    expect((await refusal(ada.client.task.complete(held))).code).toBe('stale_fence');
    expect((await inHand(ada)).taskId).toBe(next.id);
    await expectNoMissedMatch(pat);
  });

  test('more children than end at once with their parent end soon after, and come back after it', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const whole = await pat.task.submit({ title: 'whole', needs: ['nothing'] });
    const count = limits.dependentsAtOnceMax + 3;
    const part = { title: 'part', parent: whole.id };
    const tasks = Array.from({ length: count }, () => part);
    await pat.batch.submit({ tasks: tasks.slice(3) });
    await pat.batch.submit({ tasks: tasks.slice(0, 3) });
    await pat.task.cancel({ id: whole.id });
    expect((await pat.hub.status()).tasks['cancelled']).toBe(limits.dependentsAtOnceMax + 1);
    // The agent has one of those that are left offered to it, and then the next.
    for (let offers = 0; offers < 2; offers++) {
      await hub.pass(limits.offerMs);
      await ada.client.agent.heartbeat({ sessionId: ada.sessionId });
    }
    expect((await pat.hub.status()).tasks).toEqual({ cancelled: count + 1 });
    const [first] = (await pat.task.list({ parent: whole.id, limit: 1 })).items;
    const id = first?.id ?? '';
    const refused = await refusal(pat.task.retry({ id }));
    expect(refused.message).toContain('put that back first');
    expect(refused.hint).toContain(`task retry ${whole.id}`);
    await pat.task.retry({ id: whole.id });
    expect(await pat.task.retry({ id })).toMatchObject({ id, state: 'queued' });
  });

  test('a failure travels to those that are not to run without it, and to no others', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    const { tasks } = await pat.batch.submit({
      tasks: [
        { ref: 'first', title: 'first', failuresMax: 1 },
        { ref: 'second', title: 'second', after: ['first'], onNeededFailure: 'cancel' },
        { ref: 'third', title: 'third', after: ['second'], onNeededFailure: 'cancel' },
        { ref: 'patient', title: 'patient', after: ['first'] },
      ],
    });
    await ada.client.task.fail({ ...(await begin(ada)), reason: 'broken' });
    const states = await Promise.all(
      tasks.map(async ({ id }) => (await pat.task.show({ id })).task.state),
    );
    expect(states).toEqual(['dead', 'cancelled', 'cancelled', 'blocked']);
    const { task } = await pat.task.show({ id: tasks[1]?.id ?? '' });
    expect(task.reason).toContain(tasks[0]?.id);
  });

  test('nothing is a child of what has ended, nor comes after its parent', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    const whole = await pat.task.submit({ title: 'whole' });
    const part = await pat.task.submit({ title: 'part', parent: whole.id });
    for (const parent of [whole.id, part.id]) {
      const late = pat.task.submit({ title: 'x', parent, after: [whole.id] });
      expect((await refusal(late)).code).toBe('invalid_input');
    }
    await pat.task.cancel({ id: whole.id });
    const error = await refusal(pat.task.submit({ title: 'x', parent: whole.id }));
    expect(error).toMatchObject({ code: 'conflict' });
  });

  test('children are nested only so deep', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    let parent = (await pat.task.submit({ title: 'top' })).id;
    for (let depth = 1; depth <= limits.childDepthMax; depth++) {
      parent = (await pat.task.submit({ title: 'part', parent })).id;
    }
    const error = await refusal(pat.task.submit({ title: 'too deep', parent }));
    expect(error.message).toContain(`${limits.childDepthMax} deep`);
  });
});
