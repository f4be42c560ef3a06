/**
 * What an installation leaves where nobody would look for it later: folders that were made for the
 * file of a client, and clones whose git has our hooks. It is kept beside the entry that hooks run,
 * one path a line.
 */
import { rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { entryFolder } from './entry-files.ts';
import type { Env } from './entry/places.ts';
import { gitHooksFolder, lookAtGit } from './git.ts';
import type { Surroundings } from './client.ts';
import { readOwn, writeOwn } from './own-file.ts';

const FILES = { folders: 'made-folders', clones: 'git-clones' } as const;
type Kind = keyof typeof FILES;

const MODE = 0o600;

async function tracesOf(env: Env, kind: Kind): Promise<string[]> {
  const { text = '' } = await readOwn(join(entryFolder(env), FILES[kind]));
  return text.split('\n').filter((line) => line !== '');
}

async function keep(env: Env, kind: Kind, paths: readonly string[]): Promise<void> {
  const path = join(entryFolder(env), FILES[kind]);
  // A name with a line break in it would be read as two.
  const lines = [...new Set(paths)].filter((line) => !line.includes('\n'));
  if (lines.length === 0) await rm(path, { force: true });
  else await writeOwn({ path, mode: MODE }, `${lines.join('\n')}\n`);
}

export async function note(env: Env, kind: Kind, paths: readonly string[]): Promise<void> {
  if (paths.length > 0) await keep(env, kind, [...(await tracesOf(env, kind)), ...paths]);
}

export async function forget(env: Env, kind: Kind, gone: (path: string) => boolean): Promise<void> {
  const there = await tracesOf(env, kind);
  if (there.some(gone))
    await keep(
      env,
      kind,
      there.filter((path) => !gone(path)),
    );
}

/** The folders that a file here needs and that are not there yet, the innermost first. */
export async function missingFolders(file: string): Promise<string[]> {
  const missing: string[] = [];
  for (let folder = dirname(file); !(await isThere(folder)); folder = dirname(folder)) {
    missing.push(folder);
  }
  return missing;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** Those that were made for these files go where nothing lies in them; others are no more ours. */
export async function removeMadeFolders(env: Env, files: readonly string[]): Promise<void> {
  const made = await tracesOf(env, 'folders');
  const ours = made.filter((folder) => files.some((file) => file.startsWith(`${folder}/`)));
  for (const folder of ours.toSorted((one, other) => other.length - one.length)) {
    await rmdir(folder).catch(() => {});
  }
  await forget(env, 'folders', (folder) => ours.includes(folder));
}

/** Other clones than this one whose git has our hooks, as far as they were installed from here. */
export async function otherClones(at: Surroundings): Promise<string[]> {
  const seen = new Set([await gitHooksFolder(at).catch(() => undefined)]);
  const found: string[] = [];
  for (const cwd of await tracesOf(at.env, 'clones')) {
    const folder = await gitHooksFolder({ cwd }).catch(() => undefined);
    if (folder === undefined || seen.has(folder)) continue;
    seen.add(folder);
    if ((await lookAtGit({ ...at, cwd })) !== 'none') found.push(cwd);
  }
  return found;
}
