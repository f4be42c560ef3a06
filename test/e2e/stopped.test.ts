/** A hub whose process is stopped for longer than a lease: nobody has lost anything by it. */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { makeHome } from '../../src/cli/fixture.ts';
import { limits } from '../../src/contract/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { startHub } from './hub-process.ts';

const WAIT = { timeout: 20_000, interval: 50 };
const clock = systemClock();

test('a hub that was stopped and goes on finds everybody where they were', async () => {
  const home = await makeHome();
  const { hub, admin, close } = await startHub(home, { more: ['--no-verifier'] });
  // Its command ends with the home in any case.
  const wait = join(home.root, 'wait');
  await writeFile(wait, '');
  try {
    const command = ['sh', '-c', `while [ -e ${wait} ]; do sleep 0.05; done; echo done`];
    for (const name of ['ada', 'ben']) {
      const args = ['agent', 'run', '--json', '--name', name, '--', ...command];
      await home.start(args).until('"connected"');
    }
    const { id } = await admin.task.submit({ title: 'in hand' });
    const isRunning = async (): Promise<number> => {
      const { task, attempts } = await admin.task.show({ id });
      expect(task).toMatchObject({ state: 'running', attempt: 1 });
      expect(attempts).toHaveLength(1);
      return (await admin.hub.status()).nowMs;
    };
    const beforeMs = await vi.waitFor(isRunning, WAIT);
    hub.child.kill('SIGSTOP');
    await clock.sleep(limits.agentLeaseMs + 1_000);
    hub.child.kill('SIGCONT');
    // Some rounds of duties, each of which would give back what had lapsed.
    await vi.waitUntil(async () => {
      return (await isRunning()) > beforeMs + limits.agentLeaseMs + 4_000;
    }, WAIT);
    await rm(wait);
    await vi.waitFor(async () => {
      const { task } = await admin.task.show({ id });
      expect(task).toMatchObject({ state: 'done', attempt: 1 });
    }, WAIT);
    const { items } = await admin.event.list({ limit: 1_000 });
    expect(items.filter(({ type }) => type === 'agent.offline')).toEqual([]);
  } finally {
    close();
    await home.close();
  }
});
