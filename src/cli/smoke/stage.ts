/**
 * Where a smoke run takes place: at the hub in use, or at one of its own in a temporary folder. Its
 * agents are real sidecars with tokens of their own, which end with it.
 */
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type Client } from '../../client/index.ts';
import { limits, SignalboxError } from '../../contract/index.ts';
import type { Player } from '../demo/cast.ts';
import { startHub, until, type Place } from '../demo/station.ts';
import { allAgents } from '../agent/all.ts';
import type { Context } from '../context.ts';
import { isAlive } from '../place/hub-word.ts';
import { isLoopback } from '../join/reach.ts';
import { SMOKE_SCRIPT, smokeCapability } from './plan.ts';

const TOKEN_LIFE_MS = 60 * 60_000;

export interface Stage extends Place {
  /** Tells this run from every other. */
  run: string;
  url: string;
  admin: Client;
  /** The hub was started for this run. */
  isOwn: boolean;
  players: Player[];
  /** To be ended when the run is over. */
  tokens: string[];
}

export type Setting = Pick<Stage, keyof Place | 'run'>;

/** Answers the hub in use, or starts one where there is none or none is wanted. */
export async function openStage(context: Context, setting: Setting): Promise<Stage> {
  const players: Player[] = [];
  const there = context.options.has('fresh') ? undefined : await hubInUse(context);
  if (there !== undefined) {
    const { url, admin } = there;
    return { ...setting, url, admin, isOwn: false, players, tokens: [] };
  }
  const { url, admin } = await startHub(setting, (player) => players.push(player));
  return { ...setting, url, admin, isOwn: true, players, tokens: [] };
}

/** Undefined where nobody named one and none runs. */
async function hubInUse(context: Context): Promise<{ url: string; admin: Client } | undefined> {
  const place = await context.place().catch((error: unknown) => {
    if (error instanceof SignalboxError && error.code === 'unavailable') return undefined;
    throw error;
  });
  if (place === undefined) return undefined;
  if (place.source === 'found on this machine' && !(await isAlive(place.url))) return undefined;
  const admin = await context.hub();
  const { name, role, scopes } = await admin.hub.whoami();
  if (!scopes.includes('admin')) {
    throw new SignalboxError('forbidden', `A smoke run makes tokens; ${name} is ${role}.`, {
      hint: 'Run it where the hub runs, or on a hub of its own: signalbox smoke --fresh',
    });
  }
  if (place.dataDir === undefined && !isLoopback(new URL(place.url))) {
    throw new SignalboxError('unsupported', `The verifier of ${place.url} is on another machine.`, {
      hint: 'It could not read the repository of the run: run `signalbox smoke` over there.',
    });
  }
  await refuseForeignWork(admin);
  return { url: place.url, admin };
}

/** An agent takes tasks without a repository wherever they come from: none shall come to ours. */
async function refuseForeignWork(admin: Client): Promise<void> {
  let cursor: string | undefined;
  do {
    const page = await admin.task.list({ state: 'queued', limit: limits.pageMax, cursor });
    const found = page.items.find(({ repository }) => repository === null);
    if (found !== undefined) {
      throw new SignalboxError('conflict', `${found.id} waits here, and is for any agent.`, {
        hint: 'Run it when such tasks are done, or on a hub of its own: signalbox smoke --fresh',
      });
    }
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
}

/** A client with a token that ends with the run. */
export async function asRole(
  stage: Stage,
  agent: string,
  role: 'agent' | 'operator',
): Promise<string> {
  const life = { expiresInMs: TOKEN_LIFE_MS };
  const { token, secret } = await stage.admin.token.create({ agent, role, ...life });
  stage.tokens.push(token.id);
  return secret;
}

export async function operatorOf(stage: Stage): Promise<Client> {
  const token = await asRole(stage, `smoke-${stage.run}`, 'operator');
  return connect({ url: stage.url, token });
}

export interface Crew {
  repository: string;
  count: number;
}

/** Answers their names when the hub sees all of them idle. */
export async function startCrew(stage: Stage, { repository, count }: Crew): Promise<string[]> {
  const { folder, run, url, cast, admin } = stage;
  const script = join(folder, 'smoke.sh');
  await writeFile(script, SMOKE_SCRIPT);
  await chmod(script, 0o755);
  const names = Array.from({ length: count }, (_, index) => `smoke-${run}-${index + 1}`);
  const where = ['--only', repository, '--repo', repository, '--data', join(folder, 'agents')];
  await Promise.all(
    names.map(async (name) => {
      const token = await asRole(stage, name, 'agent');
      const able = ['--capability', smokeCapability(run)];
      const args = ['agent', 'run', '--name', name, ...able, ...where, '--', 'sh', script, run];
      const env = { SIGNALBOX_URL: url, SIGNALBOX_TOKEN: token };
      stage.players.push(await cast.start(name, args, { env }));
    }),
  );
  await until(stage, async () => {
    const idle = (await allAgents(admin)).filter(({ state }) => state === 'idle');
    const here = new Set(idle.map(({ name }) => name));
    return names.every((name) => here.has(name)) ? true : undefined;
  });
  return names;
}

/** What the run began, ends: its processes, what is still open, its agents and their tokens. */
export async function closeStage(stage: Stage, open: readonly string[]): Promise<void> {
  const { admin, cast, isOwn, tokens } = stage;
  const reason = 'the smoke run is over';
  try {
    if (isOwn) return;
    await Promise.allSettled(open.map((id) => admin.task.cancel({ id, reason })));
    for (const player of stage.players) await cast.stop(player);
    const removed = stage.players.map(({ name }) => admin.agent.remove({ agent: name, reason }));
    await Promise.allSettled(removed);
    await Promise.allSettled(tokens.map((id) => admin.token.revoke({ id, reason })));
  } finally {
    admin.close();
    await cast.close();
  }
}
