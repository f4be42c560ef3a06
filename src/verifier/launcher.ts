/**
 * How a check is started, so that it can be ended: with all that it started.
 *
 * As root it gets a process namespace of its own, which the kernel empties when its first process
 * ends, and that one ends with the verifier. Where that cannot be had (a container without the
 * right to, another system) the check is started plainly, and leftovers.ts looks for what it left
 * behind. `sh` is given the command as an argument; no text is ever put together for a shell.
 */
import { spawn } from 'node:child_process';
import type { CheckUser } from './check-user.ts';

const SHELL = '/bin/sh';
/** By their full names, since PATH is that of the checks. */
const SETPRIV = '/usr/bin/setpriv';
const UNSHARE = '/usr/bin/unshare';
const PROBE = { exitCode: 42, timeoutMs: 10_000 };

export interface Launch {
  file: string;
  args: string[];
  /** What spawn needs to change the user by itself. */
  ids: { uid?: number; gid?: number };
}

export interface Launcher {
  user: CheckUser | null;
  /** Whether the kernel ends all that a check started. */
  isContained: boolean;
  launch: (command: string) => Launch;
}

export async function prepareLauncher(user: CheckUser | null): Promise<Launcher> {
  if (user !== null) {
    const launch = (command: string): Launch => contained(user, command);
    if (await isWorking(launch)) return { user, isContained: true, launch };
  }
  const ids = user === null ? {} : { uid: user.uid, gid: user.gid };
  const launch = (command: string): Launch => ({ file: SHELL, args: ['-c', command], ids });
  return { user, isContained: false, launch };
}

/**
 * From outside in: end with the verifier; a namespace whose end is the end of all in it; a first
 * process that waits for the check, since the kernel spares a first process most signals; no way
 * back to root.
 */
function contained(user: CheckUser, command: string): Launch {
  const { uid, gid } = user;
  const inNamespace = [UNSHARE, '--pid', '--fork', '--kill-child', '--mount-proc', '--'];
  const first = [SHELL, '-c', '"$@"; exit $?', 'first'];
  const ids = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups'];
  const asUser = [SETPRIV, ...ids, '--no-new-privs', '--'];
  const check = [SHELL, '-c', command];
  const args = ['--pdeathsig', 'KILL', '--', ...inNamespace, ...first, ...asUser, ...check];
  return { file: SETPRIV, args, ids: {} };
}

function isWorking(launch: (command: string) => Launch): Promise<boolean> {
  const { file, args, ids } = launch(`exit ${PROBE.exitCode}`);
  return new Promise((resolve) => {
    const timeout = PROBE.timeoutMs;
    const child = spawn(file, args, { ...ids, cwd: '/', env: {}, stdio: 'ignore', timeout });
    child.on('error', () => resolve(false));
    child.on('exit', (code) => resolve(code === PROBE.exitCode));
  });
}
