import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { systemClock } from '../core/clock.ts';
import { identify, isAlive, type ProcessId } from './identity.ts';
import { endLeftovers, isGroupAlive, killLeftovers, signalGroup } from './leftovers.ts';

const clock = systemClock();
const PATH = process.env['PATH'] ?? '';
const marker = `SIGNALBOX_TEST_MARK=${process.pid}`;
const other = { leader: null, marker: 'SIGNALBOX_TEST_MARK=nobody' };

async function folder(): Promise<string> {
  const made = await mkdtemp(join(await realpath(tmpdir()), 'signalbox-process-'));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

/** A shell that leads a group of its own; the test's end kills all of it. */
function sh(script: string, { cwd = '/', env = {} }: { cwd?: string; env?: object } = {}) {
  const stdio = ['ignore', 'pipe', 'ignore'] as const;
  const options = { cwd, env: { PATH, ...env }, detached: true, stdio: [...stdio] };
  const child = spawn('sh', ['-c', script], options);
  onTestFinished(async () => {
    signalGroup(child.pid, 'SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    child.stdout?.destroy();
  });
  return child;
}

async function printedPid({ stdout }: ChildProcess): Promise<ProcessId> {
  const [chunk]: unknown[] = stdout === null ? [] : await once(stdout, 'data');
  return identify(Number(String(chunk))) ?? expect.unreachable();
}

test('what has ended and nobody has reaped has a start and is not alive', async () => {
  const child = sh('true & echo $!; exec sleep 60');
  const ended = await printedPid(child);
  await vi.waitFor(() => expect(isAlive(ended)).toBe(false));
  expect(identify(ended.pid)).toEqual(ended);
  const self = identify(process.pid) ?? expect.unreachable();
  expect(isAlive(self)).toBe(true);
  expect(isAlive({ ...self, startedAt: `${self.startedAt}0` })).toBe(false);
});

test('a group lives as long as one of it does, and a signal reaches all of it', async () => {
  const child = sh('sleep 60 & echo $!; wait');
  const member = await printedPid(child);
  const leader = identify(child.pid ?? 0);
  expect(await isGroupAlive(leader)).toBe(true);
  expect(await isGroupAlive(null)).toBe(false);
  signalGroup(child.pid, 'SIGKILL');
  await vi.waitFor(async () => expect(await isGroupAlive(leader)).toBe(false));
  expect(isAlive(member)).toBe(false);
});

test.each([
  ['carries the mark', 'setsid sleep 60 & echo $!; wait'],
  ['has wiped its environment and works in the folder', 'env -i setsid sleep 60 & echo $!; wait'],
])('what left the group and %s is ended, and nobody else', async (how, script) => {
  const cwd = await folder();
  const [name = '', value] = marker.split('=');
  const at = how.includes('folder') ? { cwd } : { env: { [name]: value } };
  const away = await printedPid(sh(script, at));
  const place = how.includes('folder') ? { folder: cwd } : {};
  expect(await killLeftovers({ ...other, folder: `${cwd}-2` })).toEqual([]);
  expect(isAlive(away)).toBe(true);
  expect(await endLeftovers({ leader: null, marker, ...place }, clock)).toBeGreaterThanOrEqual(1);
  expect(isAlive(away)).toBe(false);
  expect(await killLeftovers({ leader: null, marker, ...place })).toEqual([]);
});
