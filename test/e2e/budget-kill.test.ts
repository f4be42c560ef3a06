/**
 * `kill -9` of the hub while agents report what they use, and an operator sets budgets, lifts them
 * and pauses agents, with real processes. In the end the sums are those of the reports, to the
 * token.
 */
import { expect, test, vi } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { makeHome } from '../../src/cli/fixture.ts';
import { startHub } from './hub-process.ts';

const KILLS = 4;
const NAMES = ['ada', 'bob', 'carol', 'dan'];
const REPORTS = 6;
const TASKS = 120;
const WAIT = { timeout: 60_000, interval: 20 };

/** Does one task after the other, and says what each has used in ever greater totals. */
async function work(
  client: Client,
  used: Map<string, number>,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    const { assignment } = await client.task.pull();
    if (assignment === null) {
      await vi.waitUntil(async () => isOver() || (await isWaiting(client)), WAIT);
      continue;
    }
    const { id: taskId, fence } = assignment.task;
    let total = 0;
    for (let report = 0; report < REPORTS; report++) {
      total += 1 + ((fence * 7 + report * 13) % 101);
      const use = { inputTokens: total, outputTokens: total, costMicros: 3 * total };
      await client.task.progress({ taskId, fence, use });
    }
    const use = { inputTokens: total, outputTokens: total + 1, costMicros: 3 * total };
    await client.task.complete({ taskId, fence, report: 'done', use });
    used.set(taskId, total);
  }
}

async function isWaiting(client: Client): Promise<boolean> {
  return (await client.hub.status()).tasks['queued'] !== undefined;
}

/** With every task that ends budgets come and go, and an agent is paused for a moment. */
async function meddle(root: Client, used: ReadonlyMap<string, number>): Promise<void> {
  for (let round = 0; used.size < TASKS; round++) {
    const ended = used.size;
    const agent = NAMES[round % NAMES.length] ?? 'ada';
    const window = round % 2 === 0 ? 'hour' : 'ever';
    await root.budget.set({ scope: { agent }, window, tokensMax: round % 3 === 0 ? 0 : 1e9 });
    const { nowMs } = await root.hub.status();
    await root.agent.pause({ agent, untilMs: nowMs + 60_000, reason: 'for a moment' });
    await root.budget.remove({ scope: { agent }, window });
    await root.agent.resume({ agent });
    await vi.waitUntil(() => used.size > ended, { ...WAIT, interval: 5 });
  }
}

test('what was used is counted to the token, however often the hub is killed', async () => {
  const home = await makeHome();
  const hub = await startHub(home, { more: ['--no-verifier'], transport: 'socket' });
  try {
    const { admin: root } = hub;
    const agents: Client[] = [];
    for (const agent of NAMES) agents.push(await hub.as(agent, 'socket'));
    for (const agent of agents) await agent.task.pull();
    const tasks = Array.from({ length: TASKS }, (_, n) => ({ title: `task ${n}` }));
    await root.batch.submit({ tasks });

    const used = new Map<string, number>();
    const isOver = (): boolean => used.size === TASKS;
    const all = Promise.all([
      ...agents.map((agent) => work(agent, used, isOver)),
      meddle(root, used),
    ]);
    for (let kill = 1; kill <= KILLS; kill++) {
      await vi.waitUntil(() => used.size >= (kill * TASKS) / (KILLS + 2), WAIT);
      await hub.killAndRestart();
    }
    await all;
    let [tokens, costMicros] = [0, 0];
    for (const [id, total] of used) {
      const { task } = await root.task.show({ id });
      expect(task).toMatchObject({ state: 'done', attempt: 1 });
      expect(task.used).toEqual({ tokens: 2 * total + 1, costMicros: 3 * total });
      tokens += 2 * total + 1;
      costMicros += 3 * total;
    }
    const { spent, missedMatches } = await root.hub.status();
    expect(spent.ever).toEqual({ tokens, costMicros });
    expect(missedMatches).toBe(0);
    expect((await root.budget.list()).items).toEqual([]);
  } finally {
    hub.close();
    await home.close();
  }
}, 240_000);
