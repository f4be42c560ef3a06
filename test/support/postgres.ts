/**
 * A real PostgreSQL server for the tests, in a temporary folder, on a Unix socket inside of it.
 *
 * As root it is run by an unprivileged user who is there already and owns the folder. A small shell
 * stands between: it holds the read end of a pipe from this process, and when that closes, because
 * of `stop`, Ctrl-C or a crash, it ends the server and removes the folder.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { chown, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findBinaries, WAYS } from './postgres-binaries.ts';
import type { Way } from './postgres-binaries.ts';

export interface Postgres {
  url: string;
  /** Where its programs were found. */
  binaries: string;
  stop(): Promise<void>;
}

export interface Unavailable {
  /** What was tried, and the exact line that would help. */
  unavailable: string;
}

const START_MS = 60_000;
const USER = 'signalbox';

/** No test needs to survive a crash, so nothing is synced. */
const UNSAFE = ['fsync=off', 'full_page_writes=off'];
const SETTINGS = [
  'listen_addresses=',
  'max_connections=300',
  'shared_buffers=64MB',
  'autovacuum_naptime=5s',
  'log_min_messages=fatal',
];

/** The first argument is the folder to remove, the rest is the server. */
const KEEPER = `folder=$1; shift
exec 3<&0
"$@" </dev/null 3<&- 2>"$folder/log" & server=$!
{ cat <&3 >/dev/null; kill -INT "$server"; } 2>/dev/null & watch=$!
trap '' INT HUP TERM
wait "$server"; code=$?
[ "$code" = 0 ] || cat "$folder/log" >&2
kill "$watch" 2>/dev/null
cd /; rm -rf "$folder"; exit "$code"`;

/** `isDurable` syncs as PostgreSQL does by default, for measuring. */
export async function startPostgres(
  ways: readonly Way[] = WAYS,
  isDurable = false,
): Promise<Postgres | Unavailable> {
  const { folder: binaries, reason } = await findBinaries(ways);
  if (binaries === undefined) return unavailable(reason ?? '');
  const owner = await unprivilegedUser();
  const folder = await mkdtemp(join(await sharedTemp(), 'sbx-pg-'));
  if (owner !== undefined) await chown(folder, owner.uid, owner.gid);
  const options = {
    ...owner,
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LC_ALL: 'C' },
  };
  try {
    const words = ['-D', join(folder, 'data'), '-U', USER, '--auth=trust', '--encoding=UTF8'];
    const made = spawn(join(binaries, 'initdb'), [...words, '--locale=C', '--no-sync'], {
      ...options,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    await succeeded(made, 'initdb');
    const chosen = isDurable ? SETTINGS : [...SETTINGS, ...UNSAFE];
    const settings = chosen.flatMap((setting) => ['-c', setting]);
    const server = [join(binaries, 'postgres'), '-D', join(folder, 'data'), '-k', folder];
    const keeper = spawn('sh', ['-c', KEEPER, 'sh', folder, ...server, ...settings], {
      ...options,
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
    });
    await ready(keeper, folder);
    keeper.unref();
    const url = `postgresql:///postgres?host=${encodeURIComponent(folder)}&user=${USER}`;
    return { url, binaries, stop: () => ended(keeper) };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    return unavailable(`${binaries}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function unavailable(reason: string): Unavailable {
  const line =
    process.getuid?.() === 0
      ? 'apt-get update && apt-get install -y postgresql'
      : 'sudo apt-get update && sudo apt-get install -y postgresql';
  return { unavailable: `PostgreSQL cannot be had (${reason}). This would help: ${line}` };
}

/** PostgreSQL refuses to run as root. */
async function unprivilegedUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  const users = lines.filter(([, , uid]) => Number(uid) > 0);
  const user =
    users.find(([name]) => name === 'postgres') ??
    users.find(([name]) => name === 'nobody') ??
    users[0];
  const [, , uid, gid] = user ?? [];
  if (uid === undefined) throw new Error('there is no unprivileged user in /etc/passwd');
  return { uid: Number(uid), gid: Number(gid) };
}

/** A folder for temporary files that any user may pass, since the server's user must. */
async function sharedTemp(): Promise<string> {
  for (const folder of [tmpdir(), '/tmp', '/var/tmp']) {
    if (process.getuid?.() !== 0 || (await isOpen(folder))) return folder;
  }
  return '/tmp';
}

async function isOpen(folder: string): Promise<boolean> {
  const { mode } = await stat(folder);
  const isPassable = (mode & 0o001) !== 0;
  return isPassable && (folder === '/' || (await isOpen(dirname(folder))));
}

async function ready(keeper: ChildProcess, folder: string): Promise<void> {
  let failure: Error | undefined;
  void succeeded(keeper, 'postgres').catch((error: Error) => (failure = error));
  for (let waitedMs = 0; waitedMs < START_MS; waitedMs += 20) {
    if (failure !== undefined) throw failure;
    // The server writes its state into the eighth line of this file.
    const lines = await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8').catch(() => '');
    if (lines.split('\n')[7]?.trim() === 'ready') return;
    await sleep(20);
  }
  keeper.stdin?.end();
  throw new Error(`postgres was not ready after ${START_MS} ms`);
}

function succeeded(child: ChildProcess, name: string): Promise<void> {
  return new Promise((done, fail) => {
    let output = '';
    child.stderr?.on(
      'data',
      (chunk: Buffer) => (output = (output + chunk.toString()).slice(-2000)),
    );
    child.once('error', fail);
    child.once('close', (code) => {
      if (code === 0) done();
      else fail(new Error(`${name} ended with ${code}: ${output.trim()}`));
    });
  });
}

/** Resolves when the server is down and its folder gone. */
async function ended(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null) return;
  keeper.ref();
  await new Promise<void>((gone) => {
    keeper.once('exit', () => gone());
    keeper.stdin?.end();
  });
}
