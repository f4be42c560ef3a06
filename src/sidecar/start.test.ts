/** What is refused before the first task, and what is not. */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dataFolder, makeBench, newTask, type Bench } from './fixture.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await makeBench();
});
afterEach(() => bench.close());

test('a second sidecar of the same name at the same hub is refused', async () => {
  bench.start('true');
  await bench.heard('connected');
  await expect(bench.start('true').ended).rejects.toMatchObject({ code: 'conflict' });
  bench.hub.answers.set('hub.whoami', () => ({ name: 'bob' }));
  const bob = bench.start('true', { name: 'bob' });
  bob.drain();
  await bob.ended;
});

test('a working copy is refused with the line that makes a bare repository', async () => {
  const copy = bench.place.path('copy');
  await bench.place.plain(bench.place.dir, 'clone', '--quiet', bench.url, copy);
  const { ended } = bench.start('true', { repository: copy });
  await expect(ended).rejects.toMatchObject({
    kind: 'not_bare',
    hint: expect.stringContaining('git clone --bare'),
  });
});

test('a repository that is not there is refused', async () => {
  const { ended } = bench.start('true', { repository: bench.place.path('nothing.git') });
  await expect(ended).rejects.toMatchObject({ kind: 'not_found' });
  expect(bench.hub.calls).toEqual([]);
});

test('a program that is not there is refused, and one in the repository is not', async () => {
  const missing = bench.start('', { command: ['no-such-program-here'] });
  await expect(missing.ended).rejects.toMatchObject({ code: 'invalid_input' });
  const there = bench.start('', { command: ['./in-the-repository'] });
  await bench.heard('connected');
  there.drain();
  await there.ended;
});

test('a task whose repository cannot be used fails with the reason', async () => {
  bench.start('true');
  await bench.heard('connected');
  const url = bench.place.path('nothing.git');
  bench.hub.offer(newTask({ repository: { ...bench.repository, url } }));
  expect(await bench.called('task.fail')).toMatchObject({
    reason: expect.stringContaining('The place of work could not be made.'),
  });
  bench.hub.offer(newTask({ repository: { ...bench.repository, baseBranch: 'none' } }));
  expect(await bench.called('task.fail', 2)).toMatchObject({
    reason: expect.stringContaining('has no branch "none"'),
  });
});

test('what was begun for a repository that is away is cleared without asking it again', async () => {
  bench.start('true');
  await bench.heard('connected');
  const url = bench.place.path('nothing.git');
  bench.hub.offer(newTask({ repository: { ...bench.repository, url } }));
  await bench.called('task.fail');
  const state = dataFolder(bench.place);
  await vi.waitFor(async () => {
    expect(await readdir(join(state, 'attempts'))).toEqual([]);
    expect(await readdir(join(state, 'work'))).toEqual([]);
  }, 10_000);
  expect(bench.events.map(({ kind }) => kind)).not.toContain('trouble');
});

test('a program that goes away gives the task back and pauses', async () => {
  const program = bench.place.path('program');
  await writeFile(program, '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  bench.start('', { command: [program] });
  await bench.heard('connected');
  await rm(program);
  bench.hub.offer(newTask());
  expect(await bench.called('task.decline')).toMatchObject({
    reason: expect.stringContaining('This machine cannot do it now.'),
  });
  await bench.heard('paused');
  const operations = bench.hub.calls.map(({ operation }) => operation);
  expect(operations.slice(-2)).toEqual(['agent.drain', 'task.decline']);
});

test('files that cannot be read are set aside and told, and the rest goes on', async () => {
  const first = bench.start('true');
  await bench.heard('connected');
  first.drain();
  await first.ended;
  const folder = dataFolder(bench.place);
  await writeFile(join(folder, 'attempts', 'broken.json'), '{"version":1');
  await writeFile(join(folder, 'attempts', 'half.json.half'), '{');
  await writeFile(join(folder, 'outbox', 'other.json'), '{"operation":"task.land"}');
  bench.start('true');
  await bench.heard('set_aside', 2);
  await bench.heard('connected', 2);
  bench.hub.offer(newTask());
  await bench.called('task.complete');
  expect((await readdir(join(folder, 'set-aside'))).sort()).toEqual([
    'broken.json.1',
    'other.json.1',
  ]);
  expect(await readdir(join(folder, 'attempts'))).not.toContain('half.json.half');
});
