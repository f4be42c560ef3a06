/**
 * A folder that others write into, maybe from other machines over NFS.
 *
 * It is held open, and everything in it is reached through that handle (`/proc/self/fd/…`), so that
 * nobody can put a link in its place between a look and a deed; no link in it is ever followed.
 * Nothing here blocks: what is no regular file is never opened.
 */
import { constants } from 'node:fs';
import { access, link, lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { SignalboxError } from '../contract/index.ts';
import { hasErrno, isErrno } from './errno.ts';

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_CREAT, O_EXCL, O_WRONLY } = constants;

/** What tells whether a file is the same and unchanged. Times are compared, never believed. */
export interface Look {
  inode: bigint;
  bytes: bigint;
  changedNs: bigint;
  isRegular: boolean;
}

export class Folder {
  readonly #handle: FileHandle;
  readonly #base: string;

  private constructor(handle: FileHandle, base: string) {
    this.#handle = handle;
    this.#base = base;
  }

  /** `shown` is what people know it by. */
  static async open(path: string, shown = path): Promise<Folder> {
    const handle = await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).catch((error: unknown) => {
      throw isErrno(error, 'ELOOP', 'ENOTDIR') ? noFolder(shown, error) : error;
    });
    const base = `/proc/self/fd/${handle.fd}`;
    const isThere = await access(base).then(
      () => true,
      () => false,
    );
    return new Folder(handle, isThere ? base : path);
  }

  /** Makes it where it is not there. */
  static async make(path: string, shown = path): Promise<Folder> {
    await mkdir(path).catch((error: unknown) => {
      if (!isErrno(error, 'EEXIST')) throw error;
    });
    return Folder.open(path, shown);
  }

  /** Throws where the name would lead out of it. */
  path(name: string): string {
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
      throw new Error(`no file can have the name ${JSON.stringify(name)}`);
    }
    return join(this.#base, name);
  }

  /** In the order of their names. */
  async names(): Promise<string[]> {
    return (await readdir(this.#base)).sort();
  }

  /** Undefined where there is nothing of this name. */
  async look(name: string): Promise<Look | undefined> {
    try {
      const found = await lstat(this.path(name), { bigint: true });
      return lookOf(found);
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENAMETOOLONG')) return undefined;
      throw error;
    }
  }

  /** Undefined where it is not, or no more, what was looked at. Opening it asks NFS afresh. */
  async read(name: string, look: Look): Promise<Buffer | undefined> {
    const file = await open(this.path(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK).catch(
      (error: unknown) => {
        if (isErrno(error, 'ENOENT', 'ELOOP')) return undefined;
        throw error;
      },
    );
    try {
      if (file === undefined || !(await isStill(file, look))) return undefined;
      const text = Buffer.alloc(Number(look.bytes));
      const { bytesRead } = await file.read(text, 0, text.length, 0);
      return bytesRead === text.length && (await isStill(file, look)) ? text : undefined;
    } finally {
      await file?.close();
    }
  }

  /**
   * Puts a whole file there at once: it is written under a hidden name, flushed, and gets its name.
   * False where another file has that name, which stays.
   */
  async write(name: string, text: string): Promise<boolean> {
    return this.#withDraft({ name, text }, async (draft) => {
      try {
        await this.#publish(draft, name);
        return true;
      } catch (error) {
        if (isErrno(error, 'EEXIST')) return false;
        throw error;
      }
    });
  }

  /** The same, in the place of what was there. */
  async replace(name: string, text: string): Promise<void> {
    await this.#withDraft({ name, text }, (draft) => rename(draft, this.path(name)));
  }

  async #withDraft<Value>(
    { name, text }: { name: string; text: string },
    publish: (draft: string) => Promise<Value>,
  ): Promise<Value> {
    const draft = this.path(`.${shortened(name, DRAFT_BYTES)}${DRAFT}`);
    await rm(draft, { force: true });
    try {
      const file = await open(draft, O_CREAT | O_EXCL | O_WRONLY, 0o666);
      try {
        await file.writeFile(text);
        await file.sync();
      } finally {
        await file.close();
      }
      return await publish(draft);
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** A link never takes a name that is taken; not every file system has links. */
  async #publish(draft: string, name: string): Promise<void> {
    try {
      await link(draft, this.path(name));
    } catch (error) {
      if (!hasErrno(error) || isErrno(error, 'EEXIST', 'ENOENT', 'ENOSPC')) throw error;
      if ((await this.look(name)) === undefined) await rename(draft, this.path(name));
    }
  }

  /** Answers the name that it has there; undefined where it is gone already. */
  async move(name: string, to: Folder, wanted = name): Promise<string | undefined> {
    const free = await to.freeName(wanted);
    try {
      await rename(this.path(name), to.path(free));
      return free;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  async freeName(wanted: string): Promise<string> {
    const stem = wanted.replace(/\.md$/, '');
    const end = wanted.slice(stem.length);
    let name = wanted;
    for (let number = 2; (await this.look(name)) !== undefined; number++) {
      name = `${shortened(stem, NAME_BYTES - 8)}.${number}${end}`;
    }
    return name;
  }

  async remove(name: string): Promise<void> {
    await rm(this.path(name), { force: true });
  }

  /** Names that were given or taken here are on disk when this has resolved. */
  async sync(): Promise<void> {
    await this.#handle.sync().catch((error: unknown) => {
      // Some network file systems cannot, and have it done already.
      if (!isErrno(error, 'EINVAL', 'ENOTSUP', 'EBADF')) throw error;
    });
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

const DRAFT = '.signalbox-draft';
const DRAFT_BYTES = 200;
const NAME_BYTES = 255;

/** Cut to what a file system takes as a name. */
export function shortened(name: string, bytesMax: number): string {
  let cut = name;
  while (Buffer.byteLength(cut) > bytesMax) cut = cut.slice(0, -1);
  return cut;
}

export function isDraft(name: string): boolean {
  return name.startsWith('.') && name.endsWith(DRAFT);
}

export function isSame(one: Look, other: Look): boolean {
  return (
    one.inode === other.inode && one.bytes === other.bytes && one.changedNs === other.changedNs
  );
}

interface Stats {
  ino: bigint;
  size: bigint;
  mtimeNs: bigint;
  isFile: () => boolean;
}

function lookOf(stats: Stats): Look {
  const { ino: inode, size: bytes, mtimeNs: changedNs } = stats;
  return { inode, bytes, changedNs, isRegular: stats.isFile() };
}

async function isStill(file: FileHandle, look: Look): Promise<boolean> {
  const now = lookOf(await file.stat({ bigint: true }));
  return now.isRegular && isSame(now, look);
}

function noFolder(path: string, cause: unknown): SignalboxError {
  return new SignalboxError('invalid_input', `${path} is not a folder, or is a link to one.`, {
    hint: 'Links in an inbox are not followed: put a real folder in its place.',
    cause,
  });
}
