/** The servers of a benchmark, on loopback at free ports, ended with it. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { startPostgres } from '../test/support/postgres.ts';
import { freePort } from '../test/support/free-port.ts';

export interface Server {
  url: string;
  /** Bytes that the process has resident; 0 where it is not one process. */
  residentBytes: () => number;
  stop: () => Promise<void>;
}

export interface Hub extends Server {
  startedMs: number;
  /** Processor time that the process has used; 0 where the system does not tell. */
  processorMs: () => number;
}

const Told = z.object({ url: z.string(), adminToken: z.string() });
const cli = fileURLToPath(new URL('../dist/cli/main.js', import.meta.url));

/** A hub as shipped, as its own process, on SQLite. The admin token is the address's fragment. */
export async function startHub(): Promise<Hub> {
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
    processorMs: () => processorMs(child),
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

/** One node with its plain settings; undefined where there is none. It needs some 15 s. */
export async function startRabbit(): Promise<Server | undefined> {
  const program = '/usr/lib/rabbitmq/bin/rabbitmq-server';
  if (!existsSync(program)) return undefined;
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const [port, distPort, epmdPort] = [await freePort(), await freePort(), await freePort()];
  writeFileSync(
    join(dir, 'rabbitmq.conf'),
    `listeners.tcp.1 = 127.0.0.1:${port}\nloopback_users = none\n`,
  );
  const env = {
    ...process.env,
    HOME: dir,
    RABBITMQ_MNESIA_BASE: join(dir, 'data'),
    RABBITMQ_LOG_BASE: join(dir, 'log'),
    RABBITMQ_CONFIG_FILE: join(dir, 'rabbitmq'),
    RABBITMQ_NODENAME: `bench${port}@localhost`,
    RABBITMQ_DIST_PORT: String(distPort),
    ERL_EPMD_PORT: String(epmdPort),
    ERL_EPMD_ADDRESS: '127.0.0.1',
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
  };
  const child = spawn(program, [], { env, stdio: 'ignore', detached: true });
  await accepts(port, 60_000);
  return {
    url: `amqp://guest:guest@127.0.0.1:${port}`,
    residentBytes: () => 0,
    async stop() {
      await end(child, dir, () => process.kill(-(child.pid ?? 0), 'SIGTERM'));
      spawnSync('epmd', ['-kill'], { env, stdio: 'ignore' });
    },
  };
}

/** With JetStream on file; undefined where there is none. */
export async function startNats(): Promise<Server | undefined> {
  if (spawnSync('nats-server', ['--version']).status !== 0) return undefined;
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-bench-'));
  const port = await freePort();
  const args = ['-a', '127.0.0.1', '-p', `${port}`, '-js', '-sd', dir];
  const child = spawn('nats-server', args, { stdio: 'ignore' });
  await accepts(port, 10_000);
  return {
    url: `nats://127.0.0.1:${port}`,
    residentBytes: () => residentBytes(child),
    stop: () => end(child, dir),
  };
}

async function accepts(port: number, withinMs: number): Promise<void> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    if (performance.now() > untilMs) throw new Error(`nothing listens at port ${port}`);
    await sleep(100);
  }
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

/** Linux counts in ticks, of which a second has a hundred wherever Node runs. */
function processorMs({ pid }: ChildProcess): number {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return 0;
  const fields = readFileSync(file, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function end(
  child: ChildProcess,
  dir: string,
  stop = (): void => void child.kill('SIGTERM'),
): Promise<void> {
  if (child.exitCode === null) {
    stop();
    await once(child, 'exit');
  }
  rmSync(dir, { recursive: true, force: true });
}
