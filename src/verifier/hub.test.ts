/** Verifiers beside a real hub: over the local transport as `start` has it, and over a socket. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect, createClient, localTransport, type Client } from '../client/index.ts';
import type { Assignment } from '../contract/index.ts';
import { present } from '../core/assert.ts';
import { systemClock } from '../core/clock.ts';
import { systemRandom } from '../core/random.ts';
import { serve, type Server } from '../doors/serve.ts';
import { commitElsewhere, makePlace, type Place } from '../git/fixture.ts';
import { createHub, type Hub } from '../hub/hub.ts';
import { openStore } from '../store/open.ts';
import { runVerifier, type VerifierEvent } from './index.ts';

const WAIT = { timeout: 30_000, interval: 20 };
const clock = systemClock();
const random = systemRandom();

let place: Place;
let repository: string;
let hub: Hub;
let server: Server;
let stop: AbortController;
let clients: Client[];
let running: Promise<void>[];
let events: VerifierEvent[];
let defects: unknown[];
let grace: Client;
let ada: Client;

beforeEach(async () => {
  place = await makePlace();
  repository = await place.remote('app', { 'a.txt': 'one\n', 'b.txt': 'one\n' });
  [clients, running, events, defects] = [[], [], [], []];
  stop = new AbortController();
  const store = await openStore({ file: place.path('hub.db'), clock, random });
  const onDefect = (where: string, error: unknown): number => defects.push({ where, error });
  hub = await createHub({ store, clock, random, version: 'test', onDefect });
  server = await serve(hub, { host: '127.0.0.1', port: 0, version: 'test', clock });
  hub.start();
  grace = connect({ url: server.url, token: present(await hub.ensureAdmin(), 'the admin token') });
  ada = local('ada', 'agent');
  clients.push(grace);
});

afterEach(async () => {
  stop.abort();
  await Promise.all(running);
  for (const client of clients) client.close();
  await server.close();
  await hub.close();
  await place.remove();
  expect(defects).toEqual([]);
});

function local(name: string, role: 'agent' | 'verifier'): Client {
  const client = createClient(localTransport(hub.connect(), hub.credentialOf(name, role)));
  clients.push(client);
  return client;
}

function verify(client: Client, name: string): void {
  const options = { dataDir: place.path(name), tempDir: '/tmp' };
  const log = (event: VerifierEvent): void => void events.push(event);
  const ports = { client, clock, log, env: place.env, stop: stop.signal };
  running.push(runVerifier(options, ports));
}

async function submit(title: string, checks: string[]): Promise<string> {
  return (await grace.task.submit({ title, repository, checks })).id;
}

/** Ada takes what is hers to do, writes files and hands them in. */
async function work(files: Record<string, string>): Promise<Assignment> {
  const { assignment } = await vi.waitFor(async () => {
    const pulled = await ada.task.pull({});
    expect(pulled.assignment).not.toBeNull();
    return pulled;
  }, WAIT);
  const { task, lastFailure } = present(assignment, 'a task to do');
  const held = { taskId: task.id, fence: task.fence };
  await ada.task.start(held);
  const base = await place.plain(repository, 'rev-parse', 'main');
  const branch = `signalbox/${task.id}/${task.attempt}`;
  const head = await commitElsewhere(place, repository, { files, branch });
  await ada.task.complete({ ...held, change: { branch, base, head } });
  return { task, lastFailure };
}

const reached = (id: string, state: string): Promise<void> =>
  vi.waitFor(async () => expect((await grace.task.show({ id })).task.state).toBe(state), WAIT);

const main = (): Promise<string> => place.plain(repository, 'rev-parse', 'main');

test('a task is done when its commit is on the main branch, and not before', async () => {
  const id = await submit('change a', ['grep -q two a.txt']);
  await work({ 'a.txt': 'two\n' });
  const before = await main();
  expect((await grace.task.show({ id })).task.state).toBe('verifying');
  verify(local('verifier', 'verifier'), 'data');
  await reached(id, 'done');
  const { task } = await grace.task.show({ id });
  expect(task.landedCommit).toBe(await main());
  expect(task.landedCommit).not.toBe(before);
  const { items } = await grace.change.list({ taskId: id });
  const { log } = await grace.change.show({ id: items[0]?.id ?? '' });
  expect(log).toContain('$ grep -q two a.txt\n');
});

test('a failed check comes back with its output, and the next attempt mends it', async () => {
  verify(local('verifier', 'verifier'), 'data');
  const id = await submit('change a', ['grep two a.txt || { echo "a.txt has no two"; exit 4; }']);
  await work({ 'a.txt': 'three\n' });
  await reached(id, 'queued');
  const { lastFailure } = await work({ 'a.txt': 'two\n' });
  expect(lastFailure).toContain('ended with exit code 4');
  expect(lastFailure).toContain('a.txt has no two');
  await reached(id, 'done');
  expect(await place.plain(repository, 'show', 'main:a.txt')).toBe('two');
});

test('a conflict comes back with the paths, and the next attempt starts from there', async () => {
  const id = await submit('change a', []);
  await work({ 'a.txt': 'two\n' });
  await commitElsewhere(place, repository, { files: { 'a.txt': 'other\n' } });
  verify(local('verifier', 'verifier'), 'data');
  await reached(id, 'queued');
  const { lastFailure } = await work({ 'a.txt': 'other and two\n' });
  expect(lastFailure).toContain('conflict in a.txt');
  await reached(id, 'done');
});

test('a change that a human must see lands when it is approved', async () => {
  verify(local('verifier', 'verifier'), 'data');
  const id = await submit('change the rules', ['true']);
  await work({ '.signalbox/policy.yaml': 'version: 1\n' });
  const waiting = await vi.waitFor(async () => {
    const { items } = await grace.change.list({ taskId: id, state: 'awaiting' });
    return present(items[0], 'a change that waits');
  }, WAIT);
  expect(waiting.rules.join()).toContain('the policy itself: .signalbox/policy.yaml');
  await grace.change.approve({ id: waiting.id });
  await reached(id, 'done');
});

test('a repository of the wrong kind says what to do', async () => {
  const copy = place.path('copy');
  await place.plain(place.dir, 'clone', '--quiet', repository, copy);
  const { id } = await grace.task.submit({ title: 'in a copy', repository: copy, failuresMax: 1 });
  const head = await place.plain(copy, 'rev-parse', 'HEAD');
  const { assignment } = await ada.task.pull({});
  const held = { taskId: id, fence: assignment?.task.fence ?? 0 };
  await ada.task.complete({ ...held, change: { branch: 'x', base: head, head } });
  verify(local('verifier', 'verifier'), 'data');
  await reached(id, 'dead');
  expect((await grace.task.show({ id })).task.reason).toContain(`git clone --bare ${copy}`);
});

test('two verifiers, one over a socket, land everything on what it was tested on', async () => {
  const { secret: token } = await grace.token.create({ agent: 'far', role: 'verifier' });
  const far = connect({ url: server.url, token });
  clients.push(far);
  const ids: string[] = [];
  for (let count = 0; count < 5; count++) {
    ids.push(await submit(`task ${count}`, ['test "$(ls | wc -l)" -ge 3']));
    await work({ [`${count}.txt`]: 'x\n' });
  }
  verify(local('verifier', 'verifier'), 'data');
  verify(far, 'far');
  const moved = await commitElsewhere(place, repository, { files: { 'outside.txt': 'x\n' } });
  for (const id of ids) await reached(id, 'done');
  const line = (await place.plain(repository, 'rev-list', 'main')).split('\n');
  expect(line).toHaveLength(7);
  expect(line).toContain(moved);
  const { items } = await grace.change.list({ state: 'landed' });
  for (const { testedCommit, testedBase, landedCommit } of items) {
    expect(landedCommit).toBe(testedCommit);
    expect(line[line.indexOf(landedCommit ?? '') + 1]).toBe(testedBase);
  }
}, 60_000);
