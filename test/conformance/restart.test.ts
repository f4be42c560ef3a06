/** A hub that is started again in the middle of work, and clocks of machines that jump. */
import { expect, test } from 'vitest';
import { limits } from '../../src/contract/index.ts';
import { manualClock, systemClock } from '../../src/core/clock.ts';
import { eachEngine } from '../support/engines.ts';
import {
  begin,
  expectNoMissedMatch,
  hubOn,
  type InHand,
  inHand,
  openTestHub,
  worker,
} from '../support/hub.ts';
import type { Worker } from '../support/hub.ts';

const TASKS = 100;
/** Shorter than the lease of an agent, which is not what this is about. */
const SILENCE_MS = 10_000;

eachEngine((engine) => {
  test('a hub that starts again amid 100 running tasks loses, doubles and burns none', async () => {
    const before = await openTestHub(engine);
    const person = await before.as('pat', 'operator');
    const workers: (Worker & { held: InHand })[] = [];
    for (let number = 0; number < TASKS; number++) {
      await person.task.submit({ title: `task ${number}` });
      const at = await worker(before, `agent-${number}`);
      workers.push({ ...at, held: await begin(at) });
    }

    // The first was killed: it never closes, and another one comes when every lease has passed.
    const clock = manualClock(before.clock.nowMs() + 10 * limits.agentLeaseMs);
    const after = await hubOn(before.store, { clock, seed: 2 });
    const idle = await worker(after, 'zoe');
    await after.hub.tick();
    await expect(inHand(idle)).rejects.toThrow('nothing in its hand');
    const again = workers.map(async ({ name, sessionId, held }, number) => {
      const client = await after.as(name);
      const { agent } = await client.agent.connect({ sessionId, holding: [held.taskId] });
      expect(agent).toMatchObject({ state: 'working', taskId: held.taskId });
      // Some have sent their report before the hub went away, and send it again under its key.
      const key = `${held.taskId}.report`;
      await client.task.complete(held, { key });
      if (number % 2 === 0) await client.task.complete(held, { key });
    });
    await Promise.all(again);
    const asked = await after.as('pat', 'operator');
    for (const { held, name } of workers) {
      const { task, attempts } = await asked.task.show({ id: held.taskId });
      expect(task).toMatchObject({ state: 'done', attempt: 1, failures: 0, fence: held.fence });
      expect(attempts.map(({ agent, outcome }) => [agent, outcome])).toEqual([[name, 'done']]);
    }
    await expectNoMissedMatch(asked);
  });

  test('an agent could say nothing of its task while no hub ran, and has not failed by it', async () => {
    // It was killed: what it would say when its store is closed is no defect.
    const before = await openTestHub(engine, { onDefect: () => {} });
    const pat = await before.as('pat', 'operator');
    const silence = { progressTimeoutMs: SILENCE_MS };
    const { id } = await pat.task.submit({ title: 'quiet', ...silence });
    const held = await begin(await worker(before, 'ada'));
    await before.pass(SILENCE_MS - 1);

    const clock = manualClock(before.clock.nowMs() + 10 * SILENCE_MS);
    const after = await hubOn(before.store, { clock, seed: 2 });
    await after.hub.tick();
    const asked = await after.as('pat', 'operator');
    expect((await asked.task.show({ id })).task).toMatchObject({ state: 'running', failures: 0 });
    const ada = await after.as('ada');
    const { sessionId } = await ada.agent.connect({ holding: [held.taskId] });
    const untilMs = clock.nowMs() + SILENCE_MS;
    while (clock.nowMs() < untilMs) {
      await ada.agent.heartbeat({ sessionId });
      await after.pass(Math.min(limits.agentBeatMs, untilMs - clock.nowMs()));
    }
    await after.pass(0);
    expect((await asked.task.show({ id })).attempts[0]).toMatchObject({ outcome: 'stalled' });
  });
});

/** What the machine's clock says, as whoever sets it has it. */
function withWallClock(work: (set: (byMs: number) => void) => void): void {
  const { now } = Date;
  let byMs = 0;
  Date.now = () => now() + byMs;
  try {
    work((more) => (byMs += more));
  } finally {
    Date.now = now;
  }
}

test('a wall clock that jumps an hour moves no lease, for a hub and for a sidecar', () => {
  const HOUR_MS = 60 * 60_000;
  withWallClock((set) => {
    const clock = systemClock();
    const beganMs = clock.nowMs();
    for (const byMs of [HOUR_MS, -2 * HOUR_MS, HOUR_MS]) {
      set(byMs);
      const tookMs = clock.nowMs() - beganMs;
      expect(tookMs).toBeGreaterThanOrEqual(0);
      expect(tookMs).toBeLessThan(limits.agentLeaseMs);
    }
    set(HOUR_MS);
    expect(systemClock().nowMs() - beganMs).toBeGreaterThanOrEqual(HOUR_MS);
  });
});
