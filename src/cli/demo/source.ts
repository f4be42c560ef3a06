/**
 * The repository that the demo works on: a bare copy of its own, made from what is committed at the
 * HEAD of another one. That other one is only ever fetched from, so nothing in it changes.
 *
 * Where there is nothing to fetch (a tarball has no `.git`) a small sample is made.
 */
import { rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { POLICY_PATH } from '../../contract/index.ts';
import { GitError } from '../../git/git-error.ts';
import { identityEnv } from '../../git/identity.ts';
import { objectFormat, parseLocation, type RepositoryLocation } from '../../git/names.ts';
import { readingOptions } from '../../git/peer.ts';
import type { ProgressCall } from '../../git/progress.ts';
import type { Git } from '../../git/run.ts';
import { sampleStream } from './sample.ts';

/** The checkout that this file is a part of. */
const PROJECT = resolve(import.meta.dirname, '../../..');
const MAIN = 'main';
const FOLDER = 'signalbox-demo';
const REMOTE = /^([a-z][a-z0-9+.-]*:\/\/|[^/\s]+@[^/\s]+:)/i;

interface Repository {
  git: Git;
  /** Where it is to be made; must not exist. */
  dir: string;
}

export interface Wanted extends Repository {
  /** A path or URL; undefined: this very project. */
  repo: string | undefined;
  cwd: string;
  signal: AbortSignal;
  onProgress: ProgressCall;
}

export interface Copy {
  git: Git;
  dir: string;
  branch: string;
  /** The commit that the branch stood on at the beginning. */
  base: string;
  /** Where it comes from, in words that go on with `to`. */
  origin: string;
}

type Source =
  | { kind: 'repository'; location: RepositoryLocation; branch: string | undefined }
  | { kind: 'sample'; because: string };

export async function makeCopy(wanted: Wanted): Promise<Copy> {
  const source = await findSource(wanted);
  return source.kind === 'sample'
    ? makeSample(wanted, source.because)
    : fetchCopy(wanted, source.location, source.branch);
}

/** A folder that the repository does not have yet. */
export async function freeFolder({ git, dir, base }: Copy): Promise<string> {
  const text = await git.text(['ls-tree', '--name-only', '-z', base], { gitDir: dir });
  const taken = new Set(text.split('\0').map((name) => name.toLowerCase()));
  let name = FOLDER;
  for (let number = 2; taken.has(name); number++) name = `${FOLDER}-${number}`;
  return name;
}

/** The text of the policy on the branch, if there is one. */
export async function readPolicy({ git, dir, base }: Copy): Promise<string | null> {
  const args = ['cat-file', 'blob', `${base}:${POLICY_PATH}`];
  const { exitCode, stdout } = await git.run(args, { gitDir: dir, okCodes: [0, 128] });
  return exitCode === 0 ? stdout.toString('utf8') : null;
}

async function findSource({ repo, cwd }: Wanted): Promise<Source> {
  if (repo !== undefined && REMOTE.test(repo)) {
    return { kind: 'repository', location: parseLocation(repo), branch: undefined };
  }
  const path = repo === undefined ? PROJECT : resolve(cwd, repo);
  if (!(await isThere(path)) && !(await isThere(`${path}.git`))) throw nothingThere(path);
  if (await isPlainFolder(path)) {
    return { kind: 'sample', because: `${path} is no git repository` };
  }
  const branch = repo === undefined ? MAIN : undefined;
  return { kind: 'repository', location: parseLocation(path), branch };
}

async function isPlainFolder(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory() !== true || (await isThere(join(path, '.git')))) return false;
  const parts = ['HEAD', 'objects', 'refs'].map((part) => isThere(join(path, part)));
  return (await Promise.all(parts)).includes(false);
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null)) !== null;
}

async function fetchCopy(
  wanted: Wanted,
  location: RepositoryLocation,
  asked: string | undefined,
): Promise<Copy> {
  const { git, dir, signal, onProgress } = wanted;
  const head = await readHead(wanted, location);
  const branch = asked ?? head.branch ?? MAIN;
  await init(wanted, branch, objectFormat(head.commit));
  // Taken whole, also from a shallow clone, which is what most build machines have.
  const flags = ['--progress', '--no-tags', '--update-shallow', '--no-write-fetch-head'];
  const what = ['--', location.url, `HEAD:refs/heads/${branch}`];
  const args = ['fetch', ...flags, ...readingOptions(location), ...what];
  await git.run(args, { gitDir: dir, isRemote: true, signal, onProgress });
  const shallow = join(dir, 'shallow');
  if (await isThere(shallow)) {
    await cutHistory(git, dir, branch);
    await rm(shallow);
  }
  const origin = `copied ${location.shown} at ${head.commit.slice(0, 9)}`;
  return { git, dir, branch, base: await tipOf(git, dir, branch), origin };
}

async function readHead(
  { git, signal }: Wanted,
  location: RepositoryLocation,
): Promise<{ branch: string | undefined; commit: string }> {
  const flags = ['--symref', ...readingOptions(location)];
  const args = ['ls-remote', ...flags, '--', location.url, 'HEAD'];
  const text = await git.text(args, { isRemote: true, signal });
  const commit = /^([0-9a-f]{40,64})\tHEAD$/m.exec(text)?.[1];
  if (commit !== undefined) {
    return { branch: /^ref: refs\/heads\/(.+)\tHEAD$/m.exec(text)?.[1], commit };
  }
  throw new GitError({
    kind: 'empty',
    message: `The repository ${location.shown} has no commit at its HEAD.`,
    hint: 'Commit something first, or give another one with --repo.',
  });
}

async function init({ git, dir }: Repository, branch: string, format: string): Promise<void> {
  const flags = ['--quiet', '--bare', '--template=', `--object-format=${format}`];
  await git.run(['init', ...flags, `--initial-branch=${branch}`, '--', dir]);
}

/** One commit with the same files, whose history nobody can miss. */
async function cutHistory(git: Git, gitDir: string, branch: string): Promise<void> {
  const tip = await tipOf(git, gitDir, branch);
  const why = 'Its history is not here: it was copied from a shallow clone.';
  const input = `The files of ${tip.slice(0, 12)}\n\n${why}\n`;
  const env = await identityEnv(git, { gitDir });
  const args = ['commit-tree', `${tip}^{tree}`, '-F', '-'];
  const commit = await git.text(args, { gitDir, env, input });
  await git.run(['update-ref', `refs/heads/${branch}`, commit], { gitDir });
}

async function makeSample(wanted: Wanted, because: string): Promise<Copy> {
  const origin = `wrote a small sample, since ${because},`;
  return { ...(await writeSample(wanted)), origin };
}

/** A bare repository with a commit of a few files. */
export async function writeSample({ git, dir }: Repository): Promise<Omit<Copy, 'origin'>> {
  await init({ git, dir }, MAIN, 'sha1');
  const input = sampleStream({ branch: MAIN, atMs: git.clock.nowMs(), by: git.identity });
  await git.run(['fast-import', '--quiet'], { gitDir: dir, input });
  return { git, dir, branch: MAIN, base: await tipOf(git, dir, MAIN) };
}

function tipOf(git: Git, gitDir: string, branch: string): Promise<string> {
  return git.text(['rev-parse', '--verify', `refs/heads/${branch}^{commit}`], { gitDir });
}

function nothingThere(path: string): GitError {
  return new GitError({
    kind: 'not_found',
    message: `There is nothing at ${path}.`,
    hint: 'Give --repo the path or the URL of a git repository.',
  });
}
