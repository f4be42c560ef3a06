/**
 * `npm run bench -- tasks`: the durable life of tasks, beside the peers, in turn and in one run.
 *
 * Machines are noisy and disks more so: each round asks every contender in a random order, and what
 * counts is the median of the ratios, round by round, with the smallest and the largest beside it.
 *
 *   --rounds N (5)  --count N (5000 tasks to saturate)  --samples N (300 for the latency)
 *   --peers bullmq,graphile,pgboss  --finished N (done tasks in the store before the first round)
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { spread } from './figures.ts';
import { type Server, startDurablePostgres, startHub, startRedis } from './servers.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '5' },
    count: { type: 'string', default: '5000' },
    samples: { type: 'string', default: '300' },
    peers: { type: 'string', default: 'bullmq,graphile,pgboss' },
    finished: { type: 'string', default: '0' },
  },
});

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const OURS = 'signalbox';
const RUN_MS = 180_000;

const Result = z.object({
  tasksPerS: z.number().optional(),
  startP50Ms: z.number().optional(),
  startP99Ms: z.number().optional(),
});
type Result = z.infer<typeof Result>;

interface Contender {
  name: string;
  server: Server;
  script: string[];
}

async function ask({ server, script }: Contender, args: readonly string[]): Promise<Result> {
  const all = [...script, '--url', server.url, ...args];
  const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
  const child = spawn(process.execPath, all, { stdio, timeout: RUN_MS });
  const line = (await text(child.stdout)).trim().split('\n').at(-1) ?? '';
  return Result.parse(JSON.parse(line));
}

function installPeers(): void {
  if (existsSync(here('peers/node_modules/ioredis'))) return;
  console.error('getting the peers …');
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
  const { status } = spawnSync('npm', args, { cwd: here('peers'), stdio: 'inherit' });
  if (status !== 0) throw new Error('the peers could not be installed with npm');
}

async function contenders(wanted: readonly string[]): Promise<Contender[]> {
  if (wanted.length > 0) installPeers();
  const hub = await startHub();
  console.log(`hub answers after ${hub.startedMs.toFixed(0)} ms`);
  const found: Contender[] = [{ name: OURS, server: hub, script: [here('tasks/signalbox.ts')] }];
  const redis = wanted.includes('bullmq') ? await startRedis() : undefined;
  const needsPostgres = wanted.some((name) => name !== 'bullmq');
  const postgres = needsPostgres ? await startDurablePostgres() : undefined;
  for (const name of wanted) {
    const server = name === 'bullmq' ? redis : postgres;
    const script = [here('peers/drive.mjs'), name];
    if (server === undefined) console.log(`${name} is left out: its server is not on this machine`);
    else found.push({ name, server, script });
  }
  return found;
}

interface Row {
  name: string;
  results: Result[];
}

async function race(field: readonly Contender[]): Promise<Row[]> {
  const rows = new Map<string, Row>(field.map(({ name }) => [name, { name, results: [] }]));
  for (let round = 1; round <= Number(options.rounds); round++) {
    const order = field.toSorted(() => Math.random() - 0.5);
    for (const contender of order) {
      const sat = await ask(contender, ['--mode', 'sat', '--count', options.count]);
      const lat = await ask(contender, ['--mode', 'lat', '--count', options.samples]);
      rows.get(contender.name)?.results.push({ ...sat, ...lat });
      const rate = sat.tasksPerS?.toFixed(0) ?? '–';
      const start = lat.startP50Ms?.toFixed(2) ?? '–';
      console.log(`round ${round}  ${contender.name.padEnd(10)} ${rate} tasks/s  ${start} ms`);
    }
  }
  return [...rows.values()];
}

function report(rows: readonly Row[]): void {
  const ours = rows.find(({ name }) => name === OURS)?.results ?? [];
  console.log('\n                tasks/s               start p50 ms          start p99 ms');
  for (const { name, results } of rows) {
    const rate = spread(pick(results, 'tasksPerS'), 0).padEnd(22);
    const p50 = spread(pick(results, 'startP50Ms')).padEnd(22);
    console.log(`${name.padEnd(16)}${rate}${p50}${spread(pick(results, 'startP99Ms'))}`);
  }
  console.log('\nours / theirs, median of the rounds [smallest–largest]');
  for (const { name, results } of rows.filter((row) => row.name !== OURS)) {
    const rate = spread(ratios(ours, results, 'tasksPerS'));
    const start = spread(ratios(ours, results, 'startP50Ms'));
    console.log(`${name.padEnd(16)}tasks/s ${rate.padEnd(22)} start p50 ${start}`);
  }
}

type Figure = keyof Result;

function pick(results: readonly Result[], figure: Figure): number[] {
  return results.map((result) => result[figure] ?? Number.NaN);
}

function ratios(ours: readonly Result[], theirs: readonly Result[], figure: Figure): number[] {
  const other = pick(theirs, figure);
  return pick(ours, figure).map((value, round) => value / (other[round] ?? Number.NaN));
}

async function fill(ours: Contender, count: number): Promise<void> {
  console.log(`filling the store with ${count} finished tasks …`);
  await ask(ours, ['--mode', 'sat', '--count', String(count)]);
}

async function tasks(): Promise<void> {
  const field = await contenders(options.peers.split(',').filter((name) => name !== ''));
  const ours = field.find(({ name }) => name === OURS);
  try {
    if (ours !== undefined) {
      const idle = ours.server.residentBytes() / 2 ** 20;
      console.log(`the idle hub has ${idle.toFixed(0)} MiB resident`);
      if (Number(options.finished) > 0) await fill(ours, Number(options.finished));
    }
    const rows = await race(field);
    report(rows);
    const busy = (ours?.server.residentBytes() ?? 0) / 2 ** 20;
    console.log(`\nthe hub has ${busy.toFixed(0)} MiB resident after it`);
  } finally {
    await Promise.all(field.map(({ server }) => server.stop().catch(() => {})));
  }
}

if (positionals[0] === 'tasks') await tasks();
else {
  console.error('npm run bench -- tasks [--rounds 5] [--peers bullmq,graphile,pgboss]');
  process.exitCode = 64;
}
