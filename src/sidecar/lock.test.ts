import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockFolder } from './lock.ts';
import { identify } from '../process/identity.ts';
import { once } from 'node:events';
import { spawn } from 'node:child_process';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecar-lock-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const locks = async (): Promise<string[]> => (await readdir(folder)).sort();

test('a second taker is refused while the first one lives', async () => {
  await lockFolder(folder);
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'conflict' });
  expect(await locks()).toEqual(['lock.1']);
});

test('a lock that was given back can be taken by the same process', async () => {
  const release = await lockFolder(folder);
  await release();
  await lockFolder(folder);
  expect(await locks()).toEqual(['lock.2']);
});

test('a lock of a process that was killed is taken over', async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  const holder = identify(child.pid ?? 0);
  await writeFile(join(folder, 'lock.7'), JSON.stringify(holder));
  await expect(lockFolder(folder)).rejects.toMatchObject({ code: 'conflict' });
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  await lockFolder(folder);
  expect(await locks()).toEqual(['lock.8']);
});

test('a lock whose pid belongs to another process by now is taken over', async () => {
  const self = identify(process.pid);
  await writeFile(join(folder, 'lock.1'), JSON.stringify({ ...self, startedAt: 'before/1' }));
  await lockFolder(folder);
  expect(await locks()).toEqual(['lock.2']);
});

test('a lock that cannot be read holds nobody off', async () => {
  await writeFile(join(folder, 'lock.1'), '{"pid":');
  await lockFolder(folder);
  expect(await locks()).toEqual(['lock.2']);
});

test('of many that take at once exactly one gets it', async () => {
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)));
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(await locks()).toEqual(['lock.1']);
});
