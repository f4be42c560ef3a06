/**
 * The verifier: claims what agents handed in, tests it on the base branch as it is now, and lands
 * what may land. A client of the hub like any other; several of them may run anywhere at once.
 *
 * It keeps copies of repositories under `dataDir` (which several verifiers may share) and nothing
 * else that matters: killed at any moment, the next one tests again or confirms what has landed.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from '../client/client.ts';
import { isPassing } from '../contract/errors.ts';
import type { Clock } from '../core/clock.ts';
import { systemRandom, type Random } from '../core/random.ts';
import type { Env } from '../git/environment.ts';
import { createUpkeep } from '../git/maintain.ts';
import { createGit } from '../git/run.ts';
import { checkUser } from './check-user.ts';
import { prepareLauncher } from './launcher.ts';
import type { VerifierLog } from './log.ts';
import { verifyNext } from './loop.ts';
import { checkLimits } from './run-check.ts';
import { sweepScratch } from './scratch.ts';
import type { Tools } from './session.ts';
import { Strikes } from './strikes.ts';
import { messageOf } from './verdict.ts';
import { listen } from './wakeups.ts';

export type { VerifierEvent, VerifierLog } from './log.ts';

export interface VerifierOptions {
  dataDir: string;
  /** PATH of the checks; the verifier's own unless told. */
  checkPath?: string | undefined;
  /** Where checkouts are made; TMPDIR unless told. As root one that every user can get to. */
  tempDir?: string | undefined;
}

export interface VerifierPorts {
  client: Client;
  clock: Clock;
  log: VerifierLog;
  /** Git gets it cleaned; the checks get nothing of it but PATH and LANG. */
  env: Env;
  /** Ends it: a check in hand is broken off and its change put back, a push is finished. */
  stop: AbortSignal;
  random?: Random;
}

const AWAY_MS = 2_000;

/** Runs until it is stopped. Throws when the hub refuses it (its token, its role). */
export async function runVerifier(options: VerifierOptions, ports: VerifierPorts): Promise<void> {
  const tools = await prepareTools(options, ports);
  const { clock, stop, log } = tools;
  const strikes = new Strikes();
  const upkeep = createUpkeep({
    git: tools.git,
    folder: mirrorsOf(options),
    onTrouble: (error, dir) => log({ kind: 'trouble', message: `${dir}: ${messageOf(error)}` }),
  });
  const wakeups = listen(tools.client, clock, stop);
  let isAway = false;
  try {
    while (!stop.aborted) {
      try {
        const wasBusy = await verifyNext(tools, strikes);
        if (isAway) log({ kind: 'hub_back' });
        isAway = false;
        if (!wasBusy && !(await wakeups.wait())) {
          await upkeep(AbortSignal.any([wakeups.hint(), stop]));
        }
      } catch (error) {
        if (!isPassing(error)) throw error;
        if (!isAway) log({ kind: 'hub_away', message: messageOf(error) });
        isAway = true;
        await clock.sleep(AWAY_MS, stop);
      }
    }
  } finally {
    wakeups.close();
  }
}

/** Finds out how checks can be run here, and clears what killed verifiers have left. */
export async function prepareTools(
  options: VerifierOptions,
  { client, clock, log, env, stop, random = systemRandom() }: VerifierPorts,
): Promise<Tools> {
  const { dataDir, checkPath = env['PATH'] ?? DEFAULT_PATH } = options;
  await mkdir(mirrorsOf({ dataDir }), { recursive: true, mode: 0o700 });
  const launcher = await prepareLauncher(await checkUser());
  const place = {
    dataDir,
    tempDir: options.tempDir ?? env['TMPDIR'] ?? '/tmp',
    user: launcher.user,
  };
  const directories = await sweepScratch(place, clock);
  if (directories.length > 0) log({ kind: 'swept', directories });
  const { user, isContained } = launcher;
  log({ kind: 'ready', checkUser: user?.name ?? null, isContained });
  return {
    client,
    clock,
    random,
    git: createGit({ env, clock, random }),
    launcher,
    place,
    checkEnv: { PATH: checkPath, LANG: env['LANG'] ?? 'C.UTF-8' },
    graceMs: checkLimits.graceMsDefault,
    log,
    stop,
  };
}

function mirrorsOf({ dataDir }: Pick<VerifierOptions, 'dataDir'>): string {
  return join(dataDir, 'mirrors');
}

const DEFAULT_PATH = '/usr/local/bin:/usr/bin:/bin';
