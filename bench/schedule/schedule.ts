/**
 * What a hand-out costs with a long queue: agents of ten kinds, tasks of four lanes, most of which
 * need one of ten capabilities, and some of which mean to change paths that others mean to change
 * too. Each figure is the time of the whole command that decides, from the call to its answer on
 * disk. The tasks are submitted by a hundred, so that turns are taken. Afterwards no match may have
 * been missed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient, localTransport } from '../../src/client/index.ts';
import { type Input, Lane, type Role } from '../../src/contract/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { seededRandom, type Random, systemRandom } from '../../src/core/random.ts';
import { createHub, type Hub } from '../../src/hub/hub.ts';
import { openStore } from '../../src/store/open.ts';
import { percentile } from '../figures.ts';

export interface ScheduleOptions {
  /** Tasks that are queued. */
  count: number;
  agents: number;
  /** Hand-outs that are measured. */
  samples: number;
}

const CAPABILITIES = ['ts', 'go', 'py', 'sql', 'css', 'gpu', 'rust', 'java', 'docs', 'ops'];
const WITH_PATHS = 0.3;
const SUBMITTERS = 100;

export async function schedule(options: ScheduleOptions): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-schedule-'));
  const clock = systemClock();
  const random = systemRandom();
  const store = await openStore({ file: join(folder, 'hub.db'), clock, random });
  const rate = { perSecond: 1_000_000, burst: 1_000_000 };
  const hub = await createHub({ store, clock, random, rate, version: '0.0.0' });
  try {
    await measure(hub, options);
  } finally {
    await hub.close();
    await store.close();
    await rm(folder, { recursive: true });
  }
}

interface Worker {
  name: string;
  client: Client;
}

async function measure(hub: Hub, { count, agents, samples }: ScheduleOptions): Promise<void> {
  const chance = seededRandom(7);
  const as = (name: string, role: Role): Client =>
    createClient(localTransport(hub.connect(), hub.credentialOf(name, role)));
  const people = Array.from({ length: SUBMITTERS }, (_, n) => as(`submitter${n}`, 'operator'));
  const [first] = people;
  if (first === undefined) throw new Error('nobody submits');
  await fill(people, count, chance);
  const workers: Worker[] = [];
  const joined: number[] = [];
  for (let n = 0; n < agents; n++) {
    const worker = { name: `agent${n}`, client: as(`agent${n}`, 'agent') };
    const capabilities = [...new Set([CAPABILITIES[n % 10] ?? '', pick(CAPABILITIES, chance)])];
    joined.push(await timed(() => worker.client.agent.connect({ capabilities })));
    workers.push(worker);
  }
  const ended: number[] = [];
  for (let n = 0; n < samples; n++) {
    const worker = workers[n % workers.length];
    if (worker !== undefined) ended.push(...(await endOne(worker)));
  }
  const submitted: number[] = [];
  for (let n = 0; n < samples; n++) {
    submitted.push(await timed(() => first.task.submit(order(n, chance))));
  }
  const { missedMatches } = await first.hub.status();
  console.log(`${count} tasks queued, ${agents} agents, ${WITH_PATHS * 100} % with paths`);
  console.log(row('an agent comes', joined));
  console.log(row('a task ends, the next is handed out', ended));
  console.log(row('a task is submitted', submitted));
  console.log(`missed matches: ${missedMatches}`);
  if (missedMatches !== 0 || percentile(ended, 99) > 5) process.exitCode = 1;
}

async function fill(people: readonly Client[], count: number, chance: Random): Promise<void> {
  const size = Math.ceil(count / people.length);
  for (const [index, person] of people.entries()) {
    const tasks = Array.from({ length: size }, (_, n) => order(index * size + n, chance));
    await person.batch.submit({ tasks });
  }
}

function order(n: number, chance: Random): Input<'task.submit'> {
  const needs = chance.fraction() < 0.7 ? [pick(CAPABILITIES, chance)] : [];
  const task = { title: `task ${n}`, lane: pick(Lane.options, chance), needs };
  if (chance.fraction() >= WITH_PATHS) return task;
  const part = `src/part${Math.floor(chance.fraction() * 20)}`;
  const isWide = chance.fraction() < 0.05;
  const path = isWide ? `${part}/**` : `${part}/file${Math.floor(chance.fraction() * 50)}.ts`;
  return { ...task, repository: '/srv/app.git', paths: [path] };
}

/** Ends what the worker has in hand; the time that took, or nothing where its hand is empty. */
async function endOne({ name, client }: Worker): Promise<number[]> {
  const { items } = await client.task.list({ agent: name, state: 'offered', limit: 1 });
  const [task] = items;
  if (task === undefined) return [];
  const held = { taskId: task.id, fence: task.fence };
  await client.task.accept(held);
  const isBare = task.repository === null;
  return [
    await timed(() =>
      isBare
        ? client.task.complete(held)
        : client.task.fail({ ...held, reason: 'no', isRetryable: false }),
    ),
  ];
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now();
  await work();
  return performance.now() - startMs;
}

function pick<Item>(items: readonly Item[], chance: Random): Item {
  const item = items[Math.floor(chance.fraction() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}

function row(what: string, times: readonly number[]): string {
  const [p50, p99, most] = [50, 99, 100].map((at) => percentile(times, at).toFixed(2));
  return `${what.padEnd(38)} p50 ${p50} ms  p99 ${p99} ms  most ${most} ms  (${times.length})`;
}
