/**
 * Which hub, and as whom. The address: --url, SIGNALBOX_URL or BROKER_URL, the config file, else
 * the hub that this user runs on this machine. The token: --token, SIGNALBOX_TOKEN, the config
 * file, else the admin token in the data folder of that hub.
 *
 * A token goes only to the hub that it is for: the one of the config file to the address beside
 * it, the local admin token to the local hub. A flag or a variable is the caller's own word and
 * goes anywhere.
 */
import { join } from 'node:path';
import { userInfo } from 'node:os';
import type { ConnectOptions } from '../../client/index.ts';
import { SignalboxError } from '../../contract/errors.ts';
import { readConfig, readHubState, readIfThere, type HubState } from './config.ts';
import type { Env } from './places.ts';

export interface Wanted {
  url: string | undefined;
  token: string | undefined;
  env: Env;
}

export interface HubPlace extends ConnectOptions {
  token: string | undefined;
  /** Was the token taken from the data folder of the hub, because nobody gave one? */
  isAdmin: boolean;
  /** Does the token stand in the config file? */
  isConfigured: boolean;
  agent: string;
  /** The data folder, where it is the hub of this user on this machine. */
  dataDir: string | undefined;
  /** Its process, there. */
  pid: number | undefined;
  /** Where the address comes from, in words. */
  source: string;
}

export async function findHub({ url, token, env }: Wanted): Promise<HubPlace> {
  const config = await readConfig(env);
  const state = await readHubState(env);
  const given = givenUrl({ url, env });
  const named = given ?? config.url ?? state?.url;
  if (named === undefined) throw noHub();
  const isConfigured =
    config.url === undefined ? given === undefined : isSameHub(named, config.url);
  const address = isConfigured ? named : asOwnHub(named, state);
  const isLocal = state !== undefined && isSameHub(address, state.url);
  const said = token ?? nonEmpty(env['SIGNALBOX_TOKEN']);
  const own = said ?? (isConfigured ? config.token : undefined);
  const found = own === undefined && isLocal ? await adminToken(state) : undefined;
  return {
    url: address,
    token: (own ?? found)?.trim(),
    isAdmin: found !== undefined,
    isConfigured: said === undefined && own !== undefined,
    agent: nonEmpty(env['AGENT_ID']) ?? userName(),
    dataDir: isLocal ? state.dataDir : undefined,
    pid: isLocal ? state.pid : undefined,
    source: sourceOf({ url, env, isConfigured: given === undefined && config.url !== undefined }),
  };
}

function givenUrl({ url, env }: Pick<Wanted, 'url' | 'env'>): string | undefined {
  return url ?? nonEmpty(env['SIGNALBOX_URL']) ?? nonEmpty(env['BROKER_URL']);
}

function sourceOf({ url, env, isConfigured }: Pick<Wanted, 'url' | 'env'> & Configured): string {
  if (url !== undefined) return '--url';
  for (const name of ['SIGNALBOX_URL', 'BROKER_URL']) {
    if (nonEmpty(env[name]) !== undefined) return name;
  }
  return isConfigured ? 'the config file' : 'found on this machine';
}

interface Configured {
  isConfigured: boolean;
}

async function adminToken({ dataDir }: HubState): Promise<string | undefined> {
  return readIfThere(join(dataDir, 'admin.token'));
}

/** `http://127.0.0.1:8080 (process 4711)`, where it is known. */
export function placeInWords({ url, pid }: Pick<HubPlace, 'url' | 'pid'>): string {
  return pid === undefined ? url : `${url} (process ${pid})`;
}

export function isSameHub(one: string, other: string): boolean {
  if (!URL.canParse(one) || !URL.canParse(other)) return one === other;
  const [a, b] = [new URL(one), new URL(other)];
  return a.host === b.host && a.protocol === b.protocol;
}

const HERE = ['localhost', '127.0.0.1', '[::1]'];

/**
 * The hub of this machine may be named by another name of loopback. It is then asked where it said
 * that it listens: at the other name somebody else might.
 */
function asOwnHub(named: string, state: HubState | undefined): string {
  if (state === undefined || !URL.canParse(named) || !URL.canParse(state.url)) return named;
  const [a, b] = [new URL(named), new URL(state.url)];
  const isHere = HERE.includes(a.hostname) && HERE.includes(b.hostname);
  return isHere && a.port === b.port && a.protocol === b.protocol ? state.url : named;
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** The name that a hub under `--auth none` hears; any other hub believes only tokens. */
function userName(): string {
  try {
    return userInfo().username.replaceAll(/[^A-Za-z0-9._-]/g, '-') || 'user';
  } catch {
    return 'user';
  }
}

export function noHub(): SignalboxError {
  return new SignalboxError('unavailable', 'No hub is known here.', {
    hint: 'Start one with `signalbox start`, or give the address of one with --url.',
  });
}
