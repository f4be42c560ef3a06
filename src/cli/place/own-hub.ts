/**
 * The hub of this user on this machine, started where none is there. Many may want that at the
 * same moment: one of them starts it, the others wait for it. Should two start one all the same,
 * the data folder takes only the first.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SignalboxError } from '../../contract/errors.ts';
import type { Clock } from '../../core/clock.ts';
import { hasCode, readConfig, readHubState } from './config.ts';
import type { Context } from '../context.ts';
import { isAlive } from './hub-word.ts';
import { makeFolder } from './make-folder.ts';
import { dataFolder, hubStateFile, type Env } from './places.ts';

const START_MS = 20_000;
const LOOK_MS = 50;
const PORT = '8080';
const ANY_PORT = '0';

/** Who does not want it any more gives up at once; a hub that was begun by then comes up alone. */
export async function ensureHub({ options, env, clock }: Asked, stop: AbortSignal): Promise<void> {
  if (await isNamed({ options, env })) return;
  const untilMs = clock.nowMs() + START_MS;
  while (!(await isThere(env))) {
    if (stop.aborted || clock.nowMs() >= untilMs) throw notThere(env);
    if (await take(env, clock)) {
      try {
        if (!(await isThere(env))) await startOne({ env, clock, untilMs, stop });
      } finally {
        await rm(startingFile(env), { force: true });
      }
    } else await clock.sleep(LOOK_MS, stop);
  }
}

type Asked = Pick<Context, 'options' | 'env' | 'clock'>;

/** Whoever names a hub wants that one, there or not. */
async function isNamed({ options, env }: Pick<Asked, 'options' | 'env'>): Promise<boolean> {
  const said = [
    options.text('url'),
    options.text('broker'),
    env['SIGNALBOX_URL'],
    env['BROKER_URL'],
  ];
  if (said.some((text) => (text ?? '') !== '')) return true;
  return (await readConfig(env)).url !== undefined;
}

async function isThere(env: Env): Promise<boolean> {
  const state = await readHubState(env);
  return state !== undefined && isAlive(state.url);
}

function startingFile(env: Env): string {
  return join(dirname(hubStateFile(env)), 'hub.starting');
}

function logFile(env: Env): string {
  return join(dirname(hubStateFile(env)), 'hub.log');
}

/** True for the one who is to start it; what a process left that has ended is taken away. */
async function take(env: Env, clock: Clock): Promise<boolean> {
  const file = startingFile(env);
  await makeFolder(dirname(file));
  try {
    await writeFile(file, String(process.pid), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
    if (await isLeft(file, clock)) await rm(file, { force: true });
    return false;
  }
}

async function isLeft(file: string, clock: Clock): Promise<boolean> {
  try {
    const { mtimeMs } = await stat(file);
    const pid = Number(await readFile(file, 'utf8'));
    return clock.nowMs() - mtimeMs > START_MS || (pid > 0 && !isRunning(pid));
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return false;
    throw error;
  }
}

export function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

interface Start {
  env: Env;
  clock: Clock;
  untilMs: number;
  stop: AbortSignal;
}

/** On the usual port, or on a free one where that is taken. */
async function startOne(start: Start): Promise<void> {
  for (const port of [PORT, ANY_PORT]) {
    if (await runs(await launch(start.env, port), start)) return;
  }
  throw notThere(start.env);
}

async function runs(child: ChildProcess, { env, clock, untilMs, stop }: Start): Promise<boolean> {
  let hasEnded = false;
  child.once('exit', () => (hasEnded = true));
  child.once('error', () => (hasEnded = true));
  while (!stop.aborted && clock.nowMs() < untilMs) {
    if (await isThere(env)) return true;
    if (hasEnded) return false;
    await clock.sleep(LOOK_MS, stop);
  }
  throw notThere(env);
}

/** It outlives us, and is nobody's agent. Its standard output would hold the admin token. */
async function launch(env: Env, port: string): Promise<ChildProcess> {
  const folder = dataFolder(env);
  await makeFolder(folder);
  const log = await open(logFile(env), 'a', 0o600);
  try {
    const main = process.argv[1] ?? '';
    const child = spawn(process.execPath, [...process.execArgv, main, 'start', '--port', port], {
      cwd: folder,
      env: Object.fromEntries(Object.entries(env).filter(([name]) => !isOfAgent(name))),
      detached: true,
      stdio: ['ignore', 'ignore', log.fd],
    });
    child.unref();
    return child;
  } finally {
    await log.close();
  }
}

function isOfAgent(name: string): boolean {
  return name.startsWith('SIGNALBOX_') || /^(AGENT_ID|AGENT_TYPE|SESSION_ID)$/.test(name);
}

function notThere(env: Env): SignalboxError {
  return new SignalboxError('unavailable', 'the hub of this machine did not start', {
    hint: `See ${logFile(env)}, or run \`signalbox start\` in a terminal.`,
    retryAfterMs: 1_000,
  });
}
