/**
 * Our own note on a worktree, in the mirror: `signalbox/HASH_OF_ITS_FOLDER.json`.
 *
 * It is there exactly while the worktree is whole and not removed. What is read is checked again,
 * for it decides what is deleted.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GitError } from './git-error.ts';
import type { Store } from './history.ts';
import { checkBranch, checkCommit } from './names.ts';
import { parsedJson } from '../core/json.ts';

export interface WorktreeRecord {
  dir: string;
  branch: string;
  /** The commit it was cut from. */
  base: string;
  /** The name git has for it under `worktrees/`. */
  admin: string;
  /** Its removal has begun, and is gone on with by whoever finds this. */
  isLeaving: boolean;
}

export async function writeRecord(mirror: Store, record: WorktreeRecord): Promise<void> {
  await mkdir(recordFolder(mirror), { recursive: true });
  const path = recordPath(mirror, record.dir);
  await writeFile(`${path}.new`, JSON.stringify(record), { flush: true });
  await rename(`${path}.new`, path);
}

export async function readRecord(mirror: Store, dir: string): Promise<WorktreeRecord | null> {
  return read(recordPath(mirror, dir));
}

export async function removeRecord(mirror: Store, dir: string): Promise<void> {
  await rm(recordPath(mirror, dir), { force: true });
}

function recordFolder(mirror: Store): string {
  return join(mirror.dir, 'signalbox');
}

function recordPath(mirror: Store, dir: string): string {
  const hash = createHash('sha256').update(dir).digest('hex').slice(0, 24);
  return join(recordFolder(mirror), `${hash}.json`);
}

async function read(path: string): Promise<WorktreeRecord | null> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return null;
  const found = parsedJson(text);
  if (!isRecord(found)) throw damaged(path);
  checkBranch(found.branch);
  checkCommit(found.base);
  return found;
}

function isRecord(value: unknown): value is WorktreeRecord {
  if (typeof value !== 'object' || value === null) return false;
  if (!('dir' in value && 'branch' in value && 'base' in value)) return false;
  if (!('admin' in value && 'isLeaving' in value)) return false;
  const { dir, branch, base, admin, isLeaving } = value;
  const areTexts = [dir, branch, base].every((part) => typeof part === 'string');
  if (!areTexts || typeof isLeaving !== 'boolean') return false;
  return typeof admin === 'string' && /^[^/]+$/.test(admin) && !/^\.+$/.test(admin);
}

function damaged(path: string): GitError {
  return new GitError({
    kind: 'other',
    message: `The note on a worktree at ${path} is damaged.`,
    hint: 'Save what the worktree holds, then delete the note.',
  });
}
