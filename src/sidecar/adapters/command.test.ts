import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { manualClock, systemClock, type Clock } from '../../core/clock.ts';
import type { Running } from '../adapter.ts';
import { identify, isAlive } from '../../process/identity.ts';
import { killLeftovers, signalGroup } from '../../process/leftovers.ts';
import { commandAdapter } from './command.ts';
import { STOP_GRACE_MS } from './process.ts';

let folder: string;
let taskFile: string;
let marker: string;
let running: Running[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sidecar-command-'));
  taskFile = join(folder, 'task.md');
  marker = `SIGNALBOX_TASK_FILE=${taskFile}`;
});
afterEach(async () => {
  for (const { process: leader } of running) await killLeftovers({ leader, marker });
  await Promise.all(running.map(({ exit }) => exit));
  running = [];
  await rm(folder, { recursive: true, force: true });
});

function start(command: string[], clock: Clock = systemClock()): Running {
  const environment = { PATH: process.env['PATH'] ?? '', SIGNALBOX_TASK_FILE: taskFile };
  const adapter = commandAdapter({ clock, marker: () => marker });
  const started = adapter({ command, folder, environment, prompt: '', promptFile: '' });
  running.push(started);
  return started;
}

const sh = (script: string, clock?: Clock): Running => start(['sh', '-c', script], clock);
const node = (script: string): Running => start([process.execPath, '-e', script]);
const isGone = (pid: number): boolean => {
  const id = identify(pid);
  return id === null || !isAlive(id);
};
const wrote = (name: string) => async (): Promise<string> => {
  const text = await readFile(join(folder, name), 'utf8');
  expect(text).toMatch(/\S\n$/);
  return text.trim();
};

test('a command that ends well is told with its code and what it printed', async () => {
  const exit = await sh('echo out; echo err >&2; pwd').exit;
  expect(exit).toMatchObject({ code: 0, signal: null, error: null });
  expect(exit.log.split('\n').sort()).toEqual(['', 'err', folder, 'out'].sort());
});

test('what is printed is heard while the command goes on', async () => {
  let heard = '';
  const onOutput = (chunk: Uint8Array): void => void (heard += Buffer.from(chunk).toString());
  const adapter = commandAdapter({ clock: systemClock(), marker: () => marker, onOutput });
  const script = 'echo first; until [ -e go ]; do sleep 0.01; done; echo last';
  const environment = { PATH: process.env['PATH'] ?? '', SIGNALBOX_TASK_FILE: taskFile };
  const command = adapter({
    command: ['sh', '-c', script],
    folder,
    environment,
    prompt: '',
    promptFile: '',
  });
  running.push(command);
  await vi.waitUntil(() => heard === 'first\n', { timeout: 10_000 });
  await writeFile(join(folder, 'go'), '');
  expect((await command.exit).log).toBe('first\nlast\n');
  expect(heard).toBe('first\nlast\n');
});

test('another exit code and a signal are told as they are', async () => {
  expect(await sh('exit 3').exit).toMatchObject({ code: 3, signal: null });
  expect(await sh('kill -9 $$').exit).toMatchObject({ code: null, signal: 'SIGKILL' });
});

test('arguments reach the program as they are, and no shell reads them', async () => {
  const exit = await start(['printf', '%s\n', '$(id); `id` && "x"', '']).exit;
  expect(exit.log).toBe('$(id); `id` && "x"\n\n');
});

test('its input is at its end', async () => {
  expect(await start(['cat']).exit).toMatchObject({ code: 0, log: '' });
});

test('a program that is not there and an argument that cannot be are told as errors', async () => {
  const missing = await start(['no-such-program-here']).exit;
  expect(missing.error).toMatchObject({ code: 'ENOENT' });
  const broken = await start(['echo', 'a\0b']).exit;
  expect(broken.error).toBeInstanceOf(Error);
});

test('a command that prints without end is kept in bounds', async () => {
  const exit = await node("process.stdout.write('x'.repeat(1e8))").exit;
  expect(exit.code).toBe(0);
  expect(exit.log.length).toBeLessThanOrEqual(64_000);
  expect(exit.log).toMatch(/^\[the first 999\d+ bytes were cut\]\nx+$/);
});

test('a stop ends the whole group, also a member that was stopped by a signal', async () => {
  const started = sh('sleep 1000 & echo $! > child; kill -STOP $$');
  const child = Number(await vi.waitFor(wrote('child')));
  started.stop();
  started.stop();
  expect(await started.exit).toMatchObject({ code: null, signal: 'SIGTERM' });
  expect(isGone(child)).toBe(true);
});

test('who does not heed the request to end is killed after the grace time', async () => {
  const clock = manualClock();
  const started = sh('trap "" TERM; echo ready > ready; while :; do sleep 0.01; done', clock);
  await vi.waitFor(wrote('ready'));
  started.stop();
  clock.advance(STOP_GRACE_MS - 1);
  expect(started.process !== null && isAlive(started.process)).toBe(true);
  clock.advance(1);
  await vi.waitFor(() => expect(isGone(started.pid ?? 0)).toBe(true));
  const exit = started.exit;
  const rounds = setInterval(() => clock.advance(1_000), 5);
  expect(await exit.finally(() => clearInterval(rounds))).toMatchObject({ signal: 'SIGKILL' });
});

test('members of its group have the grace time too when the command goes at once', async () => {
  const slow =
    "trap 'sleep 0.2; echo saved; exit' TERM; echo ready > ready; while :; do sleep 0.01; done";
  const started = sh(`sh -c "${slow}" & wait`);
  await vi.waitFor(wrote('ready'));
  started.stop();
  expect((await started.exit).log).toContain('saved');
});

test('what it leaves running in the background ends with it', async () => {
  const exit = await sh('sleep 1000 & echo $!').exit;
  expect(exit.code).toBe(0);
  expect(isGone(Number(exit.log))).toBe(true);
});

test('a child that left the group and holds the pipes is found by its environment', async () => {
  const seconds = `1000.${process.pid}`;
  const exit = await sh(`setsid sleep ${seconds} & sleep 0.1; pgrep -f "^sleep ${seconds}$"`).exit;
  expect(exit.log).toMatch(/^\d+\n$/);
  expect(isGone(Number(exit.log))).toBe(true);
});

test('a child that hid from us is not waited for', async () => {
  const seconds = `2000.${process.pid}`;
  const hide = `setsid env -i /bin/sleep ${seconds} & sleep 0.1`;
  const exit = await sh(`${hide}; pgrep -f "^/bin/sleep ${seconds}$"`).exit;
  const hidden = Number(exit.log);
  expect(isGone(hidden)).toBe(false);
  process.kill(hidden, 'SIGKILL');
});

test('leftovers of a command whose leader has died are found, and nobody else is', async () => {
  const started = sh('sleep 1000 & echo $! > member; setsid sleep 1001 & wait');
  const leader = started.process;
  const member = identify(Number(await vi.waitFor(wrote('member'))));
  const elder = { pid: leader?.pid ?? 0, startedAt: `${leader?.startedAt}0` };
  expect(await killLeftovers({ leader: elder, marker: 'another marker' })).toEqual([]);
  expect(await killLeftovers({ leader: null, marker: 'another marker' })).toEqual([]);
  expect(member !== null && isAlive(member)).toBe(true);
  expect((await killLeftovers({ leader, marker })).length).toBeGreaterThanOrEqual(3);
  await started.exit;
  expect(existsSync(`/proc/${member?.pid}/exe`)).toBe(false);
});

test('a signal to a group that has ended does nothing', async () => {
  const started = sh('true');
  await started.exit;
  signalGroup(started.process?.pid ?? 0, 'SIGKILL');
});
