/** For tests: real repositories in a temporary folder, with a home of their own. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import type { Env } from './environment.ts';
import type { Mirror } from './mirror.ts';
import { openMirror } from './mirror.ts';
import type { Git } from './run.ts';
import { createGit } from './run.ts';

export interface Place {
  dir: string;
  env: Record<string, string>;
  git: Git;
  path: (...parts: string[]) => string;
  /** The user's own git, in a folder; answers stdout. */
  plain: (cwd: string, ...args: string[]) => Promise<string>;
  write: (path: string, text: string | Uint8Array) => Promise<void>;
  /** A bare repository `NAME.git` with the branch main and one commit of these files. */
  remote: (name: string, files?: Readonly<Record<string, string>>) => Promise<string>;
  mirror: (url: string, name?: string) => Promise<Mirror>;
  remove: () => Promise<void>;
}

export async function makePlace(more: Env = {}): Promise<Place> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'signalbox-git-')));
  const path = (...parts: string[]): string => join(dir, ...parts);
  await mkdir(path('home'));
  const env = { PATH: process.env['PATH'] ?? '', HOME: path('home'), GIT_CONFIG_NOSYSTEM: '1' };
  const git = createGit({ env: { ...env, ...more } });
  const who = { NAME: 'Grace', EMAIL: 'grace@example.org' };
  const user = Object.fromEntries(
    ['AUTHOR', 'COMMITTER'].flatMap((role) =>
      Object.entries(who).map(([part, value]) => [`GIT_${role}_${part}`, value]),
    ),
  );
  const place: Place = {
    dir,
    env,
    git,
    path,
    async plain(cwd, ...args) {
      const options = { cwd, env: { ...env, ...user }, extendEnv: false };
      return (await execa('git', ['-c', 'safe.directory=*', ...args], options)).stdout;
    },
    async write(file, text) {
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    },
    async remote(name, files = { 'README.md': 'one\n' }) {
      const bare = path(`${name}.git`);
      await place.plain(dir, 'init', '--quiet', '--bare', '--initial-branch=main', bare);
      const input = firstCommit(files);
      await git.run(['fast-import', '--quiet'], { gitDir: bare, input });
      return bare;
    },
    mirror: (url, name = 'mirror') => openMirror({ git, url, dir: path(name) }),
    remove: () => rm(dir, { recursive: true, force: true, maxRetries: 3 }),
  };
  return place;
}

/** Root may read and delete everything: what rights do is seen as somebody else. */
export async function asOrdinaryUser<T>(dir: string, call: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return call();
  await execa('chown', ['-R', '65534:65534', dir]);
  process.seteuid?.(65_534);
  try {
    return await call();
  } finally {
    process.seteuid?.(0);
  }
}

/** As `git fast-import` takes it, which is quicker than a clone and a push. */
function firstCommit(files: Readonly<Record<string, string>>): string {
  const data = (text: string): string => `data ${Buffer.byteLength(text)}\n${text}\n`;
  const entries = Object.entries(files).map(
    ([file, text]) => `M 100644 inline ${quoted(file)}\n${data(text)}`,
  );
  const who = 'committer Grace <grace@example.org> 1700000000 +0000\n';
  return `commit refs/heads/main\n${who}${data('first')}${entries.join('')}`;
}

function quoted(file: string): string {
  return `"${file.replace(/[\\"]/g, String.raw`\$&`).replaceAll('\n', String.raw`\n`)}"`;
}

/**
 * So many loose objects that git finds it time to pack: it judges by those whose id starts with 17.
 */
export async function scatter({ git }: Pick<Place, 'git'>, gitDir: string): Promise<void> {
  const texts = Array.from({ length: 9_000 }, (_, index) => String(10_000_000 + index));
  const files = texts
    .filter((text) => createHash('sha1').update(`blob 8\0${text}`).digest('hex').startsWith('17'))
    .map((text) => `M 100644 inline ${text}\ndata 8\n${text}\n`);
  const input = `commit refs/heads/many\ncommitter A <a@b> 1 +0000\ndata 1\nm\n${files.join('')}`;
  const unpacked = ['-c', 'fastimport.unpackLimit=100000', '-c', 'core.fsync=none'];
  await git.run([...unpacked, 'fast-import', '--quiet'], { gitDir, input });
}

/** How many objects of a repository are not packed. */
export async function looseCount({ plain }: Pick<Place, 'plain'>, dir: string): Promise<number> {
  return Number((await plain(dir, 'count-objects')).split(' ')[0]);
}

/** A commit on a branch of a remote, made by somebody else; answers its id. */
export async function commitElsewhere(
  place: Omit<Place, 'mirror'>,
  remote: string,
  change: { files: Readonly<Record<string, string>>; branch?: string; from?: string },
): Promise<string> {
  const { files, branch = 'main', from = 'main' } = change;
  const work = place.path('elsewhere');
  await place.plain(place.dir, 'clone', '--quiet', `--branch=${from}`, remote, work);
  for (const [file, text] of Object.entries(files)) await place.write(join(work, file), text);
  await place.plain(work, 'add', '--all');
  await place.plain(work, 'commit', '--quiet', `--message=change ${Object.keys(files).join(' ')}`);
  await place.plain(work, 'push', '--quiet', 'origin', `HEAD:refs/heads/${branch}`);
  const commit = await place.plain(work, 'rev-parse', 'HEAD');
  await rm(work, { recursive: true });
  return commit;
}
