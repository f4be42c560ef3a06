/**
 * A shelf of small JSON files that survive a killed process and a lost machine.
 *
 * A file is whole or not there: it is written beside its place, flushed, renamed, and its folder is
 * flushed too. When `put` has resolved, the value is on disk. What cannot be read at the start is
 * never guessed at: it is moved aside, told, and left for a person.
 */
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { parsedJson } from '../core/json.ts';

export interface Shelf<Value> {
  put: (name: string, value: Value) => Promise<void>;
  remove: (name: string) => Promise<void>;
  /** Every readable value, by name in alphabetical order. */
  list: () => Promise<{ name: string; value: Value }[]>;
}

export interface ShelfOptions<Value> {
  folder: string;
  schema: z.ZodType<Value>;
  /** Where files go that cannot be read. */
  asideFolder: string;
  onAside: (path: string) => void;
}

export async function openShelf<Value>(options: ShelfOptions<Value>): Promise<Shelf<Value>> {
  const { folder } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await removeHalfWritten(folder);
  return {
    put: (name, value) => writeDurably({ folder, name: `${name}.json` }, JSON.stringify(value)),
    async remove(name) {
      await rm(join(folder, `${name}.json`), { force: true });
      await flushFolder(folder);
    },
    async list() {
      const names = (await readdir(folder)).filter((name) => name.endsWith('.json')).sort();
      const found = await Promise.all(names.map((name) => readOrSetAside(options, name)));
      return found.filter((item) => item !== null);
    },
  };
}

async function writeDurably(
  { folder, name }: { folder: string; name: string },
  text: string,
): Promise<void> {
  const half = join(folder, `${name}${HALF}`);
  try {
    await writeFlushed(half, text);
    await rename(half, join(folder, name));
  } catch (error) {
    // On a full disk even a half file is too much.
    await rm(half, { force: true });
    throw error;
  }
  await flushFolder(folder);
}

async function writeFlushed(path: string, text: string): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

const HALF = '.half';

/** A half-written file was never answered for: the one in its place is still what is true. */
async function removeHalfWritten(folder: string): Promise<void> {
  const halves = (await readdir(folder)).filter((name) => name.endsWith(HALF));
  await Promise.all(halves.map((name) => rm(join(folder, name), { force: true })));
}

async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readOrSetAside<Value>(
  { folder, schema, asideFolder, onAside }: ShelfOptions<Value>,
  fileName: string,
): Promise<{ name: string; value: Value } | null> {
  const path = join(folder, fileName);
  const parsed = schema.safeParse(parsedJson(await readFile(path, 'utf8')));
  if (parsed.success) return { name: fileName.slice(0, -'.json'.length), value: parsed.data };
  const aside = await freePlace(asideFolder, fileName);
  await rename(path, aside);
  onAside(aside);
  return null;
}

async function freePlace(folder: string, fileName: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const taken = new Set(await readdir(folder));
  let number = 1;
  while (taken.has(`${fileName}.${number}`)) number++;
  return join(folder, `${fileName}.${number}`);
}
