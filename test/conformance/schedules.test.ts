/** Schedules on every engine: their times, what is left out and why, and who may go on. */
import { expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { type Input, limits, SignalboxError } from '../../src/contract/index.ts';
import { manualClock } from '../../src/core/clock.ts';
import { seededRandom } from '../../src/core/random.ts';
import { leaveOut } from '../../src/domain/schedule/sweep.ts';
import { commandContext } from '../../src/hub/context.ts';
import { hubActor } from '../../src/hub/duties.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine, onPostgres, openTestStore, type TestEngine } from '../support/engines.ts';
import {
  begin,
  hubOn,
  openTestHub,
  refusal,
  reopen,
  type TestHub,
  worker,
} from '../support/hub.ts';

const HOUR = 60 * 60_000;

const task = { title: 'sweep the yard' };
const hourly: Input<'schedule.add'> = { name: 'hourly', cron: '0 * * * *', task };
const schedule = 'hourly';

interface Place {
  hub: TestHub;
  pat: Client;
  /** A full hour. */
  startMs: number;
}

async function open(engine: TestEngine): Promise<Place> {
  const hub = await openTestHub(engine);
  const pat = await hub.as('pat', 'operator');
  return { hub, pat, startMs: await fullHour(hub, pat) };
}

/** Moves time to it: hubs on PostgreSQL begin at the time of the database. */
async function fullHour({ clock }: TestHub, pat: Client): Promise<number> {
  const { nowMs } = await pat.hub.status();
  clock.advance(HOUR - (nowMs % HOUR));
  return nowMs + HOUR - (nowMs % HOUR);
}

const tasksOf = async (pat: Client) => (await pat.task.list({ limit: 200 })).items;

async function said(pat: Client): Promise<string[]> {
  const types = ['schedule.ran', 'schedule.skipped', 'schedule.paused'] as const;
  const { items } = await pat.event.list({ filter: { types: [...types] } });
  return items.map(({ type, data }) => `${type.slice(9)} ${data.reason ?? ''}`.trim());
}

eachEngine((engine) => {
  test('a task is submitted at each time, in the name of who made the schedule', async () => {
    const { hub, pat, startMs } = await open(engine);
    const ada = await worker(hub, 'ada');
    const { nextRunMs } = await ada.client.schedule.add(hourly);
    expect(nextRunMs).toBe(startMs + HOUR);
    await hub.pass(HOUR - 1);
    await ada.client.agent.connect({ sessionId: ada.sessionId });
    expect(await tasksOf(pat)).toEqual([]);
    await hub.pass(1);
    const [first] = await tasksOf(pat);
    expect(first).toMatchObject({ title: 'sweep the yard', submitter: 'ada', agent: 'ada' });
    await ada.client.task.complete(await begin(ada));
    await hub.pass(500);
    expect(await tasksOf(pat)).toHaveLength(1);
    expect(await pat.schedule.show({ schedule })).toMatchObject({
      runs: 1,
      missed: 0,
      lastRunMs: startMs + HOUR,
      lastTaskId: first?.id,
      nextRunMs: startMs + 2 * HOUR,
    });
    await hub.pass(HOUR);
    expect(await tasksOf(pat)).toHaveLength(2);
  });

  test('a time at which the task before is open is left out, unless it may overlap', async () => {
    const { hub, pat, startMs } = await open(engine);
    await pat.schedule.add(hourly);
    await pat.schedule.add({ ...hourly, name: 'free', overlap: 'allow' });
    for (let count = 0; count < 3; count++) await hub.pass(HOUR);
    const held = await pat.schedule.show({ schedule });
    const reason = `${held.lastTaskId} of the run before is still open`;
    expect(held).toMatchObject({ runs: 1, skipped: 2, missed: 0, lastSkip: { reason } });
    expect(await pat.schedule.show({ schedule: 'free' })).toMatchObject({ runs: 3, skipped: 0 });
    await expect.poll(() => said(pat)).toContain(`skipped ${reason}`);
    const why = await pat.why({ id: schedule });
    expect(why.facts).toMatchObject([
      { fact: 'it waits for its next time', untilMs: startMs + 4 * HOUR },
      { holder: held.lastTaskId },
      {
        fact: `2 of its times were skipped and 0 missed; the last time that was left out: ${reason}`,
      },
    ]);
    await pat.task.cancel({ id: held.lastTaskId ?? '' });
    await hub.pass(HOUR);
    expect(await pat.schedule.show({ schedule })).toMatchObject({ runs: 2, skipped: 2 });
  });

  test('a run that finds the task of its unique key there submits none, and says so', async () => {
    const { hub, pat } = await open(engine);
    const unique = { key: 'yard' };
    const { id } = await pat.task.submit({ ...task, unique });
    await pat.schedule.add({ ...hourly, task: { ...task, unique } });
    const asked = await pat.schedule.run({ schedule });
    expect(asked).toMatchObject({ schedule: { runs: 0 }, task: { id, isExisting: true } });
    await hub.pass(HOUR);
    const reason = `${id} has its unique key`;
    expect(await pat.schedule.show({ schedule })).toMatchObject({
      runs: 0,
      skipped: 1,
      lastSkip: { reason },
    });
    await pat.task.cancel({ id });
    await hub.pass(HOUR);
    expect(await pat.schedule.show({ schedule })).toMatchObject({ runs: 1, skipped: 1 });
  });

  test('after times at which no hub ran one run makes up for all, or nothing does', async () => {
    const { hub, pat, startMs } = await open(engine);
    await pat.schedule.add(hourly);
    await pat.schedule.add({ ...hourly, name: 'strict', missedRule: 'none' });
    await hub.pass(5.5 * HOUR);
    expect(await tasksOf(pat)).toHaveLength(1);
    const nextRunMs = startMs + 6 * HOUR;
    expect(await pat.schedule.show({ schedule })).toMatchObject({
      runs: 1,
      missed: 4,
      nextRunMs,
    });
    expect(await pat.schedule.show({ schedule: 'strict' })).toMatchObject({
      runs: 0,
      missed: 5,
      nextRunMs,
      lastSkip: { reason: 'no hub ran in time for 5 times' },
    });
    await hub.pass(HOUR);
    expect(await pat.schedule.show({ schedule: 'strict' })).toMatchObject({ missed: 6 });
    await expect.poll(() => said(pat)).toContain('ran makes up for 4 times more');
  });

  test('a paused schedule runs when somebody says so, and goes on without making up', async () => {
    const { hub, pat, startMs } = await open(engine);
    await pat.schedule.add(hourly);
    await pat.schedule.pause({ schedule });
    await hub.pass(3.5 * HOUR);
    expect(await tasksOf(pat)).toEqual([]);
    expect((await pat.why({ id: schedule })).summary).toMatch(/is paused: pat paused it$/);
    const { task: made } = await pat.schedule.run({ schedule });
    await pat.task.cancel({ id: made.id });
    const { state, nextRunMs } = await pat.schedule.resume({ schedule });
    expect([state, nextRunMs]).toEqual(['active', startMs + 4 * HOUR]);
    await hub.pass(0.5 * HOUR);
    expect(await pat.schedule.show({ schedule })).toMatchObject({ runs: 2, missed: 0 });
  });

  test('a schedule whose maker has no token any more is paused, and says so', async () => {
    const { hub, pat } = await open(engine);
    const root = await hub.as('root', 'admin');
    const ada = await hub.as('ada');
    await ada.schedule.add(hourly);
    const { items } = await root.token.list({ limit: limits.pageMax });
    const own = items.filter(({ agent }) => agent === 'ada');
    await root.token.create({ agent: 'ada', expiresInMs: 1.5 * HOUR });
    for (const { id } of own) await root.token.revoke({ id });
    await hub.pass(HOUR);
    expect(await pat.schedule.show({ schedule })).toMatchObject({ runs: 1, state: 'active' });
    await hub.pass(HOUR);
    const reason = 'ada, who made it, has no token any more that may submit';
    expect(await pat.schedule.show({ schedule })).toMatchObject({ runs: 1, reason });
    await expect.poll(() => said(pat)).toEqual(['ran', `paused ${reason}`]);
    expect((await refusal(pat.schedule.run({ schedule }))).message).toContain(reason);
    await hub.as('ada', 'observer');
    expect((await refusal(pat.schedule.resume({ schedule }))).code).toBe('conflict');
    await hub.as('ada');
    expect(await pat.schedule.resume({ schedule })).toMatchObject({ state: 'active' });
  });

  test('a run that is refused for good pauses its schedule and harms no other', async () => {
    const { hub, pat } = await open(engine);
    await pat.schedule.add(hourly);
    await pat.schedule.add({ ...hourly, name: 'fine' });
    await spoil(hub, schedule);
    await hub.pass(HOUR);
    const { state, reason, runs } = await pat.schedule.show({ schedule: 'fine' });
    expect([state, reason, runs]).toEqual(['active', null, 1]);
    const why = await pat.why({ id: schedule });
    expect(why.summary).toMatch(/is paused: its run was refused: there is no time zone Old\/Land/);
    expect(why).toMatchObject({ kind: 'schedule', state: 'paused' });
  });

  test('a run that is refused for now is left out, and the schedule goes on', async () => {
    const { hub, pat, startMs } = await open(engine);
    const { id } = await pat.schedule.add(hourly);
    const nowMs = startMs + HOUR;
    const error = new SignalboxError('conflict', 'the queue is full');
    const context = { actor: hubActor('default'), nowMs, random: seededRandom(3) };
    await hub.store.transaction((tx) => leaveOut(commandContext({ ...context, tx }), id, error));
    const reason = 'its run was refused: the queue is full';
    expect(await pat.schedule.show({ schedule })).toMatchObject({
      state: 'active',
      skipped: 1,
      lastSkip: { atMs: nowMs, reason },
      nextRunMs: startMs + 2 * HOUR,
    });
    await hub.store.transaction((tx) => leaveOut(commandContext({ ...context, tx }), id, error));
    expect(await pat.schedule.show({ schedule })).toMatchObject({ skipped: 1 });
  });

  test('a clock that was set back while no hub ran leaves no schedule waiting for it', async () => {
    if (engine === 'sqlite memory') return;
    const { store, options } = await openTestStore(engine);
    const ahead = await hubOn(store);
    ahead.clock.advance(365 * 24 * HOUR);
    const made = await (await ahead.as('pat', 'operator')).schedule.add(hourly);
    await ahead.close();
    const back = await reopen(options);
    const pat = await back.as('pat', 'operator');
    const { nowMs } = await pat.hub.status();
    expect(made.nextRunMs).toBeGreaterThan(nowMs + 364 * 24 * HOUR);
    const { nextRunMs } = await pat.schedule.show({ schedule });
    expect(nextRunMs).toBe(nowMs + HOUR - (nowMs % HOUR));
  });

  test('no more schedules are taken than the bound says', async () => {
    const { hub, pat } = await open(engine);
    const { id } = await pat.schedule.add(hourly);
    await multiply(hub, id, limits.schedulesMax - 1);
    const error = await refusal(pat.schedule.add({ ...hourly, name: 'one-more' }));
    expect([error.code, error.message]).toEqual([
      'conflict',
      'there are 10000 schedules, which is the most',
    ]);
    await pat.schedule.remove({ schedule });
    await pat.schedule.add({ ...hourly, name: 'one-more' });
  });

  test('what a schedule is given is refused where it is wrong, and it is said what is', async () => {
    const { pat } = await open(engine);
    const wrong: [object, RegExp][] = [
      [{ cron: '0 0 30 2 *' }, /`0 0 30 2 \*` never fires/],
      [{ cron: '*/5 * * * * *' }, /6 of the five fields.*more often than once a minute/],
      [{ cron: '0 0 * *' }, /4 of the five fields/],
      [{ cron: '2026-12-01T00:00:00' }, /1 of the five fields/],
      [{ cron: `${'0,'.repeat(200)}0 * * * *` }, /200/],
      [{ cron: '61 * * * *' }, /`61 \* \* \* \*` is no cron expression/],
      [{ cron: '@reboot' }, /`@reboot` is no cron expression/],
      [{ timeZone: 'Mars/Olympus' }, /no time zone Mars\/Olympus/],
      [{ timeZone: '+02:00' }, /no name of a time zone/],
      [{ name: `sch_${'0'.repeat(21)}` }, /no `sch_` in front/],
      [{ name: 'a b' }, /no name/],
      [{ task: { title: ' ' } }, /it is empty/],
      [{ task: { title: 'x', after: [] } }, /after/],
      [{ task: { title: 'x', deadlineMs: 9e12 } }, /deadlineMs/],
      [{ task: { title: 'x', checks: ['make'] } }, /need a repository/],
    ];
    for (const [more, message] of wrong) {
      const error = await refusal(pat.call('schedule.add', { ...hourly, ...more }));
      expect([error.code, error.message]).toEqual([
        'invalid_input',
        expect.stringMatching(message),
      ]);
      expect(error.hint.length).toBeGreaterThan(10);
    }
    expect((await pat.schedule.list()).items).toEqual([]);
  });
});

/** Copies of one schedule, all paused. */
async function multiply({ store }: TestHub, id: string, count: number): Promise<void> {
  await store.transaction((tx) =>
    tx.run(sql`
      insert into schedules
      with recursive copies (number) as (
        select 1 union all select number + 1 from copies where number < ${count})
      select 'sch_' || number, project, 'copy' || number, 'copy' || number, cron, time_zone, task,
        overlap, missed_rule, 'paused', reason, maker, maker_key, maker_role, runs, skipped,
        missed, skipped_at_ms, skip_reason, last_run_ms, last_task_id, created_at_ms,
        planned_at_ms, null, version
      from schedules, copies where id = ${id}`),
  );
}

/** As after a change of the list of time zones. */
async function spoil({ store }: TestHub, name: string): Promise<void> {
  await store.transaction((tx) =>
    tx.run(sql`update schedules set time_zone = 'Old/Land' where name = ${name}`),
  );
}

onPostgres(() => {
  test('two hubs to which the same times come submit one task for each', async () => {
    const { store, secondHub } = await openTestStore('postgres');
    const clock = manualClock();
    const a = await hubOn(store, { clock });
    const b = await hubOn(await secondHub(), { clock, seed: 2 });
    const pat = await a.as('pat', 'operator');
    await fullHour(a, pat);
    const names = Array.from({ length: 10 }, (_, index) => `s${index}`);
    for (const name of names) await pat.schedule.add({ ...hourly, name, overlap: 'allow' });
    for (let round = 0; round < 3; round++) {
      clock.advance(HOUR);
      await Promise.all([a.hub.tick(), b.hub.tick(), a.hub.tick(), b.hub.tick()]);
    }
    // Whoever lost a race has left the rest to the next tick.
    await a.hub.tick();
    const { items } = await pat.schedule.list();
    expect(items.map(({ runs, missed }) => [runs, missed])).toEqual(names.map(() => [3, 0]));
    expect(await tasksOf(pat)).toHaveLength(30);
    const { items: ran } = await pat.event.list({ filter: { types: ['schedule.ran'] } });
    expect(new Set(ran.map(({ data }) => data.taskId)).size).toBe(30);
  });
});
