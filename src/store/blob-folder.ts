/**
 * Blobs as files, `ab/cdef…` under the hash of their content: for the one hub that has this folder.
 *
 * A stream goes into a file of its own, which is synced before it is renamed; its folder is synced
 * after. So under the name of a hash lies all of it or nothing. A blob that is being named is held:
 * a sweep looks at that and deletes in one turn of the event loop, and renaming puts back what a
 * sweep took before.
 */
import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../core/random.ts';
import type { Blobs, Checks, Range, Received, Written } from './blobs.ts';
import { BlobMissingError } from './blobs.ts';
import { dropUnnamed, findRow, keepRow } from './blob-rows.ts';
import type { Store } from './db.ts';
import { StoreFullError, StoreUnavailableError } from './errors.ts';

export interface FolderOptions {
  store: Store;
  folder: string;
  random: Random;
}

/** A blob that nothing names may still be wanted by a transaction that is run again. */
const UNNAMED_KEPT_MS = 60_000;
const INCOMING = 'incoming';

/** Makes the folder, and empties it of uploads that an earlier process did not finish. */
export async function openFolderBlobs(options: FolderOptions): Promise<Blobs> {
  const { folder } = options;
  try {
    await rm(join(folder, INCOMING), { recursive: true, force: true });
    await mkdir(join(folder, INCOMING), { recursive: true, mode: 0o700 });
    await syncFolder(folder);
  } catch (error) {
    throw diskError(error);
  }
  return new FolderBlobs(options);
}

class FolderBlobs implements Blobs {
  readonly #options: FolderOptions;
  /** How many are about to name each. */
  readonly #held = new Map<string, number>();

  constructor(options: FolderOptions) {
    this.#options = options;
  }

  async write(body: AsyncIterable<Uint8Array>, checks: Checks): Promise<Written> {
    const name = Buffer.from(this.#options.random.bytes(16)).toString('hex');
    const path = join(this.#options.folder, INCOMING, name);
    try {
      const { sha256, bytes } = await receive(path, body, checks);
      this.#hold(sha256, 1);
      await this.#settle(path, sha256).catch((error: unknown) => {
        this.#hold(sha256, -1);
        throw diskError(error);
      });
      return {
        sha256,
        bytes,
        keep: (tx, nowMs) => keepRow(tx, { sha256, bytes, place: '' }, nowMs),
        release: async () => this.#hold(sha256, -1),
      };
    } finally {
      await rm(path, { force: true });
    }
  }

  async *read(sha256: string, { start, end }: Range): AsyncGenerator<Uint8Array> {
    const file = await open(this.#pathOf(sha256), 'r').catch((cause: unknown) => {
      throw new BlobMissingError(`the file of blob ${sha256} cannot be opened`, { cause });
    });
    try {
      if (end > start) yield* file.createReadStream({ start, end: end - 1, autoClose: false });
    } finally {
      await file.close();
    }
  }

  async sweep(nowMs: number): Promise<number> {
    const { store, folder } = this.#options;
    await store.transaction((tx) => dropUnnamed(tx, nowMs - UNNAMED_KEPT_MS));
    let count = 0;
    for (const first of await readdir(folder)) {
      if (!/^[0-9a-f]{2}$/.test(first)) continue;
      for (const rest of await readdir(join(folder, first))) {
        const sha256 = first + rest;
        if ((await findRow(store.read, sha256)) !== undefined || this.#held.has(sha256)) continue;
        rmSync(join(folder, first, rest), { force: true });
        count++;
      }
    }
    return count;
  }

  async #settle(path: string, sha256: string): Promise<void> {
    const target = this.#pathOf(sha256);
    const folder = join(target, '..');
    const made = await mkdir(folder, { recursive: true, mode: 0o700 });
    await rename(path, target);
    await syncFolder(folder);
    if (made !== undefined) await syncFolder(this.#options.folder);
  }

  #hold(sha256: string, by: 1 | -1): void {
    const count = (this.#held.get(sha256) ?? 0) + by;
    if (count > 0) this.#held.set(sha256, count);
    else this.#held.delete(sha256);
  }

  #pathOf(sha256: string): string {
    return join(this.#options.folder, sha256.slice(0, 2), sha256.slice(2));
  }
}

async function receive(
  path: string,
  body: AsyncIterable<Uint8Array>,
  checks: Checks,
): Promise<Received> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx', 0o400).catch((error: unknown) => {
    throw diskError(error);
  });
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += chunk.length;
      checks.bytes(bytes);
      hash.update(chunk);
      await writeAll(file, chunk);
    }
    const received = { sha256: hash.digest('hex'), bytes };
    checks.end(received);
    await file.sync();
    return received;
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  try {
    for (let from = 0; from < chunk.length;) {
      from += (await file.write(chunk, from)).bytesWritten;
    }
  } catch (error) {
    throw diskError(error);
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function diskError(error: unknown): Error {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new StoreFullError('the disk is full', { cause: error });
  }
  if (typeof code !== 'string') return error instanceof Error ? error : new Error(String(error));
  return new StoreUnavailableError(`the folder of blobs cannot be used: ${code}`, { cause: error });
}
