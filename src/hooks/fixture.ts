/** For tests: a hub of this user, a repository, and the entry run as the clients run it. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openDoors, type Door } from '../doors/fixture.ts';
import type { Wanted } from './client.ts';

const ENTRY = join(import.meta.dirname, 'entry', 'main.ts');

export type Env = Record<string, string | undefined>;

export interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Run {
  /** What the client tells; `undefined` leaves stdin open. */
  told?: unknown;
  env?: Env;
  cwd?: string;
}

/** A home of its own, without a hub. */
export interface Place {
  root: string;
  env: Env;
  repo: string;
  git: (...args: string[]) => string;
  run: (args: readonly string[], run?: Run) => Promise<Ran>;
  wanted: (more?: Partial<Wanted>) => Wanted;
}

export async function openPlace(): Promise<Place> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'signalbox-hooks-')));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const repo = join(root, 'repo');
  await mkdir(repo);
  const env: Env = {
    PATH: process.env['PATH'],
    HOME: root,
    XDG_CONFIG_HOME: join(root, 'config'),
    XDG_STATE_HOME: join(root, 'state'),
    XDG_DATA_HOME: join(root, 'data'),
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
    SESSION_ID: 'here',
  };
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: repo, env, encoding: 'utf8', stdio: 'pipe' }).trim();
  git('init', '--quiet', '--initial-branch=main');
  return {
    root,
    env,
    repo,
    git,
    run: (args, { told = {}, env: more, cwd = repo } = {}) =>
      ran(args, { told, env: { ...env, ...more }, cwd }),
    wanted: (more) => ({
      env,
      home: root,
      cwd: repo,
      node: process.execPath,
      launcher: ['/opt/signalbox/cli/main.js'],
      scope: 'user',
      agent: undefined,
      ...more,
    }),
  };
}

/** stdin is what is told, as JSON where it is no text. `OPEN` never ends it. */
export const OPEN = Symbol('open');

async function ran(args: readonly string[], { told, env, cwd }: Required<Run>): Promise<Ran> {
  const child = spawn(process.execPath, [ENTRY, ...args], { cwd, env });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => {});
  if (told !== OPEN) child.stdin.end(typeof told === 'string' ? told : JSON.stringify(told));
  await once(child, 'close');
  child.stdin.destroy();
  return { code: child.exitCode, stdout, stderr };
}

export interface House extends Place {
  door: Door;
  /** The entry tells of an edit of these files. */
  edit: (files: readonly string[], run?: Run) => Promise<Ran>;
}

/** With the hub that this user runs. */
export async function openHouse(auth: 'token' | 'none' = 'token'): Promise<House> {
  const place = await openPlace();
  const door = await openDoors(auth);
  const dataDir = join(place.root, 'hub');
  await mkdir(dataDir);
  await mkdir(join(place.root, 'state', 'signalbox'), { recursive: true });
  if (auth === 'token') {
    const root = await door.hub.as('root', 'admin');
    const { secret } = await root.token.create({ agent: 'chief', role: 'admin' });
    await writeFile(join(dataDir, 'admin.token'), `${secret}\n`, { mode: 0o600 });
  }
  const state = { url: door.url, dataDir, pid: process.pid };
  await writeFile(join(place.root, 'state', 'signalbox', 'hub.json'), JSON.stringify(state));
  return {
    ...place,
    door,
    edit: (files, run) =>
      place.run(['claude', 'pre-tool-use'], {
        told: {
          cwd: run?.cwd ?? place.repo,
          hook_event_name: 'PreToolUse',
          tool_name: 'Edit',
          tool_input:
            files.length === 1
              ? { file_path: files[0] }
              : { edits: files.map((file_path) => ({ file_path })) },
        },
        ...run,
      }),
  };
}

export const SILENT: Ran = { code: 0, stdout: '', stderr: '' };
