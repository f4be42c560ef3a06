/**
 * The wall clocks of machines jump an hour on and back again, under real processes, while all that
 * goes by time stands: work in hand, an offer, leases, deadlines, a schedule, a budget. The hub is
 * on SQLite, alone with its machine's clock.
 */
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeHome, type Home, type Running } from '../../src/cli/fixture.ts';
import { type Client, connect } from '../../src/client/index.ts';
import type { Event } from '../../src/contract/index.ts';
import { makePlace, type Place } from '../../src/git/fixture.ts';
import { startHub } from './hub-process.ts';

const CLOCK = join(import.meta.dirname, '../support/jumping-clock.ts');
const LOADED = `--import ${CLOCK}`;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SOON_MS = 30 * MINUTE_MS;
/** Several rounds of the hub's duties, each of which would end what had lapsed. */
const ROUNDS_MS = 2_000;
const WAIT = { timeout: 20_000, interval: 50 };
const AGENTS = ['ada', 'ben'];
/** It ends with the home in any case. */
const COMMAND = 'while [ -e "$WAIT" ]; do sleep 0.05; done; echo made > "$SIGNALBOX_TASK_ID.txt"';

let home: Home;
let place: Place;
let clients: Client[];

beforeEach(async () => {
  home = await makeHome();
  place = await makePlace();
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await home.close();
  await place.remove();
});

interface Scene {
  url: string;
  hub: Running;
  sidecars: Running[];
  admin: Client;
  /** One that asks over plain HTTP. */
  as: (name: string) => Promise<Client>;
}

async function open(): Promise<Scene> {
  const env = { NODE_OPTIONS: LOADED, WAIT: join(home.root, 'wait') };
  await writeFile(env.WAIT, '');
  const { url, hub, admin } = await startHub(home, { env });
  clients.push(admin);
  const sidecars = AGENTS.map((name) =>
    home.start(['agent', 'run', '--json', '--name', name, '--', 'sh', '-c', COMMAND], { env }),
  );
  for (const sidecar of sidecars) await sidecar.until('"connected"');
  const as = async (agent: string): Promise<Client> => {
    const { secret } = await admin.token.create({ agent, expiresInMs: SOON_MS });
    const client = connect({ url, token: secret, transport: 'http' });
    clients.push(client);
    return client;
  };
  return { url, hub, sidecars, admin, as };
}

async function jump(machine: Running, aheadMs: number): Promise<void> {
  machine.child.kill('SIGUSR2');
  await machine.until(`wall clock: ${aheadMs} ms ahead`);
}

/** The hub's time goes on as if nothing had been. */
async function rounds({ admin }: Scene): Promise<void> {
  const { nowMs: fromMs } = await admin.hub.status();
  const nowMs = await vi.waitUntil(async () => {
    const status = await admin.hub.status();
    return status.nowMs >= fromMs + ROUNDS_MS && status.nowMs;
  }, WAIT);
  expect(nowMs - fromMs).toBeLessThan(MINUTE_MS);
}

async function beats({ admin }: Scene): Promise<void> {
  const seen = async (): Promise<number[]> => {
    const { items } = await admin.agent.list();
    const own = items.filter(({ name }) => AGENTS.includes(name));
    expect(own.map(({ state }) => state)).toEqual(['working', 'working']);
    return own.map(({ lastSeenMs }) => lastSeenMs);
  };
  const before = await seen();
  const isNew = (atMs: number, index: number): boolean => atMs > (before[index] ?? 0);
  await vi.waitUntil(async () => (await seen()).every(isNew), WAIT);
}

async function log({ admin }: Scene): Promise<Event[]> {
  const { items, nextCursor, headCursor } = await admin.event.list({ limit: 1_000 });
  expect(nextCursor).toBe(headCursor);
  return items;
}

interface Standing {
  /** Holds while nothing has come to its end before its time. */
  check: () => Promise<void>;
  /** What was handed out before is taken now. */
  end: () => Promise<void>;
}

type Stand = (scene: Scene, dueMs: number) => Promise<Standing>;

/** In the hands of sidecars that are processes of their own; the verifier lands what they make. */
const inHand: Stand = async ({ admin }) => {
  const repository = await place.remote('app');
  const ids: string[] = [];
  for (const title of AGENTS) {
    ids.push((await admin.task.submit({ title, repository, timeoutMs: SOON_MS })).id);
  }
  const all = async (state: string): Promise<void> => {
    for (const id of ids) {
      const { task, attempts } = await admin.task.show({ id });
      expect(task).toMatchObject({ state, attempt: 1, failures: 0, conflicts: 0 });
      expect(attempts).toHaveLength(1);
    }
  };
  await vi.waitFor(() => all('running'), WAIT);
  return {
    check: () => all('running'),
    async end() {
      await rm(join(home.root, 'wait'));
      await vi.waitFor(() => all('done'), WAIT);
    },
  };
};

/** In the hand of an agent without a process that beats, with a lock and a message beside it. */
const held: Stand = async ({ admin, as }) => {
  const carol = await as('carol');
  const order = { title: 'pulled', needs: ['hands'], progressTimeoutMs: SOON_MS };
  const { id: taskId } = await admin.task.submit(order);
  const { assignment } = await carol.task.pull({ capabilities: ['hands'] });
  const fence = assignment?.task.fence ?? 0;
  await carol.task.start({ taskId, fence });
  const session = 'terminal-1';
  await carol.lock.acquire({ holder: { session }, items: [{ name: 'port:3000' }] });
  await admin.message.send({ to: { agent: 'carol' }, text: 'look', isSignal: true });
  const [letter] = (await carol.message.receive({})).items;
  return {
    async check() {
      expect((await admin.task.show({ id: taskId })).task).toMatchObject({
        state: 'running',
        fence,
      });
      const { items } = await admin.lock.list();
      expect(items).toMatchObject([{ state: 'granted', session }]);
      const { deliveries } = await admin.message.show({ id: letter?.message.id ?? '' });
      expect(deliveries).toMatchObject([{ state: 'leased', handOuts: 1 }]);
    },
    async end() {
      expect((await carol.task.complete({ taskId, fence })).state).toBe('done');
      expect(await carol.lock.renew({ session })).toMatchObject({ held: 1 });
      const id = letter?.message.id ?? '';
      const items = [{ id, receipt: letter?.receipt ?? '' }];
      expect(await carol.message.seen({ items })).toMatchObject({ count: 1 });
      expect(await carol.message.ack({ ids: [id] })).toMatchObject({ count: 1 });
    },
  };
};

/** Times that have not come: to begin, to be over, to run. */
const awaited: Stand = async ({ admin }, dueMs) => {
  const never = { needs: ['nothing'] };
  const later = await admin.task.submit({ title: 'later', notBeforeMs: dueMs });
  const due = await admin.task.submit({ title: 'due', deadlineMs: dueMs, ...never });
  const cron = `${new Date(dueMs).getUTCMinutes()} * * * *`;
  const { nextRunMs } = await admin.schedule.add({ name: 'soon', cron, task: { title: 'run' } });
  const check = async (): Promise<void> => {
    for (const { id } of [later, due]) {
      expect((await admin.task.show({ id })).task).toMatchObject({ state: 'queued', attempt: 0 });
    }
    const schedule = await admin.schedule.show({ schedule: 'soon' });
    expect(schedule).toMatchObject({ state: 'active', runs: 0, skipped: 0, missed: 0, nextRunMs });
  };
  return { check, end: check };
};

/** An agent that has spent what it may in the hour, and one that rests. */
const heldBack: Stand = async ({ admin, as }, dueMs) => {
  const erin = await as('erin');
  const { id: taskId } = await admin.task.submit({ title: 'dear', needs: ['money'] });
  const { assignment } = await erin.task.pull({ capabilities: ['money'] });
  await admin.budget.set({ scope: { agent: 'erin' }, window: 'hour', tokensMax: 10 });
  const use = { inputTokens: 20, outputTokens: 0 };
  await erin.task.complete({ taskId, fence: assignment?.task.fence ?? 0, use });
  const frank = await as('frank');
  await frank.task.pull({});
  await frank.agent.pause({ untilMs: dueMs, reason: 'at lunch' });
  const check = async (): Promise<void> => {
    const { items } = await admin.budget.list();
    const isOver = Date.now() >= (items[0]?.opensAtMs ?? 0);
    expect(items).toMatchObject([{ isSpent: !isOver }]);
    const agents = (await admin.agent.list()).items;
    expect(agents.find(({ name }) => name === 'frank')?.hold).toMatchObject({ untilMs: dueMs });
  };
  return { check, end: check };
};

/** It waits only for seconds, so it is made just before the jump. */
async function offer({ url, admin }: Scene): Promise<Standing> {
  const { secret } = await admin.token.create({ agent: 'dora' });
  const dora = connect({ url, token: secret });
  clients.push(dora);
  await dora.agent.connect({ capabilities: ['ears'] });
  const { id: taskId } = await admin.task.submit({ title: 'offered', needs: ['ears'] });
  const { task } = await admin.task.show({ id: taskId });
  const { fence } = task;
  return {
    async check() {
      expect((await admin.task.show({ id: taskId })).task).toMatchObject({
        state: 'offered',
        fence,
      });
    },
    async end() {
      await dora.task.start({ taskId, fence });
      expect((await dora.task.complete({ taskId, fence })).state).toBe('done');
    },
  };
}

test('clocks that jump an hour on and back again end nothing before its time', async () => {
  const fromMs = Date.now();
  const scene = await open();
  const { hub, sidecars, admin } = scene;
  const all: Standing[] = [];
  for (const stand of [inHand, held, awaited, heldBack]) {
    all.push(await stand(scene, fromMs + SOON_MS));
  }
  const check = async (): Promise<void> => {
    for (const standing of all) await standing.check();
  };
  const watcher = home.start(['chat', 'watch', 'general'], { env: { NODE_OPTIONS: LOADED } });
  await watcher.until('Watching #general');

  const offered = await offer(scene);
  await jump(hub, HOUR_MS);
  await rounds(scene);
  await check();
  await offered.check();
  await offered.end();
  for (const machine of [...sidecars, watcher]) await jump(machine, HOUR_MS);
  await beats(scene);
  await check();
  await admin.message.send({ to: { channel: 'general' }, text: 'still here' });
  await watcher.until('still here');

  await jump(hub, 0);
  await rounds(scene);
  for (const machine of [...sidecars, watcher]) await jump(machine, 0);
  await beats(scene);
  await check();
  for (const standing of all) await standing.end();
  await admin.message.send({ to: { channel: 'general' }, text: 'and now' });
  await watcher.until('and now');

  const events = await log(scene);
  const times = events.map(({ atMs }) => atMs);
  expect(times).toEqual(times.toSorted((one, other) => one - other));
  expect(times[0]).toBeGreaterThanOrEqual(fromMs - 1_000);
  expect(times.at(-1)).toBeLessThanOrEqual(Date.now() + 1_000);
  const left = events.filter(({ type }) => type === 'agent.offline');
  expect(left.filter(({ subject }) => AGENTS.includes(subject))).toEqual([]);
});
