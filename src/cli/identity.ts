/**
 * The token that an agent or a verifier works with. Who brings one uses that. On the machine of a
 * hub of the same user nobody has to: a token is made for the name with the hub's admin token,
 * and kept in a file of this user, so that the next start makes no other.
 */
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { connect, type Client } from '../client/index.ts';
import { nameKey, SignalboxError, type Role } from '../contract/index.ts';
import { readIfThere } from './config.ts';
import type { HubPlace } from './connection.ts';
import type { Context } from './context.ts';
import { dataFolder } from './places.ts';

export interface Identity {
  name: string;
  role: Role;
  /** Somebody chose the name: a token of another name is a mistake then. */
  isNamed: boolean;
}

/** The token for this identity; undefined under `--auth none`, where the name is enough. */
export async function tokenFor(context: Context, identity: Identity): Promise<string | undefined> {
  const place = await context.place();
  if (place.token === undefined) return undefined;
  if (!place.isAdmin) return ownToken(await context.hub(), place.token, identity);
  const file = tokenFile(context, place, identity);
  const kept = (await readIfThere(file))?.trim();
  if (kept !== undefined && (await isStillOurs(place, kept, identity))) return kept;
  return made(await context.hub(), file, identity);
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
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${secret}\n`, { mode: 0o600 });
  await rename(draft, file);
  return secret;
}

function tokenFile({ env }: Context, { url }: HubPlace, { name, role }: Identity): string {
  const hub = new URL(url).host.replaceAll(/[^A-Za-z0-9.-]/g, '_');
  return join(dataFolder(env), 'tokens', `${role}-${nameKey(name)}@${hub}.token`);
}
