/** Putting services in and taking them out, with the machine's own tool played by the test. */
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { manualClock } from '../../core/clock.ts';
import { launchd } from './launchd.ts';
import type { RunProgram, Service } from './daemon.ts';
import { systemd } from './systemd.ts';

const ada: Service = {
  name: 'ada',
  command: ['/bin/true', 'a "b"'],
  folder: '/srv',
  environment: { PATH: '/bin' },
};

let folder: string;
let asked: string[];
/** What the tool answers to a line that begins so; else it is well. */
let answers: Record<string, { code: number; stdout?: string; stderr?: string }>;
const run: RunProgram = async (program, args) => {
  const line = [program, ...args].join(' ');
  asked.push(line);
  const key = Object.keys(answers).find((start) => line.startsWith(start)) ?? '';
  return { code: 0, stdout: '', stderr: '', ...answers[key] };
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-service-'));
  asked = [];
  answers = {};
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const inFolder = (): Promise<string[]> => readdir(folder);

function ofSystemd(isSystem = false) {
  return systemd({ folder, isSystem, run });
}

test('a service of systemd is written, enabled and started, and goes without a trace', async () => {
  const services = ofSystemd();
  await services.install(ada);
  const file = join(folder, 'signalbox-agent-ada.service');
  expect(await readFile(file, 'utf8')).toBe(services.draft(ada).text);
  const unit = 'signalbox-agent-ada.service';
  expect(asked).toEqual([
    'systemctl --user show --property=Version',
    'systemctl --user daemon-reload',
    `systemctl --user enable ${unit}`,
    `systemctl --user restart ${unit}`,
  ]);
  answers['systemctl --user is-active'] = { code: 0, stdout: 'active\n' };
  expect(await services.list()).toEqual([{ name: 'ada', file, state: 'active' }]);
  asked = [];
  expect(await services.uninstall('ada')).toBe(true);
  expect(asked).toEqual([
    `systemctl --user disable --now ${unit}`,
    `systemctl --user reset-failed ${unit}`,
    'systemctl --user daemon-reload',
  ]);
  expect(await inFolder()).toEqual([]);
  expect(await services.uninstall('ada')).toBe(false);
});

test('without systemd nothing is written, and the reason is told', async () => {
  answers['systemctl'] = { code: 1, stderr: 'Failed to connect to bus: No medium found\n' };
  await expect(ofSystemd().install(ada)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining('No medium found'),
    hint: expect.stringContaining('signalbox agent run'),
  });
  expect(await inFolder()).toEqual([]);
});

test('a service that does not start leaves nothing, or what was there before', async () => {
  const services = ofSystemd(true);
  answers['systemctl restart'] = { code: 1, stderr: 'Job failed.' };
  await expect(services.install(ada)).rejects.toThrow('Job failed.');
  expect(await inFolder()).toEqual([]);
  expect(asked.at(-1)).toBe('systemctl daemon-reload');
  delete answers['systemctl restart'];
  await services.install(ada);
  const { text } = services.draft(ada);
  answers['systemctl restart'] = { code: 1 };
  await expect(services.install({ ...ada, folder: '/opt' })).rejects.toThrow('no reason');
  expect(await readFile(join(folder, 'signalbox-agent-ada.service'), 'utf8')).toBe(text);
});

test('a file of somebody else is neither written over nor taken away', async () => {
  const file = join(folder, 'signalbox-agent-ada.service');
  await writeFile(file, '[Unit]\n');
  await expect(ofSystemd().install(ada)).rejects.toMatchObject({ code: 'conflict' });
  await expect(ofSystemd().uninstall('ada')).rejects.toMatchObject({ code: 'conflict' });
  expect(await readFile(file, 'utf8')).toBe('[Unit]\n');
});

test('a folder that cannot be written is refused', async () => {
  const services = systemd({ folder: '/proc/none', isSystem: true, run });
  await expect(services.install(ada)).rejects.toMatchObject({ code: 'invalid_input' });
});

test('launchd gets a service, waits for the old one to end, and gives it back', async () => {
  const clock = manualClock();
  const services = launchd({ folder, domain: 'gui/501', run, clock });
  const target = 'launchctl print gui/501/signalbox.agent.ada';
  answers[target] = { code: 113 };
  await services.install(ada);
  const file = join(folder, 'signalbox.agent.ada.plist');
  expect(asked).toEqual(['launchctl print gui/501', target, `launchctl bootstrap gui/501 ${file}`]);
  answers[target] = { code: 0, stdout: '\tstate = running\n' };
  expect(await services.list()).toEqual([{ name: 'ada', file, state: 'running' }]);
  asked = [];
  const gone = services.uninstall('ada');
  await vi.waitFor(() => expect(asked).toHaveLength(3));
  clock.advance(1_000);
  expect(existsSync(file)).toBe(true);
  answers[target] = { code: 113 };
  await vi.waitFor(() => {
    clock.advance(1_000);
    expect(existsSync(file)).toBe(false);
  });
  expect(await gone).toBe(true);
  expect(asked[1]).toBe('launchctl bootout gui/501/signalbox.agent.ada');
});

test('what launchd refuses leaves nothing', async () => {
  const services = launchd({ folder, domain: 'gui/501', run, clock: manualClock() });
  answers['launchctl print gui/501/'] = { code: 113 };
  answers['launchctl bootstrap'] = { code: 5, stderr: 'Bootstrap failed: 5' };
  await expect(services.install(ada)).rejects.toThrow('Bootstrap failed: 5');
  expect(await inFolder()).toEqual([]);
});
