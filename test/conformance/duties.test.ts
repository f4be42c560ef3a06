/** What falls due is done, whatever goes wrong with another thing that is due. */
import { expect, test } from 'vitest';
import { sql } from '../../src/store/sql.ts';
import { eachEngine } from '../support/engines.ts';
import { openTestHub } from '../support/hub.ts';

const MINUTE = 60_000;

eachEngine((engine) => {
  test('a row that cannot be read is told of, and keeps no other from its turn', async () => {
    const defects: unknown[] = [];
    const hub = await openTestHub(engine, { onDefect: (where) => defects.push(where) });
    const person = await hub.as('pat', 'operator');
    const { nowMs } = await person.hub.status();
    const at = async (title: string): Promise<string> =>
      (await person.task.submit({ title, notBeforeMs: nowMs + MINUTE })).id;
    const broken = await at('broken');
    const whole = await at('whole');
    await person.schedule.add({ name: 'often', cron: '* * * * *', task: { title: 'sweep' } });
    await hub.store.transaction((tx) =>
      tx.run(sql`update tasks set needs = ${'{'} where id = ${broken}`),
    );
    await hub.pass(MINUTE);
    expect(defects).toContain('duties');
    expect((await person.task.show({ id: whole })).task.state).toBe('queued');
    expect((await person.schedule.show({ schedule: 'often' })).runs).toBeGreaterThan(0);
  });
});
