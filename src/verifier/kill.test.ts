/**
 * A verifier that is killed (`kill -9`) at any point: between any two of its calls to the hub, and
 * before, during and after its calls of git. The next one must make it good, whatever was on its
 * way.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../core/clock.ts';
import { commitElsewhere, makePlace, type Place } from '../git/fixture.ts';
import { checkUser } from './check-user.ts';
import { ScriptedHub } from './fixture.ts';
import { prepareTools } from './index.ts';
import { prepareLauncher } from './launcher.ts';
import { verifyNext } from './loop.ts';
import { Strikes } from './strikes.ts';

const clock = systemClock();
const SLEEP = `${process.pid}31`;
let place: Place;
let hub: ScriptedHub;
let remote: string;
let server: Server;
let url: string;
let child: ChildProcess | null;

beforeEach(async () => {
  place = await makePlace();
  hub = new ScriptedHub();
  remote = await place.remote('project');
  ({ url, server } = await hub.serve());
  child = null;
});

afterEach(async () => {
  child?.kill('SIGKILL');
  server.closeAllConnections();
  server.close();
  await place.remove();
});

const MODULE = (path: string): string => JSON.stringify(join(import.meta.dirname, path));
const VERIFIER = `
  import { writeFileSync } from 'node:fs';
  import { connect } from ${MODULE('../client/client.ts')};
  import { systemClock } from ${MODULE('../core/clock.ts')};
  import { runVerifier } from ${MODULE('index.ts')};
  const [url, dataDir, pidFile] = process.argv.slice(1);
  writeFileSync(pidFile, String(process.pid));
  const client = connect({ url, transport: 'http', token: 'any' });
  const { env } = process;
  const ports = { client, clock: systemClock(), log() {}, env, stop: new AbortController().signal };
  await runVerifier({ dataDir, tempDir: '/tmp' }, ports);`;

/** Stands before git on PATH; it kills the verifier at one of the verifier's own calls. */
const SHIM = `#!/bin/sh
git() { PATH=\${PATH#*:}; export PATH; exec git "$@"; }
[ "$PPID" = "$(cat "$SHIM/pid")" ] || git "$@"
grep -q "^$KILL_PAST" "$SHIM/calls" || { echo "$*" >> "$SHIM/calls"; git "$@"; }
case $* in $KILL_AT*) ;; *) echo "$*" >> "$SHIM/calls"; git "$@" ;; esac
case $KILL_HOW in
  before) kill -9 "$PPID" ;;
  orphaned) kill -9 "$PPID"; sleep 0.2; git "$@" ;;
  after) ( git "$@" ); kill -9 "$PPID" ;;
esac`;

async function start(env: Record<string, string> = {}): Promise<ChildProcess> {
  const shim = place.path('shim');
  await mkdir(shim, { recursive: true });
  await writeFile(join(shim, 'git'), SHIM);
  await writeFile(join(shim, 'calls'), 'start\n');
  await chmod(join(shim, 'git'), 0o755);
  const args = [url, place.path('data'), join(shim, 'pid')];
  child = spawn(process.execPath, ['--input-type=module', '-e', VERIFIER, ...args], {
    env: {
      ...place.env,
      PATH: `${shim}:${place.env['PATH']}`,
      SHIM: shim,
      KILL_AT: 'never',
      ...env,
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return child;
}

async function handIn(check: string): Promise<string> {
  const baseCommit = await place.plain(remote, 'rev-parse', 'main');
  const branch = 'signalbox/task/1';
  const headCommit = await commitElsewhere(place, remote, { files: { 'a.txt': 'two\n' }, branch });
  await commitElsewhere(place, remote, { files: { 'b.txt': 'moved\n' } });
  const { id } = hub.submit({ branch, headCommit, baseCommit }, remote);
  hub.checks.set(id, [check]);
  return id;
}

/** A verifier that nobody kills: when nothing is left to do, all must be well. */
async function makeGood(id: string): Promise<void> {
  hub.wire = (_, apply) => apply();
  hub.expire();
  const tools = await prepareTools(
    { dataDir: place.path('data'), tempDir: '/tmp' },
    {
      client: hub.client(),
      clock,
      log: () => {},
      env: place.env,
      stop: new AbortController().signal,
    },
  );
  const strikes = new Strikes();
  for (let round = 0; hub.find(id).change.state !== 'landed' && round < 10; round++) {
    hub.find(id).availableAtMs = 0;
    await verifyNext(tools, strikes);
  }
  const { change } = hub.find(id);
  expect(change.state).toBe('landed');
  const line = (await place.plain(remote, 'rev-list', 'main')).split('\n');
  expect(line).toHaveLength(3);
  expect(line[0]).toBe(change.landedCommit);
  expect(await place.plain(remote, 'show', 'main:a.txt')).toBe('two');
  expect(await place.plain(remote, 'show', 'main:b.txt')).toBe('moved');
  expect(hub.said.filter(({ operation }) => operation === 'change.land')).toHaveLength(1);
  expect(readdirSync(place.path('data', 'checks'))).toEqual([]);
  expect(isSleeping()).toBe(false);
}

function isSleeping(): boolean {
  return readdirSync('/proc').some((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`sleep\0${SLEEP}`);
    } catch {
      return false;
    }
  });
}

const steps = ['change.claim', 'change.assess', 'change.pass', 'change.land'] as const;

test.each(steps.flatMap((step) => [[step, 'before'] as const, [step, 'after'] as const]))(
  'killed at %s, %s the hub has it',
  async (step, when) => {
    const id = await handIn('test -f b.txt');
    hub.wire = ({ operation }, apply) => {
      if (operation !== step) return apply();
      if (when === 'after') apply();
      child?.kill('SIGKILL');
      return new Promise(() => {});
    };
    await once(await start(), 'exit');
    await makeGood(id);
  },
  30_000,
);

test('killed while a check runs: the check goes too', async () => {
  const id = await handIn(`sleep ${SLEEP}`);
  const killed = await start();
  while (!isSleeping()) await clock.sleep(20);
  const [note] = readdirSync(place.path('data', 'checks'));
  const left: unknown = JSON.parse(readFileSync(place.path('data', 'checks', note ?? ''), 'utf8'));
  killed.kill('SIGKILL');
  await once(killed, 'exit');
  const { isContained } = await prepareLauncher(await checkUser());
  // Where the kernel can, it ends the check at once; else the next verifier does.
  if (isContained) while (isSleeping()) await clock.sleep(20);
  hub.checks.set(id, ['test -f b.txt']);
  await makeGood(id);
  expect(left).toMatchObject({ pid: killed.pid });
  const directory = typeof left === 'object' && left !== null && 'directory' in left;
  expect(directory && existsSync(String(left.directory))).toBe(false);
}, 30_000);

/** What is killed at: the call, after which other one, and how far the call itself comes. */
const calls = [
  ['ls-remote', '', 'after'],
  ['init --quiet --bare', '', 'orphaned'],
  ['fetch --prune', '', 'orphaned'],
  ['symbolic-ref', '', 'before'],
  ['fetch --prune', 'symbolic-ref', 'after'],
  ['hash-object', '', 'after'],
  ['diff-tree', '', 'before'],
  ['fetch --quiet --depth=1', '', 'orphaned'],
  ['checkout', '', 'orphaned'],
  ['checkout', '', 'after'],
  ['push', '', 'before'],
  ['push', '', 'orphaned'],
  ['push', '', 'after'],
  ['fetch --prune', 'push', 'before'],
  ['merge-base', 'push', 'after'],
] as const;

test.each(calls)(
  'killed at git %s (past %j), %s it is done',
  async (at, past, how) => {
    const id = await handIn('test -f b.txt');
    const killed = await start({ KILL_AT: at, KILL_PAST: past, KILL_HOW: how });
    const [, signal] = await once(killed, 'exit');
    expect(signal).toBe('SIGKILL');
    await makeGood(id);
  },
  30_000,
);
