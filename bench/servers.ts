/** The servers of a benchmark, on loopback at free ports, ended with it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { startPostgres } from '../test/support/postgres.ts';

export interface Server {
  url: string;
  /** Bytes that the process has resident; 0 where it is not one process. */
  residentBytes: () => number;
  stop: () => Promise<void>;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

const Told = z.object({ url: z.string(), adminToken: z.string() });
const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** A hub as shipped, as its own process, on SQLite. The admin token is the address's fragment. */
export async function startHub(): Promise<Server & { startedMs: number }> {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const beganMs = performance.now();
  const args = [cli, 'start', '--port', '0', '--data', dir, '--json'];
  const env = { ...process.env, XDG_STATE_HOME: dir };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const told: unknown[] = await once(child.stdout, 'data');
  const { url, adminToken } = Told.parse(JSON.parse(String(told[0])));
  while (
    !(await fetch(`${url}/ready`).then(
      ({ ok }) => ok,
      () => false,
    ))
  )
    await sleep(5);
  return {
    url: `${url}#${adminToken}`,
    startedMs: performance.now() - beganMs,
    residentBytes: () => residentBytes(child),
    stop: () => end(child, dir),
  };
}

/** Undefined where there is none on this machine. */
export async function startRedis(): Promise<Server | undefined> {
  if (spawnSync('redis-server', ['--version']).status !== 0) return undefined;
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const port = await freePort();
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', dir, '--save', ''];
  const durable = ['--appendonly', 'yes', '--appendfsync', 'always'];
  const child = spawn('redis-server', [...args, ...durable], { stdio: 'ignore' });
  await sleep(500);
  return {
    url: `redis://127.0.0.1:${port}`,
    residentBytes: () => residentBytes(child),
    stop: () => end(child, dir),
  };
}

/** With fsync on; undefined where there is none. */
export async function startDurablePostgres(): Promise<Server | undefined> {
  const started = await startPostgres(undefined, true);
  if ('unavailable' in started) return undefined;
  return { url: started.url, residentBytes: () => 0, stop: () => started.stop() };
}

function residentBytes({ pid }: ChildProcess): number {
  const file = `/proc/${pid}/status`;
  if (!existsSync(file)) return 0;
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(file, 'utf8'))?.[1];
  return Number(kib ?? 0) * 1024;
}

async function end(child: ChildProcess, dir: string): Promise<void> {
  if (child.exitCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  rmSync(dir, { recursive: true, force: true });
}
