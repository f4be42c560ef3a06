/**
 * `kill -9` of the sidecar at any point. A task goes through a sidecar that kills itself at its
 * n-th contact with the world; another one goes on after it. Then every commit that a command ever
 * made is in the repository, the task was completed once, and nothing is left on the machine.
 *
 * By default a sample of the points is tried; SIGNALBOX_KILL_POINTS=all tries every one.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { SignalboxError, type Task } from '../contract/index.ts';
import { dataFolder, newTask } from './fixture.ts';
import { makePlace, type Place } from '../git/fixture.ts';

const script = `
  echo $SIGNALBOX_ATTEMPT > made.txt; git add -A; git commit -qm made
  git rev-parse HEAD >> $OUT; echo more > more.txt`;

const WAIT = { timeout: 60_000, interval: 10 };

let place: Place;
let children: ChildProcess[];
beforeEach(async () => {
  place = await makePlace();
  children = [];
});
afterEach(async () => {
  for (const child of children) child.kill('SIGKILL');
  await place.remove();
});

/** A hub with one agent and one task, which keeps the rules of the contract. */
class Hub {
  task: Task;
  /** Reports that counted. */
  readonly reports: string[] = [];
  readonly #answers = new Map<string, unknown>();
  tell: (offered: Task) => void = () => {};

  constructor(task: Task) {
    this.task = { ...task, state: 'queued', attempt: 0 };
  }

  answer(operation: string, input: Record<string, unknown>, key: string): unknown {
    const known = this.#answers.get(`${operation} ${key}`);
    if (known !== undefined) return known;
    const answer = this.#answer(operation, input);
    if (key !== '') this.#answers.set(`${operation} ${key}`, answer);
    return answer;
  }

  #answer(operation: string, input: Record<string, unknown>): unknown {
    if (operation === 'agent.connect')
      return this.#connect(z.array(z.string()).parse(input['holding']));
    if (operation === 'hub.whoami') return { name: 'ada' };
    if (operation.startsWith('agent.')) return {};
    if (operation === 'task.show') return { task: this.task, attempts: [] };
    if (input['fence'] !== this.task.fence || this.task.state === 'queued') {
      throw new SignalboxError('stale_fence', 'not held');
    }
    if (operation === 'task.accept') this.task.state = 'accepted';
    if (operation === 'task.start') this.task.state = 'running';
    if (operation === 'task.complete') this.task.state = 'done';
    if (operation === 'task.fail') throw new Error(`failed: ${JSON.stringify(input)}`);
    if (/complete|decline/.test(operation)) this.reports.push(`${operation} ${this.task.fence}`);
    if (operation === 'task.decline') this.#offer();
    if (operation === 'task.accept') return { task: { ...this.task }, lastFailure: null };
    return { id: this.task.id, state: this.task.state, fence: this.task.fence };
  }

  #connect(holding: string[]): unknown {
    const { id, state } = this.task;
    const isInHand = state === 'accepted' || state === 'running';
    if (state === 'queued' || (isInHand && !holding.includes(id))) this.#offer();
    const taskId = this.task.state === 'done' ? null : id;
    return { sessionId: `ses_${'0'.repeat(21)}`, beatMs: 60_000, cursor: 0, taskId };
  }

  #offer(): void {
    const { attempt, fence } = this.task;
    this.task = { ...this.task, state: 'offered', attempt: attempt + 1, fence: fence + 1 };
    this.tell(this.task);
  }
}

const Word = z.object({
  id: z.int().optional(),
  operation: z.string().default(''),
  input: z.record(z.string(), z.unknown()).default({}),
  key: z.string().default(''),
  pointsLeft: z.int().optional(),
});

interface Run {
  child: ChildProcess;
  exited: Promise<unknown>;
  pointsLeft: number | undefined;
}

function start(hub: Hub, url: string, point: number): Run {
  const env = { ...place.env, OUT: place.path('out') };
  const options = {
    name: 'ada',
    url: 'http://127.0.0.1:8080',
    capabilities: [],
    command: ['sh', '-c', script],
    dataDir: place.path('data'),
    repository: url,
    env,
  };
  const file = join(import.meta.dirname, 'killed.fixture.ts');
  const child = fork(file, [JSON.stringify({ point, options })], { env, execArgv: [] });
  children.push(child);
  hub.tell = ({ id, attempt, fence }) => {
    const event = { seq: fence, type: 'task.offered', subject: id, data: { attempt, fence } };
    if (child.connected) child.send({ event }, () => {});
  };
  const run: Run = { child, exited: once(child, 'exit'), pointsLeft: undefined };
  child.on('message', (message) => {
    const { id, operation, input, key, pointsLeft } = Word.parse(message);
    if (pointsLeft !== undefined) run.pointsLeft = pointsLeft;
    if (id !== undefined) child.send(answerTo(hub, { id, operation, input, key }), () => {});
  });
  return run;
}

function answerTo(hub: Hub, word: z.infer<typeof Word>): object {
  const { id, operation, input, key } = word;
  try {
    return { id, output: hub.answer(operation, input, key) };
  } catch (error) {
    if (error instanceof SignalboxError) return { id, error: error.toBody() };
    throw error;
  }
}

async function processesBelow(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const places = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return places.filter((path) => path.startsWith(folder));
}

/** Answers how many points the killed run had not reached, or undefined where it was killed. */
async function tryPoint(point: number): Promise<number | undefined> {
  const url = await place.remote(`app-${point}`);
  const repository = { id: `rep_${'0'.repeat(21)}`, url, baseBranch: null };
  const hub = new Hub(newTask({ repository }));
  const first = start(hub, url, point);
  let last = first;
  await vi.waitFor(async () => {
    if (last === first && first.child.signalCode !== null) last = start(hub, url, -1);
    expect(hub.task.state).toBe('done');
    for (const name of ['attempts', 'outbox', 'work']) {
      expect(await readdir(join(dataFolder(place), name))).toEqual([]);
    }
  }, WAIT);
  if (last.child.connected) last.child.send({ drain: true }, () => {});
  await last.exited;

  const out = place.path('out');
  const commits = existsSync(out) ? (await readFile(out, 'utf8')).trim().split('\n') : [];
  expect(commits.length).toBeGreaterThan(0);
  for (const commit of commits) {
    expect(await place.plain(url, 'branch', '--contains', commit)).not.toBe('');
  }
  const fences = hub.reports.map((report) => report.split(' ')[1]);
  expect(new Set(fences).size, hub.reports.join()).toBe(fences.length);
  expect(await processesBelow(dataFolder(place))).toEqual([]);
  return first.pointsLeft;
}

const isAll = process.env['SIGNALBOX_KILL_POINTS'] === 'all';
const FAR = 1_000_000;

test('a sidecar that is killed at any point loses no commit and no report', async () => {
  const left = await tryPoint(FAR);
  expect(left).toBeDefined();
  const count = FAR - (left ?? 0);
  expect(count).toBeGreaterThan(100);
  const step = isAll ? 1 : Math.ceil(count / 8);
  for (let point = 1 + (count % step); point <= count; point += step) {
    await place.remove();
    place = await makePlace();
    await tryPoint(point).catch((error: unknown) => {
      throw new Error(`killed at point ${point} of ${count}`, { cause: error });
    });
  }
}, 600_000);
