/** Undoes a join: its tokens end at the hub, and what it put on this machine is taken away. */
import { rm } from 'node:fs/promises';
import { connect } from '../../client/index.ts';
import { SignalboxError } from '../../contract/index.ts';
import { forgetMail, removeUnusedEntry, uninstall } from '../../hooks/index.ts';
import { readConfig, readIfThere } from '../place/config.ts';
import { isSameHub } from '../place/connection.ts';
import type { Context } from '../context.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { tokenFile } from '../place/identity.ts';
import { removeHubLines } from '../join/config-file.ts';
import { hubAddress } from '../join/reach.ts';
import { forgetJoined, listJoined, type Joined } from '../join/record.ts';
import { configFile } from '../place/places.ts';
import { wantedFor } from './hooks.ts';

const ANSWER_MS = 5_000;

export async function leave(context: Context): Promise<void> {
  const { env, output } = context;
  const joined = await theJoined(context);
  const ended: Ended[] = [];
  for (const name of joined.names) ended.push(await endToken(context, joined, name));
  const wanted = wantedFor(context, joined.names[0]);
  const files = [];
  for (const client of joined.clients) files.push(...(await uninstall(client, wanted)).changes);
  const changed = files.filter(({ isChanged }) => isChanged).map(({ path }) => path);
  if (await removeHubLines(env, joined.url)) changed.push(configFile(env));
  for (const name of joined.names) await forgetMail(wanted, name, joined.url);
  await forgetJoined(env, joined.url);
  const isLast = (await listJoined(env)).length === 0;
  const unused = isLast ? await removeUnusedEntry(wanted) : undefined;
  const words = { ended: 'token ended at the hub', gone: 'had no token any more', alive: '' };
  const removed = unused === undefined ? [] : [unused];
  output.give({ url: joined.url, tokens: ended, files: changed, removed }, () => [
    ...ended.filter(({ end }) => end !== 'alive').map(({ name, end }) => `${name}: ${words[end]}`),
    ...changed.map((path) => `taken out of ${harmlessLine(path)}`),
    ...removed.map((path) => `removed ${harmlessLine(path)}`),
    `Left ${joined.url}.`,
  ]);
  for (const { name, problem } of ended.filter(({ end }) => end === 'alive')) {
    output.note(`The token of ${name} still works at the hub: ${problem}`, 'warning');
    output.note('On its machine: signalbox token list, signalbox token revoke ID', 'hint');
  }
}

/** The one that was named; without a name, the only one. */
async function theJoined({ args, env }: Context): Promise<Joined> {
  const all = await listJoined(env);
  const [first] = args;
  const named = first === undefined ? undefined : hubAddress(first);
  const found = named === undefined ? all : all.filter(({ url }) => isSameHub(url, named));
  const [one, another] = found;
  if (one !== undefined && another === undefined) return one;
  if (one === undefined) {
    throw new SignalboxError('not_found', `This machine has not joined ${named ?? 'a hub'}.`, {
      hint: all.length === 0 ? 'signalbox join URL joins one.' : `Joined: ${urls(all)}`,
    });
  }
  throw new SignalboxError('invalid_input', `This machine has joined ${all.length} hubs.`, {
    hint: `Name one: ${urls(all)}`,
  });
}

function urls(all: readonly Joined[]): string {
  return all.map(({ url }) => url).join(', ');
}

interface Ended {
  name: string;
  end: 'ended' | 'gone' | 'alive';
  problem: string;
}

async function endToken({ env }: Context, { url }: Joined, name: string): Promise<Ended> {
  const file = tokenFile(env, url, { name, role: 'agent' });
  const config = await readConfig(env);
  const isOfConfig = config.url !== undefined && isSameHub(config.url, url);
  const token = (await readIfThere(file))?.trim() ?? (isOfConfig ? config.token : undefined);
  const done = token === undefined ? NOTHING : await resign(url, token);
  await rm(file, { force: true });
  return { name, ...done };
}

const NOTHING = { end: 'gone', problem: '' } as const;

async function resign(url: string, token: string): Promise<Omit<Ended, 'name'>> {
  const hub = connect({ url, token, transport: 'http' });
  try {
    await hub.token.resign({ reason: 'the machine has left' }, { timeoutMs: ANSWER_MS });
    return { end: 'ended', problem: '' };
  } catch (error) {
    if (!(error instanceof SignalboxError)) throw error;
    if (error.code === 'unauthenticated') return NOTHING;
    return { end: 'alive', problem: error.message };
  } finally {
    hub.close();
  }
}
