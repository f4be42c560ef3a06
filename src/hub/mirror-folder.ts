/**
 * A folder that only the hub writes to. Every file appears under its name at once and whole, and
 * can only be read. Nothing is followed that leads out: each folder on the way is looked at, and
 * what is in the way of one, a link above all, is taken away. The root alone may be reached by a
 * link, because the operator named it.
 */
import { constants } from 'node:fs';
import { lstat, mkdir, open, realpath, rename, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { limits } from '../contract/index.ts';

export type Path = readonly string[];

const INCOMING = '.incoming';
const FILE_MODE = 0o444;
const FOLDER_MODE = 0o755;

export class MirrorFolder {
  readonly #root: string;
  #count = 0;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Makes it where it is not there, and clears away what an earlier process did not finish. */
  static async open(folder: string): Promise<MirrorFolder> {
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    const opened = new MirrorFolder(await realpath(folder));
    await rm(join(opened.#root, INCOMING), { recursive: true, force: true });
    await mkdir(join(opened.#root, INCOMING), { mode: 0o700 });
    return opened;
  }

  /** Undefined where there is no such file of ours. A pipe in its place is not waited for. */
  async read(path: Path): Promise<string | undefined> {
    if (!(await this.#isWithin(path))) return undefined;
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const file = await open(join(this.#root, ...path), flags).catch(() => undefined);
    if (file === undefined) return undefined;
    try {
      const found = await file.stat();
      if (!found.isFile() || found.size > limits.mirrorListBytesMax) return undefined;
      const text = Buffer.alloc(found.size);
      const { bytesRead } = await file.read(text, 0, text.length, 0);
      return text.toString('utf8', 0, bytesRead);
    } finally {
      await file.close();
    }
  }

  async isThere(path: Path, bytes: number): Promise<boolean> {
    if (!(await this.#isWithin(path))) return false;
    const found = await lstat(join(this.#root, ...path)).catch(() => undefined);
    return found?.isFile() === true && found.size === bytes;
  }

  async write(path: Path, chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    const incoming = join(this.#root, INCOMING, String(this.#count++));
    const file = await open(incoming, 'wx', 0o600);
    try {
      for await (const chunk of chunks) await file.appendFile(chunk);
      await file.chmod(FILE_MODE);
      await file.sync();
    } finally {
      await file.close();
    }
    const target = join(this.#root, ...path);
    await this.#makeWay(path);
    await rename(incoming, target);
  }

  /** And its folder, if nothing else is in it. */
  async remove(path: Path): Promise<void> {
    if (!(await this.#isWithin(path))) return;
    await rm(join(this.#root, ...path), { force: true, recursive: true });
    await rmdir(join(this.#root, ...path.slice(0, -1))).catch(() => {});
  }

  /** The folders on the way are there and are folders; what is in the place of the file goes. */
  async #makeWay(path: Path): Promise<void> {
    for (let depth = 1; depth < path.length; depth++) {
      const folder = join(this.#root, ...path.slice(0, depth));
      const found = await lstat(folder).catch(() => undefined);
      if (found?.isDirectory() === true) continue;
      await rm(folder, { force: true });
      await mkdir(folder, { mode: FOLDER_MODE });
    }
    const target = join(this.#root, ...path);
    const found = await lstat(target).catch(() => undefined);
    if (found?.isDirectory() === true) await rm(target, { recursive: true, force: true });
  }

  async #isWithin(path: Path): Promise<boolean> {
    for (let depth = 1; depth < path.length; depth++) {
      const found = await lstat(join(this.#root, ...path.slice(0, depth))).catch(() => undefined);
      if (found?.isDirectory() !== true) return false;
    }
    return true;
  }
}
