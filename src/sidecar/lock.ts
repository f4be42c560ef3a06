/**
 * One sidecar to a folder. A lock file names the process that holds it (pid and start time), so one
 * left behind by `kill -9` is told from one in use, also after the pid was given to somebody else.
 *
 * Locks are numbered and only the highest counts. Taking is making the next number, which the file
 * system lets one process do; the highest is never deleted, so nobody can make a number twice.
 */
import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SignalboxError } from '../contract/index.ts';
import { present } from '../core/assert.ts';
import { isErrno } from './errno.ts';
import { identify, isAlive, ProcessId } from '../process/identity.ts';

/**
 * Takes the folder, or refuses naming who has it. Answers how to give it back; without that it is
 * free when this process has ended, however it ends.
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (;;) {
    const numbers = await heldNumbers(folder);
    const highest = Math.max(0, ...numbers);
    const holder = await readHolder(folder, highest);
    if (holder !== null && isAlive(holder)) throw inUse(folder, holder);
    if (!(await take(folder, highest + 1))) continue;
    await removeOlder(folder, highest + 1);
    return () => writeFile(lockPath(folder, highest + 1), 'released');
  }
}

/** A lock appears whole, by a hard link to a finished file; one name can be linked only once. */
async function take(folder: string, number: number): Promise<boolean> {
  const workshop = await mkdtemp(join(folder, WORKSHOP));
  const whole = join(workshop, 'lock');
  const self = present(identify(process.pid), 'the identity of this process');
  try {
    await writeFile(whole, JSON.stringify(self), { mode: 0o600 });
    await link(whole, lockPath(folder, number));
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST') || isErrno(error, 'ENOENT')) return false;
    throw error;
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

/** Older locks, and what takers left that were killed; one that still tries just tries again. */
async function removeOlder(folder: string, number: number): Promise<void> {
  const names = (await readdir(folder)).filter(
    (name) => /^lock\.\d+$/.test(name) || name.startsWith(WORKSHOP),
  );
  const older = names.filter((name) => name !== `lock.${number}`);
  await Promise.all(older.map((name) => rm(join(folder, name), { recursive: true, force: true })));
}

const WORKSHOP = 'taking-';

function lockPath(folder: string, number: number): string {
  return join(folder, `lock.${number}`);
}

async function heldNumbers(folder: string): Promise<number[]> {
  return (await readdir(folder))
    .map((name) => /^lock\.(\d+)$/.exec(name)?.[1])
    .filter((number) => number !== undefined)
    .map(Number);
}

async function readHolder(folder: string, number: number): Promise<ProcessId | null> {
  try {
    return ProcessId.parse(JSON.parse(await readFile(lockPath(folder, number), 'utf8')));
  } catch {
    return null;
  }
}

function inUse(folder: string, holder: ProcessId): SignalboxError {
  return new SignalboxError('conflict', `Process ${holder.pid} already runs this agent here.`, {
    hint: `Stop it first, or give this one another --name or --data. (Folder: ${folder})`,
  });
}
