/**
 * One race: every contender in a random order in each round. Machines are noisy and disks more so,
 * so what counts is the median of the ratios, round by round, with the smallest and the largest
 * beside it.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { spread } from './figures.ts';
import { type Server, startHub } from './servers.ts';

export interface Figure {
  key: string;
  label: string;
  digits: number;
}

export interface Options {
  rounds: number;
  count: number;
  samples: number;
  peers: readonly string[];
  finished: number;
  deaf: number;
}

export interface Race {
  name: string;
  /** The script that drives ours; peers are driven by `peers/<name>.mjs PEER`. */
  ours: string;
  peers: Record<string, () => Promise<Server | undefined>>;
  count: number;
  samples: number;
  figures: readonly Figure[];
  /** What is asked of each contender in each round. */
  runs: (options: Options) => string[][];
  /** What is asked of ours before the first round. */
  warmUp?: (options: Options) => string[] | undefined;
}

const Result = z.record(z.string(), z.number());
type Result = z.infer<typeof Result>;

interface Contender {
  name: string;
  server: Server;
  script: string[];
}

interface Row {
  name: string;
  results: Result[];
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const OURS = 'signalbox';
const RUN_MS = 180_000;

export async function race(about: Race, options: Options): Promise<void> {
  const field = await contenders(about, options);
  const ours = field.find(({ name }) => name === OURS);
  try {
    console.log(`the idle hub has ${mebibytes(ours)} MiB resident`);
    const warmUp = about.warmUp?.(options);
    if (warmUp !== undefined && ours !== undefined) await ask(ours, warmUp);
    const rows = await rounds(about, field, options);
    report(about.figures, rows);
    console.log(`\nthe hub has ${mebibytes(ours)} MiB resident after it`);
  } finally {
    await Promise.all(field.map(({ server }) => server.stop().catch(() => {})));
  }
}

async function contenders(about: Race, { peers }: Options): Promise<Contender[]> {
  if (peers.length > 0) installPeers();
  const hub = await startHub();
  console.log(`hub answers after ${hub.startedMs.toFixed(0)} ms`);
  const found: Contender[] = [{ name: OURS, server: hub, script: [here(about.ours)] }];
  for (const name of peers) {
    const server = await about.peers[name]?.();
    const script = [here(`peers/${about.name}.mjs`), name];
    if (server === undefined) console.log(`${name} is left out: its server is not on this machine`);
    else found.push({ name, server, script });
  }
  return found;
}

function installPeers(): void {
  if (existsSync(here('peers/node_modules/amqplib'))) return;
  console.error('getting the peers …');
  const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-save'];
  const { status } = spawnSync('npm', args, { cwd: here('peers'), stdio: 'inherit' });
  if (status !== 0) throw new Error('the peers could not be installed with npm');
}

async function rounds(about: Race, field: readonly Contender[], options: Options): Promise<Row[]> {
  const rows = new Map<string, Row>(field.map(({ name }) => [name, { name, results: [] }]));
  for (let round = 1; round <= options.rounds; round++) {
    for (const contender of field.toSorted(() => Math.random() - 0.5)) {
      const result: Result = {};
      for (const args of about.runs(options)) Object.assign(result, await ask(contender, args));
      rows.get(contender.name)?.results.push(result);
      const shown = about.figures.map(
        ({ key, label, digits }) => `${result[key]?.toFixed(digits) ?? '–'} ${label}`,
      );
      console.log(`round ${round}  ${contender.name.padEnd(10)} ${shown.join('  ')}`);
    }
  }
  return [...rows.values()];
}

async function ask({ server, script }: Contender, args: readonly string[]): Promise<Result> {
  const all = [...script, '--url', server.url, ...args];
  const stdio: ['ignore', 'pipe', 'inherit'] = ['ignore', 'pipe', 'inherit'];
  const child = spawn(process.execPath, all, { stdio, timeout: RUN_MS });
  const line = (await text(child.stdout)).trim().split('\n').at(-1) ?? '';
  return Result.parse(JSON.parse(line));
}

function report(figures: readonly Figure[], rows: readonly Row[]): void {
  const wide = (words: string): string => words.padEnd(24);
  console.log(`\n${''.padEnd(16)}${figures.map(({ label }) => wide(label)).join('')}`);
  for (const { name, results } of rows) {
    const cells = figures.map(({ key, digits }) => wide(spread(pick(results, key), digits)));
    console.log(`${name.padEnd(16)}${cells.join('')}`);
  }
  console.log('\nours / theirs, median of the rounds [smallest–largest]');
  const ours = rows.find(({ name }) => name === OURS)?.results ?? [];
  for (const { name, results } of rows.filter((row) => row.name !== OURS)) {
    const cells = figures.map(({ key }) => wide(spread(ratios(ours, results, key))));
    console.log(`${name.padEnd(16)}${cells.join('')}`);
  }
}

function pick(results: readonly Result[], key: string): number[] {
  return results.map((result) => result[key] ?? Number.NaN);
}

function ratios(ours: readonly Result[], theirs: readonly Result[], key: string): number[] {
  const other = pick(theirs, key);
  return pick(ours, key).map((value, round) => value / (other[round] ?? Number.NaN));
}

function mebibytes(contender: Contender | undefined): string {
  return ((contender?.server.residentBytes() ?? 0) / 2 ** 20).toFixed(0);
}
