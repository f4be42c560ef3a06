/**
 * What joining a hub has put on this machine, so that leaving takes away that and nothing else. It
 * holds no secret.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AgentName } from '../../contract/index.ts';
import { TARGETS } from '../../hooks/index.ts';
import { hasCode, readIfThere } from '../place/config.ts';
import { writeWhole } from '../place/hub-word.ts';
import { hostOf } from '../place/identity.ts';
import { dataFolder, type Env } from '../place/places.ts';

const Joined = z.object({
  url: z.string(),
  /** The agent of this machine, and where it has slots those too. */
  names: z.array(AgentName).min(1),
  /** The clients that were given hooks and an MCP entry. */
  clients: z.array(z.enum(TARGETS)),
});
export type Joined = z.infer<typeof Joined>;

export async function readJoined(env: Env, url: string): Promise<Joined | undefined> {
  return parsed(await readIfThere(fileOf(env, url)));
}

export async function listJoined(env: Env): Promise<Joined[]> {
  const names = await readdir(folder(env)).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith('.json')).toSorted();
  const texts = await Promise.all(files.map((name) => readIfThere(join(folder(env), name))));
  return texts.flatMap((text) => parsed(text) ?? []);
}

export async function saveJoined(env: Env, joined: Joined): Promise<void> {
  await writeWhole(fileOf(env, joined.url), `${JSON.stringify(joined)}\n`);
}

export async function forgetJoined(env: Env, url: string): Promise<void> {
  await rm(fileOf(env, url), { force: true });
}

function folder(env: Env): string {
  return join(dataFolder(env), 'joined');
}

function fileOf(env: Env, url: string): string {
  return join(folder(env), `${hostOf(url)}.json`);
}

function parsed(text: string | undefined): Joined | undefined {
  if (text === undefined) return undefined;
  try {
    return Joined.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
