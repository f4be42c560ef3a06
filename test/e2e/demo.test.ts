/**
 * `script/demo` as a newcomer runs it: real processes, a real repository, and afterwards a look
 * into the bare copy with plain git, which knows nothing of any hub.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { createGit } from '../../src/git/run.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const SCRIPT = join(ROOT, 'script/demo');
/** Above the time that the demo gives itself. */
const TIMEOUT_MS = 240_000;
const git = createGit({ env: process.env });
const run = promisify(execFile);

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

const Result = z.object({
  folder: z.string(),
  repository: z.string(),
  branch: z.string(),
  base: z.string(),
  tasks: z.array(z.object({ title: z.string(), state: z.string(), attempts: z.number() })),
});

/** A folder for everything, what the demo makes included; nothing of this user is seen. */
async function makeHome(): Promise<{ root: string; env: NodeJS.ProcessEnv }> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'signalbox-demo-test-')));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const { PATH, npm_config_cache: cache } = process.env;
  await mkdir(join(root, 'tmp'));
  const env = { PATH, HOME: root, TMPDIR: join(root, 'tmp'), npm_config_cache: cache };
  return { root, env };
}

async function demo(
  args: readonly string[],
  options: { env: NodeJS.ProcessEnv; cwd?: string; script?: string },
): Promise<Ended> {
  const { env, cwd = ROOT, script = SCRIPT } = options;
  const child = spawn(script, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    child.exitCode ?? once(child, 'exit'),
  ]);
  return { code: child.exitCode, stdout, stderr };
}

function resultOf({ code, stdout, stderr }: Ended): z.infer<typeof Result> {
  expect(code, stdout + stderr).toBe(0);
  return Result.parse(JSON.parse(stdout));
}

/** A repository of one commit, on a branch of its own name. */
async function makeRepository(
  dir: string,
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  await git.run(['init', '--quiet', '--initial-branch=trunk', '--', dir]);
  for (const [path, content] of Object.entries({ 'read.me': 'hello\n', ...files })) {
    await mkdir(join(dir, path, '..'), { recursive: true });
    await writeFile(join(dir, path), content);
  }
  await git.run(['add', '--all', '--force'], { cwd: dir });
  const who = ['-c', 'user.name=Grace', '-c', 'user.email=grace@example.org'];
  await git.run([...who, 'commit', '--quiet', '-m', 'Begin'], { cwd: dir });
}

/** Everything that a repository has and where it stands, to be compared. */
async function stateOf(dir: string): Promise<string> {
  const refs = await git.text(['for-each-ref'], { cwd: dir });
  const status = await git.text(['status', '--porcelain', '--branch', '--ignored'], { cwd: dir });
  return `${refs}\n${status}\n${await readFile(join(dir, '.git/HEAD'), 'utf8')}`;
}

async function expectLanded({ repository, branch, base }: z.infer<typeof Result>): Promise<void> {
  const at = { gitDir: repository };
  const show = (path: string): Promise<string> => git.text(['show', `${branch}:${path}`], at);
  const line = await show('signalbox-demo/board.txt');
  expect(line.split(' ').toSorted()).toEqual(['Departures:', 'northbound', 'southbound']);
  expect(await show('signalbox-demo/sign.txt')).toBe('Signalbox Central');
  expect(await show('signalbox-demo/total.txt')).toBe('total 42');
  expect(await show('signalbox-demo/report.txt')).toBe(`${line}\ntotal 42`);
  const format = '--format=%(trailers:key=Signalbox-Task,valueonly,separator=%x2C)';
  const tasks = await git.text(['log', format, `${base}..${branch}`], at);
  expect(new Set(tasks.split('\n')).size).toBe(6);
  expect(tasks).not.toMatch(/^$/m);
}

test(
  'the demo lands every task on the committed files of this project',
  async () => {
    const { env } = await makeHome();
    const result = resultOf(await demo(['--json'], { env }));
    await expectLanded(result);
    expect(result.branch).toBe('main');
    const isRepository = await git.run(['rev-parse', 'HEAD'], { cwd: ROOT, okCodes: [0, 128] });
    if (isRepository.exitCode === 0) {
      expect(result.base).toBe(isRepository.stdout.toString().trim());
    }
    const attempts = new Map(result.tasks.map(({ title, attempts: count }) => [title, count]));
    expect(attempts.get('Add up the timetable')).toBe(2);
    const trains = ['northbound', 'southbound'].map((name) => `Announce the ${name} train`);
    expect(new Set(trains.map((title) => attempts.get(title)))).toEqual(new Set([1, 2]));
  },
  TIMEOUT_MS,
);

test(
  'the demo runs by a link on a foreign repository and leaves that as it was',
  async () => {
    const { root, env } = await makeHome();
    const repository = join(root, 'their work');
    const policy = 'version: 1\nchecks: [test -f read.me]\nrules:\n';
    const rule = '  - { paths: ["signalbox-demo/sign.txt"], tier: 4, because: signs }\n';
    // It ignores all that it does not know, and asks for a human for one of the files.
    await makeRepository(repository, {
      '.gitignore': '*\n!read.me\n',
      '.signalbox/policy.yaml': policy + rule,
    });
    const before = await stateOf(repository);
    const script = join(root, 'link');
    await symlink(SCRIPT, script);
    const ended = await demo(['--repo', 'their work'], { env, cwd: root, script });
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    expect(await stateOf(repository)).toBe(before);
    expect(ended.stdout).toContain('approved as operator');
    expect(ended.stdout).toContain('What landed on trunk');
    expect(ended.stdout).toContain('and is told: expected 42');
    expect(ended.stdout).toContain('ok: 6 tasks, 6 commits on trunk');
    const copy = /--git-dir (\S+)/.exec(ended.stdout)?.[1] ?? '';
    const base = await git.text(['rev-parse', 'HEAD'], { cwd: repository });
    const fields = { folder: '', repository: copy, branch: 'trunk', base, tasks: [] };
    await expectLanded(fields);
    expect(await processesIn(root)).toEqual([]);
    // What this user keeps for a hub of their own is not touched.
    expect(await readdir(root)).not.toContain('.local');
  },
  TIMEOUT_MS,
);

test(
  'a hub that is kept goes on, and can be used and stopped as the demo says',
  async () => {
    const { root, env } = await makeHome();
    await mkdir(join(root, 'plain'));
    const ended = await demo(['--repo', join(root, 'plain'), '--keep'], { env });
    expect(ended.code, ended.stdout + ended.stderr).toBe(0);
    expect(ended.stdout).toContain('a small sample');
    const pid = Number(/stop it +kill (\d+)/.exec(ended.stdout)?.[1]);
    expect(pid).toBeGreaterThan(1);
    try {
      expect(await processesIn(root)).toEqual([pid]);
      const program = /look +(\S+)/.exec(ended.stdout)?.[1] ?? '';
      const foreign = { ...env, SIGNALBOX_URL: 'http://127.0.0.1:1' };
      const { stdout } = await run(program, ['status', '--json'], { env: foreign });
      expect(JSON.parse(stdout)).toMatchObject({ tasks: { done: 6 } });
    } finally {
      process.kill(pid);
      await expect.poll(() => processesIn(root), { timeout: 15_000 }).toEqual([]);
    }
  },
  TIMEOUT_MS,
);

test(
  'a demo that cannot land says what hangs, ends its processes and fails',
  async () => {
    const { root, env } = await makeHome();
    const repository = join(root, 'strict');
    await makeRepository(repository, {
      '.signalbox/policy.yaml': 'version: 1\nchecks: [sleep 60]\n',
    });
    const ended = await demo(['--repo', repository, '--timeout', '4s'], { env });
    expect(ended.code).toBe(69);
    expect(ended.stderr).toContain('Not everything landed');
    expect(ended.stdout).toContain('Put up the station sign');
    expect(ended.stdout).toMatch(/The last lines of \S+hub\.log/);
    await expect.poll(() => processesIn(root), { timeout: 15_000 }).toEqual([]);
  },
  TIMEOUT_MS,
);

test(
  'an interrupted demo leaves no process',
  async () => {
    const { root, env } = await makeHome();
    await makeRepository(join(root, 'repository'));
    const args = ['--repo', join(root, 'repository')];
    const child = spawn(SCRIPT, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
    onTestFinished(() => void child.kill('SIGKILL'));
    let stdout = '';
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    const ended = once(child, 'exit');
    await expect.poll(() => stdout, { timeout: 60_000 }).toContain('task.running');
    child.kill('SIGINT');
    await ended;
    expect(child.exitCode).toBe(130);
    expect(await processesIn(root)).toEqual([]);
  },
  TIMEOUT_MS,
);

/** The processes whose words or folder lead into this one. */
async function processesIn(folder: string): Promise<number[]> {
  const { stdout } = await run('ps', ['-e', '-o', 'pid=,args=']);
  const lines = stdout.split('\n').filter((line) => line.includes(folder));
  return lines.map((line) => Number.parseInt(line, 10));
}

test(
  'a demo whose time is over says what each open task waits for, and ends what it began',
  async () => {
    const { root, env } = await makeHome();
    const repository = join(root, 'theirs');
    await makeRepository(repository, {
      '.signalbox/policy.yaml': 'version: 1\nchecks: [sleep 600]\n',
    });
    const ended = await demo(['--repo', repository, '--timeout', '6s'], { env });
    expect(ended.code, ended.stdout + ended.stderr).toBe(69);
    expect(ended.stderr).toContain('Not everything landed: It took over 6 s.');
    expect(ended.stderr).toContain('--timeout 20m');
    expect(ended.stdout).toContain('is testing it');
    const { stdout: processes } = await run('ps', ['-e', '-o', 'args=']);
    expect(processes.split('\n').filter((line) => line.includes(root))).toEqual([]);
    expect((await demo(['--timeout', 'soon'], { env })).stderr).toContain('such as 90s');
  },
  TIMEOUT_MS,
);

test('a repository that is not there is refused, and nothing is left', async () => {
  const { root, env } = await makeHome();
  const ended = await demo(['--repo', join(root, 'nowhere')], { env });
  expect(ended.code).toBe(64);
  expect(ended.stderr).toContain('There is nothing at');
  expect(await readdir(join(root, 'tmp'))).toEqual([]);
});
