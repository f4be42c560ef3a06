/** Two machines, as far as files tell: a hub in one home, and one that joins it in another. */
import { mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { createGit } from '../git/run.ts';
import { writeSample } from './demo/source.ts';
import { makeHome, type Ended, type Home } from './fixture.ts';
import { tryProgram } from './join/child.ts';
import { removeHubLines, writeHubLines } from './join/config-file.ts';
import { clearWire, hubAddress } from './join/reach.ts';

const Started = z.object({ url: z.string() });
const Invited = z.object({ code: z.string(), line: z.string() });
const Joined = z.object({
  names: z.array(z.string()),
  steps: z.array(z.object({ step: z.string(), outcome: z.string() })),
});

let hubHome: Home;
let machine: Home;
let url: string;

beforeEach(async () => {
  [hubHome, machine] = [await makeHome(), await makeHome()];
  url = await startHub();
});
afterEach(async () => {
  await machine.close();
  await hubHome.close();
});

async function startHub(): Promise<string> {
  const hub = hubHome.start(['start', '--port', '0', '--json', '--no-verifier']);
  await hub.until('"url"');
  return Started.parse(JSON.parse(hub.stdout())).url;
}

/** Nobody chose a name for this shell. */
const PLAIN = { AGENT_ID: undefined };

const run = (args: readonly string[], stdin = ''): Promise<Ended> =>
  machine.run(args, { env: PLAIN, stdin });

async function invite(...args: string[]): Promise<string> {
  const { stdout } = await hubHome.run(['invite', '--json', ...args]);
  return Invited.parse(JSON.parse(stdout)).code;
}

async function joinWith(code: string, ...args: string[]): Promise<z.infer<typeof Joined>> {
  const ended = await run(['join', url, '--code', code, '--json', ...args]);
  expect(ended.code, ended.stderr).toBe(0);
  return Joined.parse(JSON.parse(ended.stdout));
}

/** Every file below the home, with its mode and what is in it. */
async function filesOf(home: Home): Promise<Record<string, string>> {
  const names = await readdir(home.root, { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile());
  const pairs = files.map(async ({ parentPath, name }): Promise<[string, string]> => {
    const path = join(parentPath, name);
    const { mode } = await stat(path);
    return [path.slice(home.root.length), `${mode.toString(8)} ${await readFile(path, 'utf8')}`];
  });
  return Object.fromEntries(await Promise.all(pairs));
}

const configOf = (home: Home): Promise<string> =>
  readFile(join(home.root, 'config/signalbox/config.yaml'), 'utf8');

test('the line that the hub prints joins a machine, and each part of it is proved', async () => {
  await mkdir(join(machine.root, '.claude'));
  await writeFile(join(machine.root, '.claude/settings.json'), '{"a": 1.0}');
  const before = await filesOf(machine);
  await hubHome.run(['task', 'submit', 'A task for any agent']);
  const { stdout } = await hubHome.run(['invite', '--agent', 'ada']);
  const line = stdout.trim();
  expect(line).toMatch(/^signalbox join http:\S+ --code ([0-9A-Z]{4}-){4}[0-9A-Z]{4}$/);
  const joined = await run([...line.split(' ').slice(1), '--json']);
  expect(joined.code, joined.stderr).toBe(0);
  const { names, steps } = Joined.parse(JSON.parse(joined.stdout));
  expect(names).toEqual(['ada']);
  expect(steps.map(({ step }) => step)).toEqual([
    'hub',
    'token',
    'claude',
    'whoami',
    'message',
    'mcp',
    'hook claude',
    'sidecar',
  ]);
  expect(await configOf(machine)).toMatch(new RegExp(`^url: ${url}\ntoken: sbx_\\S+\n$`));
  const after = await filesOf(machine);
  expect(after['/config/signalbox/config.yaml']).toMatch(/^100600 /);
  expect(JSON.parse((await run(['call', 'hub.whoami'])).stdout)).toMatchObject({ name: 'ada' });

  const tasks = (await hubHome.run(['task', 'list'])).stdout;
  expect(tasks, 'no proof has taken a task').toMatch(/queued +normal +- +0 .*A task for any agent/);

  const again = await run(['join', url]);
  expect(again.code, again.stderr).toBe(0);
  expect(again.stdout).toContain('known at the hub already as ada');
  expect(await filesOf(machine)).toEqual(after);

  const left = await run(['leave']);
  expect(left, left.stderr).toMatchObject({ code: 0, stderr: '' });
  expect(await filesOf(machine)).toEqual(before);
  const tokens = await hubHome.run(['token', 'list']);
  expect(tokens.stdout).toMatch(/ada +agent +.* no, revoked/);
  expect((await run(['leave'])).code).toBe(66);
});

test('a sidecar that runs already is seen to beat, and goes on', async () => {
  await joinWith(await invite('--agent', 'ada'));
  const sidecar = machine.start(['agent', 'run', '--name', 'ada', '--', 'true'], { env: PLAIN });
  await sidecar.until('connected to');
  const again = await run(['join', url]);
  expect(again.code, again.stderr).toBe(0);
  expect(again.stdout).toContain('a process of ada is connected already, and beats');
  await hubHome.run(['task', 'submit', 'Still there']);
  await sidecar.until('Still there');
  expect(sidecar.stdout() + sidecar.stderr()).not.toMatch(
    /no connection to the hub|another session/,
  );
});

test('an agent on trial, or kept to a repository, takes no other work', async () => {
  const [here, elsewhere] = ['here', 'elsewhere'].map((name) => join(machine.root, `${name}.git`));
  const git = createGit({ env: process.env });
  for (const dir of [here, elsewhere]) await writeSample({ git, dir: dir ?? '' });
  await hubHome.run(['task', 'submit', 'Elsewhere', '--repo', elsewhere ?? '']);
  await joinWith(await invite('--agent', 'ada'));
  const only = ['agent', 'run', '--name', 'ada', '--only', here ?? '', '--', 'true'];
  const sidecar = machine.start(only, { env: PLAIN });
  await sidecar.until('connected to');
  await hubHome.run(['task', 'submit', 'Here', '--repo', here ?? '']);
  await sidecar.until('Here');
  expect(sidecar.stdout() + sidecar.stderr()).not.toContain('Elsewhere');
});

test('a machine with slots has a token for each of them, and each beats', async () => {
  const code = await invite('--agent', 'ada', '--slots', '2');
  const { names } = await joinWith(code, '--agent', 'claude');
  expect(names).toEqual(['ada', 'ada-1', 'ada-2']);
  const data = join(machine.root, 'slot');
  for (const name of names) {
    const own = ['agent', 'run', '--trial', '--name', name, '--data', data, '--', 'true'];
    const ended = await run(own);
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout + ended.stderr).toContain(`as ${name}`);
  }
  const hook = join(machine.root, 'data/signalbox/hooks/main.js');
  const env = { ...machine.env, AGENT_ID: 'ada-1' };
  const stdout = await tryProgram({
    what: 'the hook',
    args: [hook, 'codex', 'session-start'],
    env,
    cwd: machine.root,
    stdin: '{}',
    timeoutMs: 10_000,
    stop: new AbortController().signal,
  });
  expect(stdout, 'the hooks of a slot speak for it').toContain('You are \\"ada-1\\"');
  expect((await run(['leave', url])).stdout.match(/token ended/g)).toHaveLength(3);
});

test('a code comes by stdin or by the environment as well, and is refused where it is none', async () => {
  const piped = await run(['join', url, '--code', '-'], `${await invite('--agent', 'ada')}\n`);
  expect(piped.code, piped.stderr).toBe(0);
  await run(['leave']);
  const code = (await invite('--agent', 'ada')).toLowerCase();
  const env = { ...PLAIN, SIGNALBOX_INVITE: code };
  const set = await machine.run(['join', url], { env });
  expect(set.code, set.stderr).toBe(0);
  await run(['leave']);
  expect((await run(['join', url, '--code', 'hello'])).stderr).toContain('is no code of an invite');
});

test('who brings no code, or a used one, is told what to run, and nothing is left behind', async () => {
  const before = await filesOf(machine);
  const none = await run(['join', url, '--name', 'ada']);
  expect(none.code).toBe(77);
  expect(none.stderr).toContain('On the machine of the hub: signalbox invite --agent ada');
  const code = await invite('--agent', 'ada');
  const wrongName = await run(['join', url, '--code', code, '--name', 'bob']);
  expect(wrongName.stderr).toContain('this invite is for ada, not for bob');
  await joinWith(code);
  await run(['leave']);
  const used = await run(['join', url, '--code', code]);
  expect(used.code).toBe(77);
  expect(used.stderr).toContain('not known here, or it is used up');
  expect(Object.keys(await filesOf(machine))).toEqual(Object.keys(before));
  const listed = await hubHome.run(['invite', 'list']);
  expect(listed.stdout).toMatch(/used .*: ada/);
});

test('hooks that were there before a join are there after it', async () => {
  await mkdir(join(machine.root, '.claude'));
  await run(['hooks', 'install', 'claude']);
  await joinWith(await invite('--agent', 'ada'), '--agent', 'claude', '--agent', 'gemini');
  const installed = (await run(['hooks', 'status'])).stdout;
  expect(installed).toMatch(/claude +installed/);
  expect(installed).toMatch(/gemini +installed/);
  await run(['leave']);
  const left = (await run(['hooks', 'status'])).stdout;
  expect(left).toMatch(/claude +(installed|out of date)/);
  expect(left).toMatch(/gemini +none/);
});

test('a machine that only tests changes is given no hooks', async () => {
  const code = await invite('--agent', 'vera', '--role', 'verifier');
  const { steps } = await joinWith(code, '--agent', 'claude');
  expect(steps.map(({ step }) => step)).toEqual(['hub', 'token', 'whoami', 'mcp']);
  expect((await run(['hooks', 'status'])).stdout).toMatch(/claude +none/);
});

test('a config that leads to another hub is kept, and the code stays good', async () => {
  const code = await invite('--agent', 'ada');
  const file = join(machine.root, 'config/signalbox/config.yaml');
  await mkdir(join(file, '..'), { recursive: true });
  const other = '# mine\nurl: http://other.example:8080\ntoken: sbx_other\n';
  await writeFile(file, other);
  const refused = await run(['join', url, '--code', code]);
  expect(refused.code).toBe(75);
  expect(refused.stderr).toContain('other.example');
  expect(await configOf(machine)).toBe(other);
  await rm(file);
  expect((await joinWith(code)).names).toEqual(['ada']);
});

test('a trial looks and changes nothing, not even the code', async () => {
  const before = await filesOf(machine);
  const code = await invite('--agent', 'ada');
  const trial = await run(['join', url, '--code', code, '--agent', 'codex', '--dry-run']);
  expect(trial, trial.stderr).toMatchObject({ code: 0 });
  expect(trial.stdout).toContain('would join as ada: the code is good');
  expect(trial.stdout).toContain('codex');
  expect(await filesOf(machine)).toEqual(before);
  expect((await joinWith(code)).names).toEqual(['ada']);
});

test('on the machine of the hub no code is needed, and the command line stays that of its admin', async () => {
  const joined = await hubHome.run(['join', url, '--name', 'ada'], { env: PLAIN });
  expect(joined.code, joined.stderr).toBe(0);
  expect(joined.stdout).toContain('own hub');
  await expect(configOf(hubHome)).rejects.toThrow('ENOENT');
  expect(JSON.parse((await hubHome.run(['call', 'hub.whoami'])).stdout)).toMatchObject({
    role: 'admin',
  });
  const left = await hubHome.run(['leave']);
  expect(left.stdout).toContain('ada: token ended at the hub');
});

test('the own hub is known by its other names too', async () => {
  const other = url.replace('127.0.0.1', 'localhost');
  const joined = await hubHome.run(['join', other, '--name', 'ada'], { env: PLAIN });
  expect(joined.code, joined.stderr).toBe(0);
  expect(joined.stdout).toContain('own hub');
  await expect(configOf(hubHome)).rejects.toThrow('ENOENT');
  expect((await hubHome.run(['token', 'list'])).code, 'still its admin').toBe(0);
});

test('a machine whose hub is gone leaves all the same, and is told what still works', async () => {
  await joinWith(await invite('--agent', 'ada'));
  await hubHome.close();
  const left = await run(['leave']);
  expect(left.code).toBe(0);
  expect(left.stderr).toContain('The token of ada still works at the hub');
  await expect(configOf(machine)).rejects.toThrow('ENOENT');
});

test('what is no address, or no hub, is told apart', async () => {
  const code = 'ABCD-ABCD-ABCD-ABCD-ABCD';
  const said = async (address: string): Promise<string> =>
    (await run(['join', address, '--code', code])).stderr;
  expect(await said('hub.example.org:8080')).toContain('is not the address of a hub');
  expect(await said('http://127.0.0.1:1')).toContain('No hub answers at');
});

test('lines of a config are changed as text, and taken out again', async () => {
  const file = join(machine.root, 'config/signalbox/config.yaml');
  await mkdir(join(file, '..'), { recursive: true });
  const hub = { url: 'http://hub.example:8080', token: 'sbx_one' };
  const { env } = machine;
  await writeFile(file, '# of mine\nurl: "http://hub.example:8080" # here');
  expect(await writeHubLines(env, hub)).toBe(true);
  expect(await configOf(machine)).toBe('# of mine\nurl: http://hub.example:8080\ntoken: sbx_one\n');
  expect(await writeHubLines(env, hub)).toBe(false);
  expect(await removeHubLines(env, 'http://other.example')).toBe(false);
  expect(await removeHubLines(env, hub.url)).toBe(true);
  expect(await configOf(machine)).toBe('# of mine\n');
  const kept = join(machine.root, 'kept.yaml');
  await rename(file, kept);
  await symlink(kept, file);
  await writeFile(kept, '');
  expect(await writeHubLines(env, hub)).toBe(true);
  expect(await readFile(kept, 'utf8')).toContain('token: sbx_one');
  await removeHubLines(env, hub.url);
  expect(await readFile(kept, 'utf8'), 'the file of the link stays').toBe('');
});

test('a token that would travel in clear is warned of, and one on this machine is not', () => {
  expect(clearWire('http://192.168.1.5:8080')).toContain('in clear to 192.168.1.5:8080');
  for (const safe of ['https://hub.example', 'http://127.0.0.1:80', 'http://[::1]:1']) {
    expect(clearWire(safe), safe).toBeUndefined();
  }
  expect(hubAddress('http://hub.example:8080/')).toBe('http://hub.example:8080');
  expect(() => hubAddress('http://ada:secret@hub.example')).toThrow('not the address');
});
