/** The command line and the client against a real hub, all of them processes of their own. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { connect, type Client } from '../client/index.ts';
import { operations } from '../contract/index.ts';
import { makePlace, type Place } from '../git/fixture.ts';
import { makeHome, type Home, type Running } from './fixture.ts';
import { hubStateFile } from './place/places.ts';

const State = z.object({ url: z.string(), dataDir: z.string(), pid: z.number() });
const WAIT = { timeout: 30_000, interval: 20 };

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

interface StartedHub extends z.infer<typeof State> {
  process: Running;
}

async function startHub(...more: string[]): Promise<StartedHub> {
  const process = home.start(['start', '--port', '0', ...more]);
  await process.until('answers at');
  const state = State.parse(JSON.parse(await readFile(hubStateFile(home.env), 'utf8')));
  return { ...state, process };
}

/** The output of a command line, which must be as the contract has it. */
async function json<T>({ output }: { output: z.ZodType<T> }, ...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await home.run(['--json', ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return output.parse(JSON.parse(stdout));
}

async function clientOf(hub: StartedHub, transport: 'socket' | 'http'): Promise<Client> {
  const token = (await readFile(join(hub.dataDir, 'admin.token'), 'utf8')).trim();
  const client = connect({ url: hub.url, token, transport });
  clients.push(client);
  return client;
}

test('slots are agents of their own in one process, which work side by side and end together', async () => {
  const { dataDir } = await startHub();
  expect(dataDir).not.toBe('');
  const log = join(home.root, 'log', 'ada.log');
  const gate = join(home.root, 'go');
  const script = `until [ -e ${gate} ]; do sleep 0.05; done; echo $SIGNALBOX_AGENT`;
  const run = ['agent', 'run', '--name', 'ada', '--slots', '3', '--log', log, '--echo'];
  const agents = home.start([...run, '--', 'sh', '-c', script]);
  for (const name of ['ada-1', 'ada-2', 'ada-3']) await agents.until(`as ${name}`);
  const ids: string[] = [];
  for (const title of ['one', 'two', 'three']) {
    ids.push((await json(operations['task.submit'], 'task', 'submit', title)).id);
  }
  await vi.waitFor(async () => {
    const { items } = await json(operations['agent.list'], 'agents');
    expect(items.map(({ name, state }) => [name, state])).toEqual([
      ['ada-1', 'working'],
      ['ada-2', 'working'],
      ['ada-3', 'working'],
    ]);
  }, WAIT);
  await writeFile(gate, '');
  await vi.waitFor(async () => {
    const { items } = await json(operations['task.list'], 'task', 'list', '--state', 'done');
    expect(items.map(({ id }) => id).sort()).toEqual(ids.sort());
  }, WAIT);
  agents.child.kill('SIGTERM');
  expect((await agents.ended).code).toBe(0);
  const { items } = await json(operations['agent.list'], 'agents');
  expect(items.map(({ state }) => state)).toEqual(['offline', 'offline', 'offline']);
  const written = await readFile(log, 'utf8');
  expect(written).toMatch(/^\S+Z ada-2 {2}connected to /m);
  expect(written).toMatch(/^\S+Z {3}│ ada-1$/m);
});

test('from an empty home to a landed change, with nothing but the command line', async () => {
  const { dataDir } = await startHub();
  expect((await stat(join(dataDir, 'admin.token'))).mode & 0o777).toBe(0o600);
  const repository = await place.remote('app');
  const script = 'echo "$SIGNALBOX_TASK_TITLE" > "try-$SIGNALBOX_ATTEMPT.txt"; echo said';
  const run = ['agent', 'run', '--name', 'ada', '--repo', repository, '--capability', 'ts'];
  const agent = home.start([...run, '--', 'sh', '-c', script]);
  await agent.until('connected to');

  const submit = ['task', 'submit', 'Fix it', '--repo', repository, '--needs', 'ts', '--wait'];
  const wait = await home.run([...submit, '--check', 'test -f try-2.txt']);
  expect(wait).toMatchObject({ code: 0, stderr: '' });
  expect(wait.stdout).toMatch(/change\.rejected .*change\.landed .*task\.done .*done {2}Fix it/s);
  expect(await place.plain(repository, 'show', 'main:try-2.txt')).toBe('Fix it');

  const [task] = (await json(operations['task.list'], 'task', 'list')).items;
  const id = task?.id ?? '';
  const { attempts } = await json(operations['task.show'], 'task', 'show', id);
  expect(attempts.map(({ outcome }) => outcome)).toEqual(['check_failed', 'done']);
  const log = await json(operations['task.log'], 'task', 'log', id, '--attempt', '1');
  expect(log).toEqual({ attempt: 1, log: 'said\n' });
  const changes = await json(operations['change.list'], 'change', 'list', '--task', id);
  expect(changes.items.map(({ state }) => state)).toEqual(['landed', 'rejected']);
  const rejectedId = changes.items[1]?.id ?? '';
  const { stderr: where } = await home.run(['task', 'log', id, '--attempt', '1']);
  expect(where).toBe(`note: what its check printed: signalbox change show ${rejectedId}\n`);
  const rejected = await json(
    operations['change.show'],
    'change',
    'show',
    changes.items[1]?.id ?? '',
  );
  expect(rejected.log).toContain('test -f try-2.txt');
  expect((await json(operations['why'], 'why', 'ada')).kind).toBe('agent');
  expect((await json(operations['hub.status'], 'status')).tasks).toEqual({ done: 1 });

  const shown = (await home.run(['task', 'show', id])).stdout;
  expect(shown).toMatch(/Timeline\n.*task\.queued .*change\.landed .*task\.done/s);
  agent.child.kill('SIGINT');
  expect((await agent.ended).code).toBe(0);
  expect((await json(operations['agent.list'], 'agents')).items).toMatchObject([
    { state: 'offline' },
  ]);
});

test('the terminal of an agent tells what its command prints, and that nothing came of it', async () => {
  await startHub('--no-verifier');
  const repository = await place.remote('app');
  const script = 'echo begun; until [ -e "$HOME/go" ]; do sleep 0.05; done';
  const run = ['agent', 'run', '--name', 'ada', '--echo', '--', 'sh', '-c', script];
  const agent = home.start(run);
  await agent.until('connected to');
  const submit = ['task', 'submit', 'Fix it', '--repo', repository, '--retries', '0'];
  const { id } = await json(operations['task.submit'], ...submit);
  await agent.until('  │ begun');
  const log = await home.run(['task', 'log', id]);
  expect(log).toMatchObject({ code: 0, stdout: '' });
  expect(log.stderr).toContain('attempt 1 goes on');
  expect((await home.run(['why', id])).stdout).toMatch(/until +in \d+ s, when its lease ends/);
  await writeFile(join(home.root, 'go'), '');
  await agent.until('reported as failed: the command changed no file');
  expect(agent.stdout()).not.toContain('succeeded');
  expect((await home.run(['why', id])).stdout).toContain(`signalbox task show ${id}`);
  const shown = (await home.run(['task', 'show', id])).stdout;
  expect(shown).toContain(`signalbox task log ${id} --attempt 1 has all that it printed`);
});

test('a human decides over a change that policy holds back', async () => {
  await startHub();
  const policy = 'version: 1\ndefault: 4\n';
  const repository = await place.remote('app', { '.signalbox/policy.yaml': policy });
  const script = 'date +%N > "try-$SIGNALBOX_ATTEMPT.txt"';
  const agent = home.start(['agent', 'run', '--name', 'ada', '--', 'sh', '-c', script]);
  await agent.until('connected to');
  const task = await json(
    operations['task.submit'],
    'task',
    'submit',
    'Fix it',
    '--repo',
    repository,
  );
  const awaiting = async (): Promise<string | undefined> =>
    (await json(operations['change.list'], 'change', 'list', '--state', 'awaiting')).items[0]?.id;

  const first = await vi.waitUntil(awaiting, WAIT);
  expect((await json(operations['why'], 'why', first)).facts[0]?.frees).toContain(first);
  const shown = (await home.run(['change', 'show', first])).stdout;
  const [, gitDir = '', range = ''] = /diff +git --git-dir (\S+) diff (\S+)\n/.exec(shown) ?? [];
  const { stdout: diff } = await execa('git', ['--git-dir', gitDir, 'diff', '--stat', range]);
  expect(diff, 'the line that is shown shows the change').toMatch(/try-1\.txt \| 1 \+\n/);
  const decline = ['change', 'decline', first, '--reason', 'not so'];
  expect(await json(operations['change.decline'], ...decline)).toEqual({ state: 'rejected' });
  const second = await vi.waitUntil(awaiting, WAIT);
  await json(operations['change.approve'], 'change', 'approve', second);
  const isDone = async (): Promise<boolean> =>
    (await json(operations['task.show'], 'task', 'show', task.id)).task.state === 'done';
  await vi.waitUntil(isDone, WAIT);
  expect((await home.run(['change', 'approve', second])).code).toBe(75);
});

test('tasks are cancelled and put back by hand', async () => {
  await startHub('--no-verifier');
  const [task, other] = [
    await json(operations['task.submit'], 'task', 'submit', 'One', '--lane', 'low'),
    await json(operations['task.submit'], 'task', 'submit', '--', '-two'),
  ];
  const after = ['task', 'submit', 'After', '--after', task.id];
  expect((await json(operations['task.submit'], ...after)).state).toBe('blocked');
  const cancel = ['task', 'cancel', task.id, '--reason', 'no need'];
  expect((await json(operations['task.cancel'], ...cancel)).state).toBe('cancelled');
  expect((await json(operations['task.retry'], 'task', 'retry', task.id)).state).toBe('queued');
  const retried = await home.run(['task', 'retry', other.id]);
  expect(retried).toMatchObject({ code: 75, stdout: '' });
  const page = await json(
    operations['task.list'],
    'task',
    'list',
    '--state',
    'queued',
    '--limit',
    '1',
  );
  const next = ['task', 'list', '--state', 'queued', '--cursor', page.nextCursor ?? ''];
  const titles = [...page.items, ...(await json(operations['task.list'], ...next)).items];
  expect(titles.map(({ title }) => title)).toEqual(['-two', 'One']);
  expect((await home.run(['task', 'show', 'tsk_000000000000000000000'])).code).toBe(66);
  expect((await home.run(['task', 'show', 'nonsense'])).code).toBe(64);
});

test('a token works until it is revoked, on an open socket too', async () => {
  await startHub('--no-verifier');
  const made = ['token', 'create', '--agent', 'eve', '--role', 'observer', '--expires', '1h'];
  const { token, secret } = await json(operations['token.create'], ...made);
  const env = { SIGNALBOX_TOKEN: secret };
  expect((await home.run(['task', 'submit', 'x'], { env })).code).toBe(77);
  const watch = home.start(['watch'], { env });
  await watch.until('Watching from');
  const rotated = await json(
    operations['token.rotate'],
    'token',
    'rotate',
    token.id,
    '--grace',
    '1h',
  );
  expect((await home.run(['status', '--token', rotated.secret])).code).toBe(0);
  await json(operations['token.revoke'], 'token', 'revoke', token.id, '--reason', 'gone');
  const ended = await watch.ended;
  expect(ended.code).toBe(77);
  expect(ended.stderr).toContain('error: the token was revoked');
  expect((await home.run(['status'], { env })).code).toBe(77);
  const { items } = await json(operations['token.list'], 'token', 'list');
  expect(items.find(({ id }) => id === token.id)?.revokedAtMs).not.toBeNull();
});

test('watch and an agent outlive the hub, and miss nothing', async () => {
  const first = await startHub('--no-verifier');
  const watch = home.start(['watch', '--since', '0', '--json']);
  const agent = home.start(['agent', 'run', '--name', 'ada', '--', 'true']);
  await agent.until('connected to');
  await watch.until('agent.online');
  first.process.child.kill('SIGKILL');
  await first.process.ended;
  expect((await home.run(['status'])).code).toBe(69);
  const { port } = new URL(first.url);
  const again = home.start(['start', '--port', port, '--no-verifier']);
  await again.until('answers at');
  const task = await home.run(['task', 'submit', 'After the storm', '--wait']);
  expect(task.code).toBe(0);
  await watch.until('task.done');
  watch.child.kill('SIGINT');
  const lines = (await watch.ended).stdout.trim().split('\n');
  const seqs = lines.map((line) => z.object({ seq: z.number() }).parse(JSON.parse(line)).seq);
  expect(seqs).toEqual(seqs.map((_seq, index) => index + 1));
});

test.each(['socket', 'http'] as const)('the client speaks to the hub over %s', async (wire) => {
  const hub = await startHub('--no-verifier');
  const client = await clientOf(hub, wire);
  const { headCursor: after } = await client.event.list();
  const heard: string[] = [];
  client.subscribe({ after, onEvent: ({ type, subject }) => heard.push(`${type} ${subject}`) });
  const first = await client.call('task.submit', { title: 'One' }, { key: 'k' });
  const again = await client.call('task.submit', { title: 'One' }, { key: 'k' });
  expect(again).toMatchObject({ output: first.output, isDeduplicated: true });
  const clash = client.call('task.submit', { title: 'Two' }, { key: 'k' });
  await expect(clash).rejects.toMatchObject({ code: 'key_reused' });
  const { id } = operations['task.submit'].output.parse(first.output);
  await client.task.cancel({ id });
  await vi.waitUntil(() => heard.length === 2, WAIT);
  expect(heard).toEqual([`task.queued ${id}`, `task.cancelled ${id}`]);
  await expect(client.call('task.nothing', {})).rejects.toMatchObject({
    code: 'unknown_operation',
  });
});

test('the end of the terminal ends the hub in order', async () => {
  const hub = await startHub('--no-verifier');
  hub.process.child.kill('SIGHUP');
  const { code, stderr } = await hub.process.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: 'note: closing: work in hand is kept\n' });
  await expect(stat(hubStateFile(home.env))).rejects.toMatchObject({ code: 'ENOENT' });
});

test('a program that is not here is warned of, and one that cannot be run is refused', async () => {
  await startHub('--no-verifier');
  const run = ['agent', 'run', '--name', 'ada', '--'];
  const agent = home.start([...run, './check.sh']);
  await agent.until('connected to');
  expect(agent.stderr()).toContain('warning: ./check.sh is not here: each repository must hold it');
  agent.child.kill('SIGTERM');
  await agent.ended;
  await writeFile(join(home.root, 'check.sh'), '#!/bin/sh\n');
  const ended = await home.run([...run, './check.sh']);
  expect(ended.code).toBe(64);
  expect(ended.stderr).toContain('chmod +x ./check.sh');
});

test('under --auth none a name is enough to do a whole task', async () => {
  await startHub('--auth', 'none', '--no-verifier');
  const env = { SIGNALBOX_TOKEN: '', XDG_STATE_HOME: join(home.root, 'nobody') };
  const { url } = State.parse(JSON.parse(await readFile(hubStateFile(home.env), 'utf8')));
  const options = { env: { ...env, SIGNALBOX_URL: url } };
  const agent = home.start(['agent', 'run', '--name', 'bob', '--', 'true'], options);
  await agent.until('connected to');
  const task = await home.run(['task', 'submit', 'Say hello', '--wait'], options);
  expect(task.code).toBe(0);
  expect(task.stdout).toContain('by tester');
  expect(task.stdout).toContain('by bob');
});

test('a case goes through its pipeline on the command line, files and all', async () => {
  const folder = join(home.root, 'mirror');
  await startHub('--no-verifier', '--mirror', folder);
  const declared = join(home.root, 'max.yaml');
  await writeFile(
    declared,
    'name: max\nstages:\n  - pulse\n  - { name: first, agent: FirstResponder }\n',
  );
  const pipeline = await json(operations['pipeline.set'], 'pipeline', 'set', declared);
  expect(pipeline.stages).toMatchObject([{ name: 'pulse' }, { name: 'first' }]);
  const put = ['case', 'put', 'abc-123', '{"lead":"x"}', '--pipeline', 'max'];
  expect(await json(operations['case.put'], ...put)).toMatchObject({ version: 1, stage: 'pulse' });
  const notes = join(home.root, 'notes.txt');
  await writeFile(notes, 'hello'.repeat(100_000));
  const upload = ['case', 'upload', 'abc-123', notes, '--type', 'text/plain'];
  const artifact = await json(operations['artifact.upload'], ...upload);
  expect(artifact).toMatchObject({ stage: 'pulse', name: 'notes.txt', bytes: 500_000 });
  const late = await home.run(['case', 'patch', 'abc-123', '{"a":1}', '--version-read', '7']);
  expect(late).toMatchObject({ code: 75, stderr: expect.stringContaining('has version 1') });
  const moved = await home.run(['case', 'advance', 'abc-123', '--patch', '{"lead":null}']);
  expect(moved.stdout).toMatch(/^abc-123 {2}first {2}FirstResponder is told \(msg_/);
  const shown = await home.run(['case', 'show', 'abc-123']);
  expect(shown.stdout).toMatch(/version +2\n.*pipeline +max\n.*stage +first\n/);
  const history = await home.run(['case', 'history', 'abc-123']);
  expect(history.stdout).toContain('not told');
  expect((await home.run(['case', 'list', '--stage', 'first'])).stdout).toContain('abc-123');
  expect((await home.run(['case', 'artifacts', 'abc-123'])).stdout).toContain('notes.txt');
  expect((await home.run(['pipeline', 'show', 'max'])).stdout).toContain('FirstResponder');
  expect((await home.run(['pipeline', 'list'])).stdout).toContain('pulse → first');
  const fetched = join(home.root, 'fetched.txt');
  await json(operations['artifact.download'], 'case', 'download', artifact.id, fetched);
  expect(await readFile(fetched, 'utf8')).toBe('hello'.repeat(100_000));
  const there = await home.run(['case', 'download', artifact.id, fetched]);
  expect(there).toMatchObject({ code: 75, stderr: expect.stringContaining('--force') });
  const piped = await home.run(['case', 'download', artifact.id, '-']);
  expect(piped.stdout).toBe('hello'.repeat(100_000));
  const mirrored = join(folder, 'clients/abc-123/stage-1-pulse/notes.txt');
  await vi.waitFor(async () => {
    expect(await readFile(mirrored, 'utf8')).toBe('hello'.repeat(100_000));
  }, WAIT);
});
