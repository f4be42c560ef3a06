/**
 * The entry that hooks run, put into the user's data folder: JavaScript there is read by Node as it
 * stands, wherever Signalbox itself lies by then. From a checkout the types are taken out on the
 * way; a build has them out already.
 */
import { readdir, readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { dataFolder, type Env } from './entry/places.ts';
import { readOwn, writeOwn } from './own-file.ts';

const SOURCE = join(import.meta.dirname, 'entry');
const MODE = 0o644;

export interface EntryFiles {
  /** What a hook's command line starts. */
  main: string;
  /** A digest of the content: the same text, the same version. */
  version: string;
}

export function entryFolder(env: Env): string {
  return join(dataFolder(env), 'hooks');
}

export function entryMain(env: Env): string {
  return join(entryFolder(env), 'main.js');
}

export async function installEntry(env: Env): Promise<EntryFiles & { isChanged: boolean }> {
  const files = await freshFiles();
  const version = versionOf(files);
  const folder = entryFolder(env);
  let isChanged = false;
  for (const [name, text] of [...files, ['package.json', manifest(version)] as const]) {
    const path = join(folder, name);
    const there = await readOwn(path);
    if (there.text === text) continue;
    isChanged = true;
    await writeOwn({ path: there.path, mode: MODE }, text);
  }
  return { main: entryMain(env), version, isChanged };
}

/** Which version is installed, and which one would be. */
export async function entryVersions(env: Env): Promise<{ installed: string | null; own: string }> {
  const { text } = await readOwn(join(entryFolder(env), 'package.json'));
  const installed = /"version": "([0-9a-f]+)"/.exec(text ?? '')?.[1] ?? null;
  return { installed, own: versionOf(await freshFiles()) };
}

type Files = [name: string, text: string][];

async function freshFiles(): Promise<Files> {
  const names = (await readdir(SOURCE)).filter(
    (name) => /^[a-z-]+\.(ts|js)$/.test(name) && name !== 'fixture.ts',
  );
  return Promise.all(
    names.toSorted().map(async (name): Promise<[string, string]> => {
      const text = await readFile(join(SOURCE, name), 'utf8');
      return name.endsWith('.js') ? [name, text] : [name.replace(/ts$/, 'js'), asJavaScript(text)];
    }),
  );
}

function asJavaScript(text: string): string {
  return quietly(() => stripTypeScriptTypes(text)).replaceAll(
    /((?:from |import\()'\.\/[a-z-]+)\.ts'/g,
    "$1.js'",
  );
}

/** Node says once that taking types out is new; whoever installs hooks need not hear it. */
function quietly<T>(work: () => T): T {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => {};
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}

function versionOf(files: Files): string {
  return createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 12);
}

function manifest(version: string): string {
  return `${JSON.stringify({ type: 'module', version }, null, 2)}\n`;
}
