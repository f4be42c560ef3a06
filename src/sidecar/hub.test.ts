/** Sidecars in processes of their own beside a real hub, over real sockets. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect, type Client } from '../client/index.ts';
import { systemClock } from '../core/clock.ts';
import { seededRandom, systemRandom } from '../core/random.ts';
import { serve, type Server } from '../doors/serve.ts';
import { makePlace, type Place } from '../git/fixture.ts';
import { createHub, type Hub } from '../hub/hub.ts';
import { openStore } from '../store/open.ts';
import { identify, isAlive } from '../process/identity.ts';

const WAIT = { timeout: 60_000, interval: 20 };
const clock = systemClock();
const random = systemRandom();

let place: Place;
let repository: string;
let hub: Hub;
let server: Server;
let admin: Client;
let children: ChildProcess[];
let defects: unknown[];

async function openHub(port: number): Promise<void> {
  const store = await openStore({ file: place.path('hub.db'), clock, random });
  const onDefect = (where: string, error: unknown): number => defects.push({ where, error });
  hub = await createHub({ store, clock, random, version: 'test', onDefect });
  server = await serve(hub, { host: '127.0.0.1', port, version: 'test', clock });
  hub.start();
}

async function closeHub(): Promise<void> {
  await server.close();
  await hub.close();
}

beforeEach(async () => {
  children = [];
  defects = [];
  place = await makePlace();
  repository = await place.remote('app');
  await openHub(0);
  const token = (await hub.ensureAdmin()) ?? '';
  admin = connect({ url: server.url, token });
});
afterEach(async () => {
  const living = children.filter((child) => !hasEnded(child));
  const exits = living.map((child) => once(child, 'exit'));
  for (const child of living) child.kill('SIGKILL');
  await Promise.all(exits);
  admin.close();
  await closeHub();
  await place.remove();
  expect(defects).toEqual([]);
});

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

async function agent(name: string, script: string): Promise<() => ChildProcess> {
  const { secret: token } = await admin.token.create({ agent: name });
  const options = {
    name,
    url: server.url,
    token,
    capabilities: [],
    command: ['sh', '-c', script],
    dataDir: place.path('data'),
    env: { ...place.env, OUT: place.path('out'), NAME: name },
  };
  const file = join(import.meta.dirname, 'process.fixture.ts');
  return () => {
    const child = fork(file, [JSON.stringify(options)], { env: place.env, execArgv: [] });
    children.push(child);
    return child;
  };
}

const submit = async (title: string, hasRepository = true): Promise<string> =>
  (await admin.task.submit({ title, ...(hasRepository ? { repository } : {}) })).id;

/** Every commit that a command ever made is on a branch of the repository. */
async function areCommitsThere(): Promise<number> {
  const commits = (await readFile(place.path('out'), 'utf8')).trim().split('\n');
  for (const commit of commits) {
    expect(await place.plain(repository, 'branch', '--contains', commit), commit).not.toBe('');
  }
  return commits.length;
}

async function isClean(): Promise<void> {
  await vi.waitFor(async () => {
    for (const folder of await readdir(place.path('data'))) {
      for (const name of ['attempts', 'outbox', 'work']) {
        const path = join(place.path('data'), folder, name);
        expect(await readdir(path).catch(() => []), path).toEqual([]);
      }
    }
  }, WAIT);
}

const script = `
  echo $SIGNALBOX_TASK_ID > $SIGNALBOX_TASK_ID.txt; git add -A; git commit -qm made
  git rev-parse HEAD >> $OUT; sleep 0.3; echo more >> $SIGNALBOX_TASK_ID.txt`;

test('a task goes through a sidecar to a change that waits for its verifier', async () => {
  const start = await agent('ada', script);
  start();
  const id = await submit('one');
  await vi.waitFor(
    async () => expect((await admin.task.show({ id })).task.state).toBe('verifying'),
    WAIT,
  );
  const { items } = await admin.change.list({ taskId: id });
  const head = await place.plain(repository, 'rev-parse', `signalbox/${id}/1`);
  expect(items).toMatchObject([{ author: 'ada', branch: `signalbox/${id}/1`, headCommit: head }]);
  await isClean();
});

test('killed at random, sidecars lose no commit, and each task is handed in once', async () => {
  const chance = seededRandom(Number(process.env['SIGNALBOX_SEED'] ?? 7));
  const starts = [await agent('ada', script), await agent('bob', script)];
  const ids: string[] = [];
  for (let count = 0; count < 8; count++) ids.push(await submit(`task ${count}`, count % 4 !== 3));
  const living = starts.map((start) => start());
  for (let kill = 0; kill < 10; kill++) {
    await clock.sleep(chance.fraction() * 1_500);
    const index = kill % living.length;
    living[index]?.kill('SIGKILL');
    living[index] = starts[index]?.() ?? expect.unreachable();
  }
  await vi.waitFor(async () => {
    const { items } = await admin.task.list({});
    for (const { state } of items) expect(state).toMatch(/^(verifying|done)$/);
  }, WAIT);
  for (const id of ids) {
    const { task, attempts } = await admin.task.show({ id });
    expect(task.failures).toBe(0);
    const ended = attempts.filter(({ outcome }) => outcome === 'handed_in' || outcome === 'done');
    expect(ended).toHaveLength(1);
    const { items } = await admin.change.list({ taskId: id });
    expect(items).toHaveLength(task.repository === null ? 0 : 1);
  }
  await isClean();
  expect(await areCommitsThere()).toBeGreaterThanOrEqual(6);
}, 120_000);

test('after a kill its command is ended, the work is pushed and the task given back', async () => {
  const begin = 'echo begun > begun.txt; setsid sleep 1000 & echo $! $$ > $OUT.pids';
  const start = await agent(
    'ada',
    `[ -e $OUT.pids ] && { touch x; exit; }; ${begin}; exec sleep 1000`,
  );
  const first = start();
  const id = await submit('one');
  const pids = await vi.waitFor(async () => {
    const found = (await readFile(place.path('out.pids'), 'utf8')).trim().split(' ').map(Number);
    return found.length === 2 ? found : Promise.reject(new Error('not yet'));
  }, WAIT);
  const exited = once(first, 'exit');
  first.kill('SIGKILL');
  await exited;
  const processes = pids.map((pid) => identify(pid) ?? expect.unreachable());
  expect(processes.map(isAlive)).toEqual([true, true]);
  start();
  await vi.waitFor(async () => {
    expect((await admin.task.show({ id })).attempts).toMatchObject([
      { outcome: 'released' },
      { outcome: 'handed_in' },
    ]);
  }, WAIT);
  expect(processes.map(isAlive)).toEqual([false, false]);
  expect(await place.plain(repository, 'show', `signalbox/${id}/1:begun.txt`)).toBe('begun');
});

test('while the hub is away the work goes on, and its report arrives when it is back', async () => {
  const start = await agent(
    'ada',
    `touch $OUT.begun; until [ -e $OUT.go ]; do sleep 0.05; done; ${script}`,
  );
  start();
  const id = await submit('one');
  await vi.waitFor(() => readFile(place.path('out.begun')), WAIT);
  const port = Number(new URL(server.url).port);
  await closeHub();
  await place.write(place.path('out.go'), '');
  await vi.waitFor(async () => {
    const [folder = ''] = await readdir(place.path('data'));
    expect(await readdir(join(place.path('data'), folder, 'outbox'))).toHaveLength(1);
  }, WAIT);
  await openHub(port);
  await vi.waitFor(
    async () => expect((await admin.task.show({ id })).task.state).toBe('verifying'),
    WAIT,
  );
  expect((await admin.task.show({ id })).attempts).toMatchObject([{ outcome: 'handed_in' }]);
  await isClean();
}, 60_000);

test('a cancelled task stops its command, and the agent takes the next one', async () => {
  const start = await agent(
    'ada',
    'touch $OUT.$SIGNALBOX_TASK_TITLE; [ $SIGNALBOX_TASK_TITLE = two ] || exec sleep 1000',
  );
  start();
  const one = await submit('one', false);
  await vi.waitFor(() => readFile(place.path('out.one')), WAIT);
  await admin.task.cancel({ id: one });
  const two = await submit('two', false);
  await vi.waitFor(
    async () => expect((await admin.task.show({ id: two })).task.state).toBe('done'),
    WAIT,
  );
  await isClean();
});
