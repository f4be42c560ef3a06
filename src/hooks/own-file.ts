/**
 * Files of the user, changed with care: in one step, with the same mode, through the link where the
 * file is one, and with what was there before kept beside it.
 */
import { mkdir, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SignalboxError } from '../contract/index.ts';

const BYTES_MAX = 8 * 1024 * 1024;

export interface OwnFile {
  /** Where it lies, behind all links. */
  path: string;
  /** Undefined where there is none. */
  text: string | undefined;
  mode: number;
}

export async function readOwn(named: string): Promise<OwnFile> {
  const path = await realpath(named).catch(() => named);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return { path, text: undefined, mode: 0o600 };
  if (!found.isFile() || found.size > BYTES_MAX) {
    throw refused(`${named} is ${found.isFile() ? 'too large' : 'no file'}.`);
  }
  const bytes = await readFile(path);
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) throw refused(`${named} is not UTF-8.`);
  return { path, text, mode: found.mode & 0o7777 };
}

function refused(message: string): SignalboxError {
  return new SignalboxError('invalid_input', message, {
    hint: 'It was left as it is; see what it holds.',
  });
}

export function backupOf({ path }: Pick<OwnFile, 'path'>): string {
  return `${path}.before-signalbox`;
}

/** What was there before the first change. */
export async function keepBackup(file: OwnFile): Promise<void> {
  if (file.text === undefined) return;
  const path = backupOf(file);
  const kept = await stat(path).catch(() => undefined);
  if (kept === undefined) await writeOwn({ path, mode: file.mode }, file.text);
}

export async function writeOwn(file: Pick<OwnFile, 'path' | 'mode'>, text: string): Promise<void> {
  await mkdir(dirname(file.path), { recursive: true });
  const draft = `${file.path}.${process.pid}.draft`;
  await rm(draft, { force: true });
  try {
    const handle = await open(draft, 'wx', file.mode);
    try {
      // What the process masks out of new files is not for this one.
      await handle.chmod(file.mode);
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file.path);
  } catch (error) {
    await rm(draft, { force: true });
    const why = error instanceof Error ? error.message : String(error);
    throw new SignalboxError('invalid_input', `${file.path} cannot be written: ${why}`, {
      hint: 'Let this user write there; nothing was changed.',
      cause: error,
    });
  }
}
