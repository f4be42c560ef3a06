/** The manager of services on this machine. */
import { execFile } from 'node:child_process';
import { homedir, platform, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { SignalboxError } from '../../contract/errors.ts';
import type { Clock } from '../../core/clock.ts';
import type { Env } from '../place/places.ts';
import { launchd } from './launchd.ts';
import type { RunProgram, Services } from './daemon.ts';
import { systemd } from './systemd.ts';

const ANSWER_MS = 150_000;

export interface Machine {
  env: Env;
  clock: Clock;
}

export function servicesHere({ env, clock }: Machine, isSystem: boolean): Services {
  const run = runProgram(env);
  if (platform() === 'linux') {
    const set = env['XDG_CONFIG_HOME'] ?? '';
    const config = isAbsolute(set) ? set : join(homedir(), '.config');
    const folder = isSystem ? '/etc/systemd/system' : join(config, 'systemd/user');
    return systemd({ folder, isSystem, run });
  }
  if (platform() === 'darwin') {
    const folder = isSystem ? '/Library/LaunchDaemons' : join(homedir(), 'Library/LaunchAgents');
    return launchd({ folder, domain: isSystem ? 'system' : `gui/${userInfo().uid}`, run, clock });
  }
  throw new SignalboxError('invalid_input', `Services of ${platform()} are not known here.`, {
    hint: 'Let its own service manager run: signalbox agent run --name NAME -- COMMAND',
  });
}

/** A program that is not there has failed like one that says so. */
export function runProgram(env: Env): RunProgram {
  return (program, args) =>
    new Promise((resolve) => {
      const options = { env: { ...env }, timeout: ANSWER_MS, maxBuffer: 2 ** 20 };
      execFile(program, [...args], options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 127;
        const said = stderr || (code === 127 && error !== null ? error.message : '');
        resolve({ code, stdout, stderr: said });
      });
    });
}
