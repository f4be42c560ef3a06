/**
 * The temporary folder of one run of checks: the checkout, a home and a place for temporary files.
 *
 * Where the checks run as another user, that user owns these and nothing above them. Each
 * folder is noted in the data folder before anything runs in it, with the verifier that made it, so
 * that what a killed verifier left (folder and processes) is removed by the next one.
 */
import * as fs from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import { removeTree } from '../git/remove-tree.ts';
import { identify, isAlive, ProcessId } from '../process/identity.ts';
import { endLeftovers, type Leftovers } from '../process/leftovers.ts';
import type { CheckUser } from './check-user.ts';

export interface ScratchPlace {
  /** Where the notes are kept. */
  dataDir: string;
  /** Where the folders are made, if the user of the checks can get there. */
  tempDir: string;
  user: CheckUser | null;
}

export interface Scratch {
  directory: string;
  /** Not there yet: see git/sandbox.ts. */
  checkout: string;
  home: string;
  temp: string;
}

const PREFIX = 'signalbox-check-';
const OTHER_PLACES = ['/tmp', '/var/tmp'];

const Note = ProcessId.extend({ directory: z.string() });
type Note = z.infer<typeof Note>;

/** Holds the folder of the run in the environment of its checks; two runs never have the same. */
export const MARKER = 'SIGNALBOX_CHECK_DIR';

/** Whatever the checks of a run have started, and nobody else. */
export function leftoversOf(directory: string): Leftovers {
  return { leader: null, marker: `${MARKER}=${directory}`, folder: directory };
}

export async function makeScratch(place: ScratchPlace): Promise<Scratch> {
  const directory = await fs.mkdtemp(join(await reachable(place), PREFIX));
  const scratch = {
    directory,
    checkout: join(directory, 'checkout'),
    home: join(directory, 'home'),
    temp: join(directory, 'tmp'),
  };
  await writeNote(place, directory);
  for (const inner of [scratch.home, scratch.temp]) {
    await fs.mkdir(inner, { mode: 0o700 });
    if (place.user !== null) await fs.chown(inner, place.user.uid, place.user.gid);
  }
  if (place.user !== null) {
    await fs.chown(directory, 0, place.user.gid);
    await fs.chmod(directory, 0o750);
  }
  return scratch;
}

/** Whatever the checks made of it. Nothing of them runs any more: see run-check.ts. */
export async function removeScratch(place: ScratchPlace, directory: string): Promise<void> {
  await removeTree(directory);
  await fs.rm(notePath(place, directory), { force: true });
}

/** Removes what verifiers left that live no more; answers the folders. */
export async function sweepScratch(place: ScratchPlace, clock: Clock): Promise<string[]> {
  const swept: string[] = [];
  const names = await fs.readdir(notesFolder(place)).catch(() => []);
  for (const name of names.filter((other) => other.endsWith('.json'))) {
    const path = join(notesFolder(place), name);
    const note = parseNote(await fs.readFile(path, 'utf8').catch(() => ''));
    if (note !== null && isAlive({ pid: note.pid, startedAt: note.startedAt })) continue;
    // The name decides what is deleted, so one that we did not make is not believed.
    if (note !== null && basename(note.directory).startsWith(PREFIX)) {
      await endLeftovers(leftoversOf(note.directory), clock);
      await removeTree(note.directory);
      swept.push(note.directory);
    }
    await fs.rm(path, { force: true });
  }
  return swept;
}

/** A folder in the home of root is closed to the user of the checks, whatever lies in it. */
async function reachable({ tempDir, user }: ScratchPlace): Promise<string> {
  for (const candidate of user === null ? [tempDir] : [tempDir, ...OTHER_PLACES]) {
    const path = await fs.realpath(candidate).catch(() => null);
    if (path !== null && (user === null || (await isOpenToAll(path)))) return path;
  }
  throw new Error(`no folder for temporary files can be reached by ${user?.name ?? 'this user'}`);
}

async function isOpenToAll(path: string): Promise<boolean> {
  const isOpen = ((await fs.stat(path)).mode & 0o001) !== 0;
  return isOpen && (path === '/' || (await isOpenToAll(dirname(path))));
}

function notesFolder({ dataDir }: ScratchPlace): string {
  return join(dataDir, 'checks');
}

function notePath(place: ScratchPlace, directory: string): string {
  return join(notesFolder(place), `${basename(directory)}.json`);
}

async function writeNote(place: ScratchPlace, directory: string): Promise<void> {
  await fs.mkdir(notesFolder(place), { recursive: true, mode: 0o700 });
  const note = { directory, ...identify(process.pid) };
  const path = notePath(place, directory);
  await fs.writeFile(`${path}.new`, JSON.stringify(note), { mode: 0o600 });
  await fs.rename(`${path}.new`, path);
}

function parseNote(text: string): Note | null {
  try {
    return Note.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
