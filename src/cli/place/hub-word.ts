/**
 * The word that a hub leaves of itself: in its data folder, and where this user's command line
 * looks. The command line goes on speaking to the hub that was there first, as long as that one
 * lives.
 */
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readHubState, readIfThere, type HubState } from './config.ts';
import { hubStateFile, type Env } from './places.ts';

const ANSWER_MS = 1_000;

export interface Word extends HubState {
  startedAtMs: number;
}

/** The word of the hub that has this data folder. */
export function wordFile(dataDir: string): string {
  return join(dataDir, 'hub.json');
}

/** Answers the other hub that the command line goes on speaking to, if there is one. */
export async function leaveWord(word: Word, env: Env): Promise<HubState | undefined> {
  const text = `${JSON.stringify(word)}\n`;
  await writeWhole(wordFile(word.dataDir), text);
  const other = await readHubState(env);
  if (other !== undefined && other.url !== word.url && (await isAlive(other.url))) return other;
  await writeWhole(hubStateFile(env), text);
  return undefined;
}

/** Only our own: it may be that of another hub. */
export async function takeWordBack({ dataDir, url, pid }: HubState, env: Env): Promise<void> {
  for (const file of [wordFile(dataDir), hubStateFile(env)]) {
    const text = await readIfThere(file);
    const isOurs = text?.includes(JSON.stringify(url)) === true && text.includes(`"pid":${pid},`);
    if (isOurs) await rm(file, { force: true });
  }
}

/** Readable for this user alone, and never half there. */
export async function writeWhole(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, file);
}

/** Asked and not guessed: a process number may have come to another program since. */
export async function isAlive(url: string): Promise<boolean> {
  const signal = AbortSignal.timeout(ANSWER_MS);
  return fetch(`${url}/live`, { signal }).then(
    ({ ok }) => ok,
    () => false,
  );
}
