import { mkdir } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import { manualClock } from '../core/clock.ts';
import { looseCount, makePlace, scatter, type Place } from './fixture.ts';
import { createUpkeep, maintain } from './maintain.ts';
import { createGit } from './run.ts';
import { addWorktree } from './worktree.ts';

const DAY_MS = 24 * 60 * 60_000;

async function place(): Promise<Place> {
  const here = await makePlace();
  onTestFinished(here.remove);
  return here;
}

test('much is packed, and what a worktree holds stays', async () => {
  const here = await place();
  const mirror = await here.mirror(await here.remote('box'));
  const commit = (await mirror.resolve('main')) ?? '';
  const options = { mirror, branch: 'signalbox/t/1', commit, dir: here.path('w') };
  const { dir } = await addWorktree(options);
  await here.plain(dir, 'checkout', '--quiet', '--detach');
  await scatter(here, mirror.dir);
  // A commit by hand would tidy up too, at the wrong time.
  const now = ['-c', 'gc.autoDetach=false'];
  await here.plain(dir, ...now, 'commit', '--quiet', '--allow-empty', '--message=alone');
  const alone = await here.plain(dir, 'rev-parse', 'HEAD');
  expect(await looseCount(here, mirror.dir)).toBeGreaterThan(28);
  await maintain(mirror);
  expect(await looseCount(here, mirror.dir)).toBeLessThan(10);
  expect(await here.plain(mirror.dir, 'cat-file', '-t', alone)).toBe('commit');
});

test('each mirror is looked after once a day, and what is none is told and passed over', async () => {
  const here = await place();
  const clock = manualClock();
  const packed: (string | undefined)[] = [];
  const log = ({ args }: { args: readonly string[] }): void => {
    if (args.includes('gc')) packed.push('gc');
  };
  const git = createGit({ env: here.env, clock, log });
  const remote = await here.remote('box');
  for (const name of ['one', 'two']) await here.mirror(remote, `mirrors/${name}`);
  await here.mirror(remote, 'mirrors/three.partial-1-abc');
  await mkdir(here.path('mirrors', 'junk', 'in'), { recursive: true });
  const troubles: string[] = [];
  const folder = here.path('mirrors');
  const upkeep = createUpkeep({ git, folder, onTrouble: (_, dir) => troubles.push(dir) });
  const never = new AbortController();
  await upkeep(never.signal);
  await upkeep(never.signal);
  expect(packed).toHaveLength(2);
  expect(troubles).toEqual([here.path('mirrors', 'junk')]);
  clock.advance(DAY_MS);
  await upkeep(AbortSignal.abort());
  expect(packed).toHaveLength(2);
  await upkeep(never.signal);
  expect(packed).toHaveLength(4);
});

test('there is nothing to look after where no mirror was made', async () => {
  const here = await place();
  const onTrouble = (error: unknown): never => expect.unreachable(String(error));
  const upkeep = createUpkeep({ git: here.git, folder: here.path('mirrors'), onTrouble });
  await expect(upkeep(new AbortController().signal)).resolves.toBeUndefined();
});
