/** Sums of use that are beyond all sense, on every engine: the hub goes on, and says the most. */
import { expect, test } from 'vitest';
import { limits } from '../../src/contract/index.ts';
import { sql } from '../../src/store/sql.ts';
import { eachEngine } from '../support/engines.ts';
import { begin, openTestHub, worker } from '../support/hub.ts';

const MOST = limits.budgetMost;

eachEngine((engine) => {
  test('counters that are full stay full, and everything that reads them answers', async () => {
    const hub = await openTestHub(engine);
    const pat = await hub.as('pat', 'operator');
    await pat.budget.set({ scope: 'project', window: 'week', tokensMax: MOST });
    const ada = await worker(hub, 'ada');
    const { id } = await pat.task.submit({ title: 'vast' });
    await pat.budget.set({ scope: { task: id }, tokensMax: MOST });
    const held = await begin(ada);
    const use = { inputTokens: 1, outputTokens: 0, costMicros: 1 };
    await ada.client.task.progress({ ...held, use });
    const nearly = MOST - 1_000;
    await hub.store.transaction(async (tx) => {
      await tx.run(sql`update spendings set tokens = ${nearly}, cost_micros = ${nearly}`);
      await tx.run(sql`update tasks set tokens_used = ${nearly}, cost_micros_used = ${nearly}`);
      for (let hour = 1; hour < 20; hour++) {
        await tx.run(sql`
          insert into spendings (project, subject, hour_ms, tokens, cost_micros)
          select project, subject, max(hour_ms) - ${hour} * 3600000, ${MOST}, ${MOST}
          from spendings where hour_ms > 0 group by project, subject`);
      }
    });
    const most = { inputTokens: limits.useTokensMax, outputTokens: limits.useTokensMax };
    const vast = { ...most, costMicros: limits.useCostMicrosMax };
    expect((await ada.client.task.progress({ ...held, use: vast })).stop).toBeNull();
    const { spent } = await pat.hub.status();
    expect(spent.ever).toEqual({ tokens: MOST, costMicros: MOST });
    expect(spent.today.tokens).toBeLessThanOrEqual(MOST);
    const { items } = await pat.budget.list();
    expect(items[0]?.used).toEqual({ tokens: MOST, costMicros: MOST });
    expect((await pat.task.show({ id })).task.used).toEqual({ tokens: MOST, costMicros: MOST });
    await ada.client.task.complete({ ...held, report: 'done', use: vast });
    expect((await pat.task.show({ id })).task.state).toBe('done');
  });
});
