/**
 * The hub of the demo and its two agents, started with the words that a user types. What they keep
 * lies in the folder of the demo: nothing is shared with a hub that this user runs already.
 */
import { join } from 'node:path';
import { connect, type Client } from '../../client/index.ts';
import { SignalboxError } from '../../contract/errors.ts';
import type { Clock } from '../../core/clock.ts';
import { readHubState, readIfThere } from '../place/config.ts';
import type { Env } from '../place/places.ts';
import type { Cast, Player } from './cast.ts';

export const AGENTS = ['ada', 'bob'] as const;
/** The person in the demo: submits the tasks, and approves where a policy asks for a human. */
export const OPERATOR = 'operator';
const LOOK_MS = 50;
const START_MS = 60_000;

export interface Place {
  cast: Cast;
  clock: Clock;
  /** Of the children: it leads to the folder. */
  env: Env;
  folder: string;
  stop: AbortSignal;
}

export interface HubAt {
  player: Player;
  url: string;
  tokenFile: string;
  admin: Client;
}

export const hubDataIn = (folder: string): string => join(folder, 'hub');

/** Our own variables would lead the children to the user's hub; XDG leads them here. */
export function childEnvironment(env: Env, folder: string): Env {
  const foreign = Object.keys(env).filter((name) => name.startsWith('SIGNALBOX_'));
  return {
    ...env,
    ...Object.fromEntries(foreign.map((name) => [name, undefined])),
    AGENT_ID: undefined,
    XDG_CONFIG_HOME: join(folder, 'config'),
    XDG_STATE_HOME: join(folder, 'state'),
    XDG_DATA_HOME: join(folder, 'data'),
    XDG_CACHE_HOME: join(folder, 'cache'),
  };
}

/** `begun` hears of the process before it is known whether it comes up. */
export async function startHub(place: Place, begun: (player: Player) => void): Promise<HubAt> {
  const { cast, env, folder } = place;
  const data = hubDataIn(folder);
  const args = ['start', '--port', '0', '--data', data, '--log-level', 'info'];
  const player = await cast.start('hub', args, { isQuiet: true });
  begun(player);
  const url = await until(place, async () => {
    const state = await readHubState(env);
    return state?.pid === player.pid ? state.url : undefined;
  });
  const tokenFile = join(data, 'admin.token');
  const token = (await readIfThere(tokenFile))?.trim();
  return { player, url, tokenFile, admin: connect({ url, token, transport: 'http' }) };
}

/** A connection of the person's own: whoever submits and approves is no admin. */
export async function operatorOf({ admin, url }: HubAt): Promise<Client> {
  const { secret } = await admin.token.create({ agent: OPERATOR, role: 'operator' });
  return connect({ url, token: secret });
}

export interface Work {
  repository: string;
  command: readonly string[];
  begun: (player: Player) => void;
}

/** Answers when the hub sees all of them idle. */
export async function startAgents(place: Place, hub: HubAt, work: Work): Promise<Player[]> {
  const { cast, folder } = place;
  const where = ['--repo', work.repository, '--data', join(folder, 'agents')];
  const players = AGENTS.map(async (name) => {
    const args = ['agent', 'run', '--name', name, ...where, '--', ...work.command];
    const player = await cast.start(name, args);
    work.begun(player);
    return player;
  });
  const all = await Promise.all(players);
  await until(place, async () => {
    const { items } = await hub.admin.agent.list();
    const idle = items.filter(({ state }) => state === 'idle').map(({ name }) => name);
    return AGENTS.every((name) => idle.includes(name)) ? true : undefined;
  });
  return all;
}

/** Looks until there is an answer; ends early when a process does, or when it is called off. */
export async function until<Answer>(
  { cast, clock, stop }: Place,
  look: () => Promise<Answer | undefined>,
): Promise<Answer> {
  const deadlineMs = clock.nowMs() + START_MS;
  let end: string | undefined;
  void cast.someoneEnds().then((words) => (end = words));
  for (;;) {
    stop.throwIfAborted();
    const answer = await look();
    if (answer !== undefined) return answer;
    if (end !== undefined) throw notStarted(`${end}.`);
    if (clock.nowMs() > deadlineMs) throw notStarted(`It took over ${START_MS / 1_000} s.`);
    await clock.sleep(LOOK_MS, stop);
  }
}

function notStarted(reason: string): SignalboxError {
  return new SignalboxError('unavailable', `Not every process came up: ${reason}`, {
    hint: 'The last lines of their logs above say more; `signalbox doctor` looks at this machine.',
  });
}
