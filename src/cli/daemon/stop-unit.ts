/**
 * The service that keeps a process running, where systemd is there and knows it: who ends such a
 * process would only see it come back. Nothing else is certain enough to be told.
 */
import { readIfThere } from '../place/config.ts';
import type { RunProgram } from './daemon.ts';

const UNIT = /\/([^/]+\.service)$/m;
const OF_USER = /\/user@\d+\.service\//;

/** The command that stops it for good; undefined where the process is of no service. */
export async function stopOfService(pid: number, run: RunProgram): Promise<string | undefined> {
  const groups = await readIfThere(`/proc/${pid}/cgroup`).catch(() => undefined);
  return stopOfUnit(groups ?? '', pid, run);
}

export async function stopOfUnit(
  groups: string,
  pid: number,
  run: RunProgram,
): Promise<string | undefined> {
  const unit = UNIT.exec(groups)?.[1];
  if (unit === undefined) return undefined;
  const scope = OF_USER.test(groups) ? ['--user'] : [];
  // A terminal or a scheduler may be a service too: only its main process is what it keeps.
  const { code, stdout } = await run('systemctl', [
    ...scope,
    'show',
    '--property=MainPID',
    '--value',
    unit,
  ]);
  if (code !== 0 || stdout.trim() !== String(pid)) return undefined;
  return ['systemctl', ...scope, 'stop', unit].join(' ');
}
