/**
 * One machine with a hub, three sidecars and a bare repository, each a process or a folder as a
 * user would have it, in a home of its own.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import type { Random } from '../../src/core/random.ts';
import { makePlace } from '../../src/git/fixture.ts';
import { Kept, type Program } from './supervisor.ts';

const AGENTS = ['ada', 'ben', 'cleo'];
/** Enough files that most tasks at a time touch others, few enough that some touch the same. */
const FILES_EACH = 6;
export const FIRST_LINE = 'the first line';
/** An agent that is away for longer than 3 s loses its task. */
const AWAY = { leastMs: 100, mostMs: 500 };
const LONG_AWAY = { leastMs: 2_600, mostMs: 4_000 };
const LONG_CHANCE = 0.4;

/**
 * Two files are appended to, with a moment after each in which it may be killed. The body of the
 * task names the files and how long a moment is.
 */
const COMMAND = `set -e
set -- $SIGNALBOX_TASK_BODY
printf '%s\\n' "$SIGNALBOX_TASK_TITLE" >> "$1"; sleep "$3"
printf '%s\\n' "$SIGNALBOX_TASK_TITLE" >> "$2"; sleep "$3"`;

export interface Sidecar {
  kept: Kept;
  /** The command that runs now. */
  commandPid: () => number | undefined;
  isConnected: () => boolean;
}

export interface Station {
  url: string;
  /** The bare repository. */
  repository: string;
  hub: Kept;
  sidecars: Sidecar[];
  /** Once the hub is there, which a new agent gets its token from. */
  startSidecars: () => void;
  git: (...args: string[]) => Promise<string>;
  adminToken: () => string;
  tokenOf: (agent: string) => string;
  /** Throws where a program has given up: there is nothing more to wait for. */
  check: () => void;
  /** Processes that were started here, by anybody, and still live. */
  processes: () => string[];
  stop: () => Promise<void>;
  remove: () => Promise<void>;
}

export function filesOf(chance: Random): [string, string] {
  const number = (): number => Math.floor(chance.fraction() * FILES_EACH);
  return [`a-${number()}.txt`, `b-${number()}.txt`];
}

export async function openStation(chance: Random, say: (text: string) => void): Promise<Station> {
  const place = await makePlace();
  const repository = await place.remote('project', firstFiles());
  // A bare repository keeps no record of where its branches stood unless it is told to.
  await place.plain(repository, 'config', 'core.logAllRefUpdates', 'true');
  const port = await freePort(chance);
  const common = { env: place.env, say };
  const data = place.path('hub');
  const tokens = place.path('home/.local/share/signalbox/tokens');
  const args = ['start', '--json', '--port', String(port), '--data', data];
  const hub = new Kept({
    ...common,
    name: 'hub',
    args,
    awayMs: () => AWAY.mostMs * chance.fraction(),
  });
  const sidecars: Sidecar[] = [];
  return {
    url: `http://127.0.0.1:${port}`,
    repository,
    hub,
    sidecars,
    startSidecars() {
      const program = { ...common, awayMs: () => awayMs(chance) };
      for (const name of AGENTS) sidecars.push(sidecar({ ...program, name }, place.dir));
    },
    git: (...words) => place.plain(repository, ...words),
    adminToken: () => readText(join(data, 'admin.token')).trim(),
    tokenOf: (agent) => readText(join(tokens, `agent-${agent}@127.0.0.1_${port}.token`)).trim(),
    check() {
      const faults = [hub, ...sidecars.map(({ kept }) => kept)].flatMap((kept) => kept.faults);
      if (faults.length > 0) throw new Error(faults.join('; '));
    },
    processes: () => processesOf(place.dir),
    async stop() {
      await Promise.all(sidecars.map(({ kept }) => kept.stop()));
      await hub.stop();
    },
    remove: () => place.remove(),
  };
}

const Line = z.object({ kind: z.string(), pid: z.int().optional() });

function sidecar(program: Omit<Program, 'args'>, folder: string): Sidecar {
  let pid: number | undefined;
  let isConnected = false;
  const args = ['agent', 'run', '--json', '--name', program.name, '--', 'sh', '-c', COMMAND];
  const kept = new Kept({
    ...program,
    args,
    onLine(text) {
      const line = parseLine(text);
      if (line?.kind === 'connected') isConnected = true;
      if (line?.kind === 'running') pid = line.pid;
      if (line?.kind === 'ended') pid = undefined;
    },
  });
  return {
    kept,
    isConnected: () => isConnected,
    // Its number may be somebody else's by now.
    commandPid: () => (pid !== undefined && isOf(folder, pid) ? pid : undefined),
  };
}

function parseLine(text: string): z.infer<typeof Line> | undefined {
  if (!text.startsWith('{')) return undefined;
  return Line.safeParse(JSON.parse(text)).data;
}

function awayMs(chance: Random): number {
  const { leastMs, mostMs } = chance.fraction() < LONG_CHANCE ? LONG_AWAY : AWAY;
  return leastMs + (mostMs - leastMs) * chance.fraction();
}

/**
 * Below the ports that the system gives to outgoing connections, one of which might take it while
 * the hub is away.
 */
async function freePort(chance: Random): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(chance.fraction() * 12_000);
    const server = createServer();
    const isFree = new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!(await isFree)) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Told by what they were started with, or by where they work. */
export function processesOf(folder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isOf(folder, Number(name)))
    .map((pid) => `${pid} ${readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')}`);
}

function isOf(folder: string, pid: number): boolean {
  const isZombie = /\) [ZX] /.test(readText(`/proc/${pid}/stat`));
  if (isZombie || pid === process.pid) return false;
  const words = ['environ', 'cmdline'].map((name) => readText(`/proc/${pid}/${name}`));
  return [...words, readLink(`/proc/${pid}/cwd`)].some((text) => text.includes(folder));
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function firstFiles(): Record<string, string> {
  const numbers = Array.from({ length: FILES_EACH }, (_, index) => index);
  const names = numbers.flatMap((number) => [`a-${number}.txt`, `b-${number}.txt`]);
  return Object.fromEntries(names.map((name) => [name, `${FIRST_LINE}\n`]));
}
