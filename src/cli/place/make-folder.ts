/**
 * Makes a folder for data, and what is missing above it, for this user alone. Level by level and
 * not by Node's recursive `mkdir`, which tries for ever where the system answers that the parent
 * is missing although it is there, as /proc does.
 */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SignalboxError } from '../../contract/errors.ts';
import { hasCode } from './config.ts';

export async function makeFolder(folder: string): Promise<void> {
  try {
    await make(folder);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SignalboxError('invalid_input', `${folder} cannot be made: ${reason}`, {
      hint: 'Give a folder that this user may write to with --data.',
      cause,
    });
  }
}

async function make(folder: string): Promise<void> {
  const found = await unlessCode('ENOENT', stat(folder));
  if (found?.isDirectory() === true) return;
  if (found !== undefined) throw new Error(`${folder} is a file`);
  await make(dirname(folder));
  await unlessCode('EEXIST', mkdir(folder, { mode: 0o700 }));
}

async function unlessCode<T>(code: string, work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (hasCode(error, code)) return undefined;
    throw error;
  }
}
