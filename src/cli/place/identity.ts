/**
 * The token that an agent or a verifier works with. Who brings one uses that. On the machine of a
 * hub of the same user nobody has to: a token is made for the name with the hub's admin token,
 * and kept in a file of this user, so that the next start makes no other. Where this machine has
 * joined a hub elsewhere, the tokens of its slots lie there too, beside the one of the config file.
 */
import { join } from 'node:path';
import { connect, type Client } from '../../client/index.ts';
import { nameKey, SignalboxError, type Role } from '../../contract/index.ts';
import { readIfThere } from './config.ts';
import type { HubPlace } from './connection.ts';
import type { Context } from '../context.ts';
import { writeWhole } from './hub-word.ts';
import { tellNewAgents } from '../agent/newcomer.ts';
import { dataFolder, type Env } from './places.ts';

export interface Identity {
  name: string;
  role: Role;
  /** Somebody chose the name: a token of another name is a mistake then. */
  isNamed: boolean;
  /** It stands in the command line: whom nobody knows is told of. */
  isTyped?: boolean;
}

/** The token for this identity; undefined under `--auth none`, where the name is enough. */
export async function tokenFor(context: Context, identity: Identity): Promise<string | undefined> {
  const place = await context.place();
  if (place.token === undefined) return undefined;
  const file = tokenFile(context.env, place.url, identity);
  const isGiven = !place.isAdmin && !place.isConfigured;
  const kept = isGiven ? undefined : (await readIfThere(file))?.trim();
  if (kept !== undefined && (await isStillOurs(place, kept, identity))) return kept;
  if (!place.isAdmin) return ownToken(await context.hub(), place.token, identity);
  const hub = await context.hub();
  if (identity.isTyped === true) await tellNewAgents(context.output, hub, [identity.name]);
  return made(hub, file, identity);
}

/** A token that was given is used as it is; it must be of the one who is to use it. */
async function ownToken(hub: Client, token: string, identity: Identity): Promise<string> {
  const { name, role, isNamed } = identity;
  const who = isNamed ? await hub.hub.whoami().catch(unlessAway) : undefined;
  if (who === undefined || nameKey(who.name) === nameKey(name)) return token;
  throw new SignalboxError('forbidden', `This token is of \`${who.name}\`, not of \`${name}\`.`, {
    hint: `Make one for it: signalbox token create --agent ${name} --role ${role}`,
  });
}

async function isStillOurs(place: HubPlace, token: string, { name }: Identity): Promise<boolean> {
  const client = connect({ url: place.url, token, transport: 'http' });
  try {
    const who = await client.hub.whoami();
    return nameKey(who.name) === nameKey(name);
  } catch (error) {
    if (error instanceof SignalboxError && error.code === 'unauthenticated') return false;
    return unlessAway(error) === undefined;
  } finally {
    client.close();
  }
}

/** A hub that is away is no reason not to begin: the work goes on until it is back. */
function unlessAway(error: unknown): undefined {
  if (error instanceof SignalboxError && error.code === 'unavailable') return undefined;
  throw error;
}

async function made(hub: Client, file: string, { name, role }: Identity): Promise<string> {
  const { secret } = await hub.token.create({ agent: name, role });
  await writeWhole(file, `${secret}\n`);
  return secret;
}

/** Where the token of this name at this hub is kept. */
export function tokenFile(
  env: Env,
  url: string,
  { name, role }: Pick<Identity, 'name' | 'role'>,
): string {
  return join(dataFolder(env), 'tokens', `${role}-${nameKey(name)}@${hostOf(url)}.token`);
}

/** The hub as part of a file's name. */
export function hostOf(url: string): string {
  return new URL(url).host.replaceAll(/[^A-Za-z0-9.-]/g, '_');
}
