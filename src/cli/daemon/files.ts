/** The files of services in their folder. */
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SignalboxError } from '../../contract/errors.ts';
import { hasCode, readIfThere } from '../place/config.ts';
import { makeFolder } from '../place/make-folder.ts';
import { refuseForeign } from './daemon.ts';

/** Writes it whole; answers how to have what was there before. */
export async function placeFile(
  file: string,
  text: string,
  mark: string,
): Promise<() => Promise<void>> {
  const before = await readIfThere(file);
  refuseForeign(file, before, mark);
  await write(file, text);
  return async () => {
    if (before === undefined) await rm(file, { force: true });
    else await write(file, before);
  };
}

/** False where there is no such file; one of somebody else is refused. */
export async function isOurs(file: string, mark: string): Promise<boolean> {
  const text = await readIfThere(file);
  refuseForeign(file, text, mark);
  return text !== undefined;
}

/** Files of the folder by the agent that they are of, sorted. */
export async function filesOfAgents(
  folder: string,
  agentOf: (file: string) => string | undefined,
): Promise<{ name: string; file: string }[]> {
  const files = await readdir(folder).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  });
  const found = files.flatMap((file) => {
    const name = agentOf(file);
    return name === undefined ? [] : [{ name, file: join(folder, file) }];
  });
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function write(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}`;
  try {
    await makeFolder(dirname(file));
    await writeFile(draft, text, { mode: 0o644 });
    await rename(draft, file);
  } catch (cause) {
    await rm(draft, { force: true }).catch(() => {});
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SignalboxError('invalid_input', `${file} cannot be written: ${reason}`, {
      hint: 'A service of the machine (--system) is for root to install.',
      cause,
    });
  }
}
