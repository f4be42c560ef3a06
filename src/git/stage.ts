/**
 * A folder as a tree: every file that is tracked or untracked, none that is ignored.
 *
 * This is done on an index of our own, so that a leftover `index.lock` or a merge without an end
 * does not matter. A repository inside the folder, made by a command (`git clone`, `git init`),
 * would be added by git as a bare pointer and its files would be lost: its files are added as plain
 * files. A pointer that the base or `.gitmodules` knows is a submodule and stays one.
 */
import { copyFile, lstat, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { Git, RunOptions } from './run.ts';
import { openUp } from './remove-tree.ts';

const DEPTH_MAX = 20;

export interface Folder {
  git: Git;
  gitDir: string;
  workTree: string;
  /** The index file that is written; its name is free beside it with a suffix. */
  index: string;
  /** What the index is compared with, to tell a submodule from an accident. */
  base: string;
}

export interface Staged {
  tree: string;
  /** What git could not take, in its words; null mostly. */
  skipped: string | null;
}

/** Writes the tree. The index goes on from what is in it. */
export async function stageAll(folder: Folder, depth = 0): Promise<Staged> {
  const first = await add(folder);
  const complaints = /permission denied/i.test(first) ? await addOpened(folder) : first;
  const embedded = [...(await accidents(folder)), ...(await refused(folder))];
  const inner: string[] = [];
  for (const path of embedded) {
    const isDeep = depth >= DEPTH_MAX;
    const found = isDeep ? null : await stageEmbedded(folder, path, depth);
    const skipped = isDeep ? `${path}: too many repositories inside each other` : found?.skipped;
    if (typeof skipped === 'string') inner.push(skipped);
  }
  const own = withoutEmbedded(complaints, embedded);
  const tree = await folder.git.text(['write-tree'], at(folder));
  return { tree, skipped: [own, ...inner].filter(Boolean).join('\n').slice(0, 2_000) || null };
}

/** Copies the index that git keeps for a worktree: file times save reading all files again. */
export async function copyIndex(from: string, to: string): Promise<boolean> {
  const seen = await stat(from).catch(() => null);
  if (seen === null) return false;
  await copyFile(from, to);
  // git trusts an entry only if it is older than the index, so the copy must not look newer.
  await utimes(to, seen.atime, Math.floor(seen.mtimeMs) / 1_000);
  return true;
}

function at(folder: Folder): RunOptions {
  return { gitDir: folder.gitDir, workTree: folder.workTree, indexFile: folder.index };
}

/** Answers what git complained of; it goes on after a file that it cannot read. */
async function add(folder: Folder): Promise<string> {
  const args = ['add', '--all', '--ignore-errors'];
  const okCodes = [0, 1];
  const { stderr } = await folder.git.run(args, { ...at(folder), okCodes });
  const lines = stderr.split('\n').filter((line) => /^(error|fatal|warning): /.test(line));
  return lines.filter((line) => !/LF will be replaced|embedded git/.test(line)).join('\n');
}

async function addOpened(folder: Folder): Promise<string> {
  await openUp(folder.workTree);
  return add(folder);
}

/** Pointers in the index that neither the base nor `.gitmodules` knows. */
async function accidents(folder: Folder): Promise<string[]> {
  const args = ['diff-index', '--cached', '--raw', '-z', '--no-renames', '--abbrev=40'];
  const compare = [...args, '--ignore-submodules=none', folder.base, '--'];
  const { stdout } = await folder.git.run(compare, at(folder));
  const fields = stdout.toString('utf8').split('\0');
  const added: string[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [before, after] = (fields[index] ?? '').split(' ');
    const path = fields[index + 1];
    if (after === '160000' && before !== ':160000' && path !== undefined) added.push(path);
  }
  if (added.length === 0) return [];
  const known = await submodules(folder);
  return added.filter((path) => !known.has(path));
}

async function submodules(folder: Folder): Promise<Set<string>> {
  const args = ['config', '--blob', ':.gitmodules', '-z', '--get-regexp', String.raw`\.path$`];
  const okCodes = [0, 1, 128];
  const { stdout } = await folder.git.run(args, { ...at(folder), okCodes });
  const entries = stdout.toString('utf8').split('\0');
  return new Set(entries.map((entry) => entry.slice(entry.indexOf('\n') + 1)));
}

/** Repositories without a commit: git leaves them out, as `path/`. */
async function refused(folder: Folder): Promise<string[]> {
  const args = ['ls-files', '--others', '--exclude-standard', '-z'];
  const { stdout } = await folder.git.run(args, at(folder));
  const paths = stdout.toString('utf8').split('\0');
  return paths.filter((path) => path.endsWith('/')).map((path) => path.slice(0, -1));
}

function withoutEmbedded(complaints: string, embedded: readonly string[]): string {
  const isOfThem = (line: string): boolean =>
    embedded.some((path) => line.includes(`'${path}/'`) || line.includes(`'${path}'`)) ||
    line === 'fatal: adding files failed';
  const lines = complaints.split('\n');
  return lines.filter((line) => !isOfThem(line)).join('\n');
}

/** Puts the files of an inner repository into the index, under its path. */
async function stageEmbedded(folder: Folder, path: string, depth: number): Promise<Staged> {
  const { git } = folder;
  const remove = ['update-index', '--force-remove', '-z', '--stdin'];
  await git.run(remove, { ...at(folder), input: `${path}\0` });
  const workTree = join(folder.workTree, path);
  if ((await lstat(workTree).catch(() => null))?.isDirectory() !== true) {
    return { tree: '', skipped: null };
  }
  const base = await git.text(['mktree'], { ...at(folder), input: '' });
  const index = `${folder.index}.${depth}`;
  const inner: Folder = { ...folder, workTree, index, base };
  try {
    await git.run(['read-tree', '--empty'], at(inner));
    const { skipped } = await stageAll(inner, depth + 1);
    await dropIgnored(folder, inner, path);
    const tree = await git.text(['write-tree'], at(inner));
    if (tree !== base) await git.run(['read-tree', `--prefix=${path}/`, tree], at(folder));
    return { tree, skipped };
  } finally {
    await rm(index, { force: true });
  }
}

/** The outer `.gitignore` holds for the inner files too. */
async function dropIgnored(outer: Folder, inner: Folder, path: string): Promise<void> {
  const { git } = outer;
  const files = (await git.run(['ls-files', '-z'], at(inner))).stdout.toString('utf8').split('\0');
  const paths = files.filter(Boolean).map((file) => `${path}/${file}\0`);
  const check = ['check-ignore', '--no-index', '-z', '--stdin'];
  const asked = { ...at(outer), input: paths.join(''), okCodes: [0, 1] };
  const ignored = (await git.run(check, asked)).stdout.toString('utf8').split('\0');
  const names = ignored.filter(Boolean).map((file) => `${file.slice(path.length + 1)}\0`);
  if (names.length === 0) return;
  const remove = ['update-index', '--force-remove', '-z', '--stdin'];
  await git.run(remove, { ...at(inner), input: names.join('') });
}
