/** Locks on the command line, against a real hub. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { operations } from '../contract/index.ts';
import { makeHome, type Home } from './fixture.ts';

let home: Home;
beforeEach(async () => {
  home = await makeHome();
});
afterEach(() => home.close());

const Locks = operations['lock.list'].output;

test('whoever waits for a lock keeps its place for longer than its lease', async () => {
  await home.start(['start', '--port', '0', '--no-verifier']).until('answers at');
  const acquire = ['lock', 'acquire', '--name', 'db:schema'];
  await home.run([...acquire, '--as', 'ada', '--session', 'one']);
  const bob = ['--as', 'bob', '--session', 'two'];
  const refused = await home.run([...acquire, '--as', 'bob', '--session', 'other']);
  expect(refused).toMatchObject({ code: 75, stderr: expect.stringContaining('--wait') });
  const waiting = home.start([...acquire, ...bob, '--wait', '--lease', '3s']);
  await waiting.until('waits: db:schema is held by ada');
  const leaseUntilMs = async (): Promise<number> => {
    const { stdout } = await home.run(['lock', 'list', '--state', 'waiting', '--json']);
    return Locks.parse(JSON.parse(stdout)).items[0]?.leaseUntilMs ?? 0;
  };
  const firstMs = await leaseUntilMs();
  const patience = { timeout: 15_000, interval: 50 };
  await vi.waitFor(async () => expect(await leaseUntilMs()).toBeGreaterThan(firstMs), patience);
  await home.run(['lock', 'release', '--as', 'ada', '--session', 'one']);
  expect(await waiting.ended).toMatchObject({ code: 0 });
});

test('the same path of two repositories is no collision, and a path is of some repository', async () => {
  await home.start(['start', '--port', '0', '--no-verifier']).until('answers at');
  const outside = await home.run(['lock', 'acquire', 'src/a.py']);
  expect(outside).toMatchObject({ code: 64, stderr: expect.stringContaining('no git repository') });
  for (const name of ['shop', 'site']) {
    const args = ['lock', 'acquire', 'src/a.py', '--repo', `https://example.org/${name}.git`];
    expect(await home.run([...args, '--session', name])).toMatchObject({ code: 0 });
  }
  await home.run(['lock', 'acquire', '--name', 'db:schema', '--session', 'one']);
  const { stdout } = await home.run(['lock', 'list']);
  expect(stdout).toMatch(/REPOSITORY +WHAT\n/);
  for (const name of ['shop', 'site']) expect(stdout).toMatch(new RegExp(` ${name} +src/a\\.py\n`));
  expect(stdout).toMatch(/ - +db:schema\n/);
});
