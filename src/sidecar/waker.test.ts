/** An agent that runs elsewhere: only the hub is scripted; URLs and commands are real. */
import { createServer, type IncomingMessage } from 'node:http';
import { chmod, readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { manualClock } from '../core/clock.ts';
import { makeBench, newTask, type Bench } from './fixture.ts';
import type { SidecarEvent } from './progress.ts';
import { runWaker } from './run-waker.ts';
import type { Trigger } from './wake.ts';

let bench: Bench;
let stop: AbortController;
let drain: AbortController;
let ended: Promise<void>;
beforeEach(async () => {
  bench = await makeBench();
  stop = new AbortController();
  drain = new AbortController();
  ended = Promise.resolve();
});
afterEach(async () => {
  stop.abort();
  await ended.catch(() => {});
  await bench.close();
});

interface Woken {
  request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>;
  body: Record<string, unknown>;
}

/** A server on loopback that answers so; answers what it was asked. */
async function serve(status = 200): Promise<{ url: string; woken: Woken[] }> {
  const woken: Woken[] = [];
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      woken.push({ request, body: JSON.parse(body) });
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}/hooks/wake`, woken };
}

const DAY_MS = 24 * 60 * 60_000;
const clock = manualClock();

/** Waits for something while time passes. */
async function passing<Value>(call: () => Value): Promise<Value> {
  return vi.waitFor(
    () => {
      clock.advance(5_000);
      return call();
    },
    { timeout: 10_000, interval: 5 },
  );
}

function start(trigger: Trigger, isTrial = false): SidecarEvent[] {
  const { hub, place } = bench;
  const options = { name: 'ada', url: 'http://127.0.0.1:8080', token: 'sbx_secret' };
  hub.answers.set('task.list', () => ({ items: [...hub.tasks.values()], nextCursor: null }));
  const events: SidecarEvent[] = [];
  ended = runWaker(
    { ...options, capabilities: ['ts'], dataDir: place.path('data'), trigger, isTrial },
    {
      say: (event) => void events.push(event),
      drain: drain.signal,
      stop: stop.signal,
      transport: () => hub.transport(),
      clock,
    },
  );
  ended.catch(() => {});
  return events;
}

const heard = (events: SidecarEvent[], kind: SidecarEvent['kind']): void =>
  expect(events.map((event) => event.kind)).toContain(kind);

/** The hub takes what is offered as accepted. */
function offer(fields = {}): ReturnType<typeof newTask> {
  const task = newTask({ timeoutMs: DAY_MS, ...fields });
  bench.hub.answers.set('task.accept', () => {
    bench.hub.tasks.set(task.id, { ...task, state: 'accepted' });
    return { task: { ...task, state: 'accepted' }, lastFailure: null };
  });
  bench.hub.offer(task);
  return task;
}

function become(task: ReturnType<typeof newTask>, state: 'running' | 'done'): void {
  bench.hub.tasks.set(task.id, { ...task, state });
  bench.hub.event('task.progressed', task);
}

test('a trial beats once and ends, takes no offers, and wakes nobody', async () => {
  const { url, woken } = await serve();
  const events = start({ kind: 'url', url, form: 'signalbox' }, true);
  const isOver = ended.then(() => true);
  await passing(() => heard(events, 'stopped'));
  expect(await isOver).toBe(true);
  expect(bench.hub.inputsOf('agent.connect')).toEqual([
    expect.objectContaining({ takesOffers: false }),
  ]);
  expect(bench.hub.inputsOf('agent.heartbeat')).not.toEqual([]);
  expect(woken).toEqual([]);
});

test('an offer is taken, the agent woken once, and left in peace when it works', async () => {
  const { url, woken } = await serve();
  const events = start({ kind: 'url', url, form: 'signalbox', token: 'let-me-in' });
  await passing(() => heard(events, 'connected'));
  const task = offer({ title: 'Say "hello"' });
  await passing(() => expect(woken).toHaveLength(1));
  expect(woken[0]?.request).toMatchObject({
    method: 'POST',
    url: '/hooks/wake',
    headers: { 'content-type': 'application/json', authorization: 'Bearer let-me-in' },
  });
  expect(woken[0]?.body).toEqual({
    type: 'task.accepted',
    agent: 'ada',
    url: 'http://127.0.0.1:8080',
    taskId: task.id,
    fence: task.fence,
    attempt: 1,
    title: 'Say "hello"',
    text:
      `Signalbox at http://127.0.0.1:8080 has task ${task.id} for ada: ` +
      '"Say \\"hello\\"". Take it with get_work.',
  });
  become(task, 'running');
  const looks = bench.hub.inputsOf('task.show').length;
  await passing(() => expect(bench.hub.inputsOf('task.show').length).toBeGreaterThan(looks + 5));
  expect(woken).toHaveLength(1);
  become(task, 'done');
  await passing(() => heard(events, 'left_hand'));
  await passing(() => heard(events, 'waiting'));
  expect(bench.hub.inputsOf('task.decline')).toEqual([]);
});

test('OpenClaw is woken in its own form', async () => {
  const { url, woken } = await serve();
  const events = start({ kind: 'url', url, form: 'openclaw' });
  await passing(() => heard(events, 'connected'));
  offer();
  await passing(() => expect(woken).toHaveLength(1));
  expect(woken[0]?.body).toEqual({
    mode: 'now',
    text: expect.stringMatching(/^Signalbox at .* Take it with get_work\.$/),
  });
});

test('an agent that never comes is woken five times, and then its work goes back', async () => {
  const { url, woken } = await serve(307);
  const events = start({ kind: 'url', url, form: 'signalbox' });
  await passing(() => heard(events, 'connected'));
  offer();
  await passing(() => expect(bench.hub.inputsOf('task.decline')).toHaveLength(1));
  expect(bench.hub.inputsOf('task.decline')[0]).toMatchObject({
    reason: 'The agent did not come, though it was woken 5 times.',
  });
  expect(woken.map(({ request }) => request.url)).toEqual(Array(5).fill('/hooks/wake'));
  expect(events).toContainEqual({
    kind: 'trouble',
    message: 'The agent could not be woken.',
    error: new Error(
      'The URL that wakes the agent answers with 307, which leads elsewhere and is not followed.',
    ),
  });
  await passing(() => heard(events, 'paused'));
  expect(bench.hub.inputsOf('agent.drain')).toHaveLength(1);
});

test('a command wakes too, and what it starts goes on', async () => {
  const { place } = bench;
  const script = '#!/bin/sh\ncat > $OUT.body; echo $SIGNALBOX_TASK_ID > $OUT.id\n';
  await place.write(place.path('wake.sh'), script);
  await chmod(place.path('wake.sh'), 0o755);
  const env = { ...place.env, OUT: place.path('out') };
  const events = start({ kind: 'command', command: [place.path('wake.sh')], env });
  await passing(() => heard(events, 'connected'));
  const task = offer();
  const read = (name: string): Promise<string> => readFile(place.path(name), 'utf8');
  await vi.waitFor(async () => expect(await read('out.id')).toBe(`${task.id}\n`), 10_000);
  expect(JSON.parse(await read('out.body'))).toMatchObject({ taskId: task.id, agent: 'ada' });
});

test('a command that fails is told with its words', async () => {
  const { place } = bench;
  const command = ['sh', '-c', 'echo no such host >&2; exit 3'];
  const events = start({ kind: 'command', command, env: place.env });
  await passing(() => heard(events, 'connected'));
  offer();
  await passing(() => heard(events, 'trouble'));
  expect(events.find(({ kind }) => kind === 'trouble')).toMatchObject({
    error: { message: 'The command that wakes the agent failed: exit 3. no such host' },
  });
});

test('after a kill the task that the agent still works on is held on to', async () => {
  const { url, woken } = await serve();
  const task = newTask({ state: 'running', timeoutMs: DAY_MS });
  bench.hub.tasks.set(task.id, task);
  const events = start({ kind: 'url', url, form: 'signalbox' });
  await passing(() => heard(events, 'connected'));
  expect(bench.hub.inputsOf('agent.connect')[0]).toMatchObject({ holding: [task.id] });
  expect(woken).toEqual([]);
  drain.abort();
  become(task, 'done');
  await passing(() => heard(events, 'stopped'));
  await ended;
});

test.each(['ftp://127.0.0.1/x', 'nonsense', 'http://ada:secret@127.0.0.1/x'])(
  'the URL %s is refused before anything is taken',
  async (url) => {
    start({ kind: 'url', url, form: 'signalbox' });
    await expect(ended).rejects.toThrow('The URL that wakes the agent cannot be used.');
    expect(bench.hub.calls).toEqual([]);
  },
);
