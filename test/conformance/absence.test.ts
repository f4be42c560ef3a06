/**
 * A hub that was away although it was never ended: its machine slept, or its process was stopped.
 * What others were to say in that time they could say to nobody; what the clock on the wall brings
 * has come. (On PostgreSQL the time is that of the database, which no test can move.)
 */
import { describe, expect, test, vi } from 'vitest';
import { limits } from '../../src/contract/index.ts';
import { manualClock } from '../../src/core/clock.ts';
import { slumber } from '../../src/core/slumber.ts';
import { begin, openTestHub, type TestHubOptions, worker } from '../support/hub.ts';

const HOUR_MS = 60 * 60_000;
const ROUND_MS = 500;
const NIGHT_MS = 8 * HOUR_MS;
const WAIT = { timeout: 15_000, interval: 5 };

describe.each(['sqlite file', 'sqlite memory'] as const)('on %s', (engine) => {
  /** One agent that works, on a hub whose rounds go by themselves as its clock goes on. */
  async function open(options: TestHubOptions) {
    const hub = await openTestHub(engine, options);
    const pat = await hub.as('pat', 'operator');
    const ada = await worker(hub, 'ada');
    await pat.task.submit({ title: 'in hand', progressTimeoutMs: HOUR_MS });
    const held = await begin(ada);
    const goOn = (holds: () => Promise<void>): Promise<void> =>
      vi.waitFor(async () => {
        hub.clock.advance(ROUND_MS);
        await holds();
      }, WAIT);
    const isWorking = async (): Promise<void> => {
      const { task, attempts } = await pat.task.show({ id: held.taskId });
      expect(task).toMatchObject({ state: 'running', attempt: 1, failures: 0 });
      expect(attempts).toHaveLength(1);
    };
    const isGone = async (): Promise<void> => {
      const { items } = await pat.agent.list();
      expect(items.find(({ name }) => name === 'ada')?.state).toBe('offline');
    };
    hub.hub.start();
    return { hub, pat, goOn, isWorking, isGone };
  }

  test('a night in which the machine slept ends no lease, and brings what it was to bring', async () => {
    let asleepMs = 0;
    const { hub, pat, goOn, isWorking, isGone } = await open({ asleepMs: () => asleepMs });
    const startMs = hub.clock.nowMs();
    await pat.schedule.add({ name: 'hourly', cron: '0 * * * *', task: { title: 'run' } });
    const deadlineMs = startMs + HOUR_MS;
    const due = await pat.task.submit({ title: 'due', needs: ['nothing'], deadlineMs });
    asleepMs = NIGHT_MS;
    await goOn(async () => {
      expect(await pat.schedule.show({ schedule: 'hourly' })).toMatchObject({ runs: 1, missed: 7 });
    });
    expect((await pat.task.show({ id: due.id })).task.state).toBe('failed');
    expect((await pat.hub.status()).nowMs).toBeGreaterThanOrEqual(startMs + NIGHT_MS);
    await isWorking();
    const { items } = await pat.event.list({ limit: 1_000 });
    const times = items.map(({ atMs }) => atMs);
    expect(times).toEqual(times.toSorted((one, other) => one - other));
    await goOn(isGone);
  });

  test('a process that was stopped for longer than a lease ends none, and then each in time', async () => {
    const clock = manualClock();
    let stoppedMs = 0;
    const nowMs = (): number => clock.nowMs() + stoppedMs;
    const { pat, goOn, isWorking, isGone } = await open({ clock: { ...clock, nowMs } });
    stoppedMs = 4 * limits.agentLeaseMs;
    const { nowMs: beforeMs } = await pat.hub.status();
    await goOn(async () => {
      expect((await pat.hub.status()).nowMs).toBeGreaterThan(beforeMs + 4 * ROUND_MS);
    });
    await isWorking();
    await goOn(isGone);
    expect((await pat.hub.status()).nowMs).toBeGreaterThan(beforeMs + limits.agentLeaseMs);
  });
});

test('a machine that is awake has not slept', () => {
  const asleepMs = slumber();
  expect(asleepMs()).toBeLessThan(1_000);
});
