import { expect, test } from 'vitest';
import { stopOfUnit } from './stop-unit.ts';

const OWN = '0::/user.slice/user-1000.slice/user@1000.service/app.slice/signalbox-hub.service\n';

test('a process that a service keeps is stopped by that service', async () => {
  const asked: string[] = [];
  const run = (program: string, args: readonly string[]): ReturnType<typeof answer> => {
    asked.push([program, ...args].join(' '));
    return answer();
  };
  const answer = () => Promise.resolve({ code: 0, stdout: '42\n', stderr: '' });
  expect(await stopOfUnit(OWN, 42, run)).toBe('systemctl --user stop signalbox-hub.service');
  const system = '1:name=systemd:/system.slice/hub.service\n';
  expect(await stopOfUnit(system, 42, run)).toBe('systemctl stop hub.service');
  expect(asked).toEqual([
    'systemctl --user show --property=MainPID --value signalbox-hub.service',
    'systemctl show --property=MainPID --value hub.service',
  ]);
  // What else runs below the service, and what is of no service at all.
  expect(await stopOfUnit(OWN, 43, run)).toBeUndefined();
  expect(await stopOfUnit('0::/user.slice/session-1.scope\n', 42, run)).toBeUndefined();
  const away = () => Promise.resolve({ code: 127, stdout: '', stderr: '' });
  expect(await stopOfUnit(OWN, 42, away)).toBeUndefined();
});
