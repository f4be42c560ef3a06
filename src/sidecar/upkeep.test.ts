/** What a sidecar does with its copies of repositories while it waits for work. */
import { chmod, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock, type Clock } from '../core/clock.ts';
import { looseCount, scatter } from '../git/fixture.ts';
import { identify, isAlive } from '../process/identity.ts';
import { dataFolder, makeBench, newTask, type Bench } from './fixture.ts';

const WAIT = { timeout: 15_000, interval: 20 };
const system = systemClock();
/** Whose minutes between two looks are short. */
const hasty: Clock = {
  ...system,
  sleep: (ms, signal) => system.sleep(ms === 60_000 ? 20 : ms, signal),
};

let bench: Bench;
beforeEach(async () => {
  bench = await makeBench();
});
afterEach(() => bench.close());

async function mirror(): Promise<string> {
  const folder = join(dataFolder(bench.place), 'mirrors');
  const [name = ''] = await readdir(folder);
  return join(folder, name);
}

test('a sidecar that waits packs what has come together, and goes on', async () => {
  const first = bench.start('echo one > one.txt');
  await bench.heard('connected');
  bench.hub.offer(newTask({ repository: bench.repository }));
  await bench.called('task.complete');
  first.drain();
  await first.ended;
  const dir = await mirror();
  await scatter(bench.place, dir);
  bench.start('echo two > two.txt', {}, hasty);
  await vi.waitFor(async () => expect(await looseCount(bench.place, dir)).toBeLessThan(10), WAIT);
  bench.hub.offer(newTask({ repository: bench.repository, fence: 9 }));
  await bench.called('task.complete', 2);
});

test('an offer ends the packing at once', async () => {
  const { place, repository } = bench;
  const told = place.path('packing');
  const script = `#!/bin/sh
case " $* " in *" gc "*) sleep 600 & echo $! >> ${told}; wait ;; esac
PATH=${place.env['PATH']} exec git "$@"\n`;
  await place.write(place.path('bin', 'git'), script);
  await chmod(place.path('bin', 'git'), 0o755);
  const env = { ...place.env, PATH: `${place.path('bin')}:${place.env['PATH']}` };
  bench.start('echo one > one.txt', { env, repository: repository.url }, hasty);
  const packing = await vi.waitFor(async () => {
    const [pid] = (await readFile(told, 'utf8')).split('\n');
    return identify(Number(pid)) ?? expect.unreachable();
  }, WAIT);
  bench.hub.offer(newTask({ repository }));
  await bench.called('task.complete');
  expect(isAlive(packing)).toBe(false);
});
