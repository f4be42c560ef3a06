import { chmod, readFile } from 'node:fs/promises';
import { expect, onTestFinished, test, vi } from 'vitest';
import { identify, isAlive } from '../process/identity.ts';
import { QUIET_SSH, gitEnvironment, withoutGit } from './environment.ts';
import { makePlace } from './fixture.ts';
import type { GitLog } from './run.ts';
import { createGit } from './run.ts';

async function place(more = {}) {
  const made = await makePlace(more);
  onTestFinished(made.remove);
  return made;
}

/** A `git` of our own that answers with its environment or does what a test needs. */
async function fakeGit(script: string) {
  const here = await place();
  await here.write(here.path('bin', 'git'), `#!/bin/sh\n${script}\n`);
  await chmod(here.path('bin', 'git'), 0o755);
  return { ...here, env: { ...here.env, PATH: `${here.path('bin')}:${here.env['PATH']}` } };
}

test('nothing that points at a repository is inherited; the way to a remote is', () => {
  const env = {
    GIT_DIR: '/x',
    GIT_INDEX_FILE: '/x',
    GIT_WORK_TREE: '/x',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_PARAMETERS: "'a.b=c'",
    GIT_AUTHOR_NAME: 'x',
    GIT_EXEC_PATH: '/x',
    GIT_SSH_COMMAND: 'ssh -i key',
    GIT_SSL_CAINFO: '/ca',
    GIT_CONFIG_GLOBAL: '/theirs',
    PATH: '/bin',
    EMPTY: undefined,
  };
  expect(withoutGit(env)).toEqual({
    GIT_SSH_COMMAND: 'ssh -i key',
    GIT_SSL_CAINFO: '/ca',
    GIT_CONFIG_GLOBAL: '/theirs',
    PATH: '/bin',
  });
  expect(gitEnvironment(env)).toMatchObject({ GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' });
  expect(gitEnvironment(env)).not.toHaveProperty('GIT_DIR');
});

test('git works with inherited pointers, an empty HOME and no HOME', async () => {
  const here = await place();
  const bare = await here.remote('box');
  const hostile = { ...here.env, GIT_DIR: '/nowhere', GIT_INDEX_FILE: '/x', GIT_WORK_TREE: '/y' };
  for (const env of [hostile, { ...hostile, HOME: '' }, { ...hostile, HOME: undefined }]) {
    const git = createGit({ env });
    expect(await git.text(['ls-remote', '--', bare, 'HEAD'])).toMatch(/^[0-9a-f]{40}\tHEAD$/);
  }
});

test("a ~ in the machine's configuration is no trouble without a HOME", async () => {
  const here = await place();
  const bare = await here.remote('box');
  await here.write(here.path('system'), '[include]\n\tpath = ~/.more\n');
  const env = { PATH: here.env['PATH'], GIT_CONFIG_SYSTEM: here.path('system') };
  expect(await createGit({ env }).text(['ls-remote', '--', bare, 'HEAD'])).toMatch(/HEAD$/);
});

test('a failure carries arguments, exit code, what git said and its kind', async () => {
  const { git, path } = await place();
  await expect(git.run(['ls-remote', '--', path('none')])).rejects.toMatchObject({
    name: 'GitError',
    kind: 'not_found',
    exitCode: 128,
    args: ['ls-remote', '--', path('none')],
    stderr: expect.stringContaining('does not appear to be a git repository'),
    hint: expect.stringContaining('address'),
  });
  expect((await git.run(['ls-remote', '--', path('none')], { okCodes: [128] })).exitCode).toBe(128);
});

test('a git that hangs is stopped', async () => {
  const { env } = await fakeGit('exec sleep 30');
  const run = createGit({ env }).run(['fetch'], { timeoutMs: 100 });
  await expect(run).rejects.toMatchObject({ kind: 'timeout' });
});

test('a call can be called off', async () => {
  const { env } = await fakeGit('exec sleep 30');
  const abort = new AbortController();
  const run = createGit({ env }).run(['fetch'], { signal: abort.signal });
  abort.abort();
  await expect(run).rejects.toMatchObject({ kind: 'aborted' });
});

test('what a git has started ends with it, where it is said to start something', async () => {
  const { env, path } = await fakeGit('sleep 600 & echo $! > "$HOME/helper"; wait');
  const abort = new AbortController();
  const options = { hasHelpers: true, signal: abort.signal };
  const run = createGit({ env }).run(['gc'], options);
  const helper = await vi.waitFor(async () => {
    const pid = Number(await readFile(path('home', 'helper'), 'utf8'));
    return identify(pid) ?? expect.unreachable();
  });
  abort.abort();
  await expect(run).rejects.toMatchObject({ kind: 'aborted' });
  expect(isAlive(helper)).toBe(false);
});

test('a git that prints without end is stopped', async () => {
  const { env } = await fakeGit('exec yes');
  const run = createGit({ env }).run(['log'], { outputBytesMax: 100_000 });
  await expect(run).rejects.toThrow(/printed more than/);
});

test('a machine without git is told so', async () => {
  const here = await place();
  const run = createGit({ env: { PATH: here.path('bin') } }).run(['version']);
  await expect(run).rejects.toMatchObject({ hint: 'Install git 2.38 or newer.' });
});

test('ssh does not ask, unless the user has set a command of their own', async () => {
  const script = 'test "$1" = config && { cat "$HOME/theirs" 2>/dev/null; exit; }; env';
  const { env, write, path } = await fakeGit(script);
  const remote = { isRemote: true };
  expect(await createGit({ env }).text(['fetch'], remote)).toContain(QUIET_SSH);
  const own = createGit({ env: { ...env, GIT_SSH_COMMAND: 'ssh -i k' } });
  expect(await own.text(['fetch'], remote)).toContain('GIT_SSH_COMMAND=ssh -i k\n');
  await write(path('home', 'theirs'), 'ssh -i theirs');
  expect(await createGit({ env }).text(['fetch'], remote)).not.toContain('GIT_SSH_COMMAND');
});

test('the log has no secrets', async () => {
  const { env } = await fakeGit('exit 0');
  const entries: GitLog[] = [];
  const git = createGit({ env, log: (entry) => entries.push(entry) });
  await git.run(['fetch', '--', 'https://ada:hidden@host/x']);
  expect(entries).toMatchObject([{ args: ['fetch', '--', 'https://host/x'], exitCode: 0 }]);
});

test('progress is told as numbers', async () => {
  const { env } = await fakeGit(
    String.raw`printf 'remote: Counting objects:  50%% (1/2)\rReceiving obj' >&2
printf 'ects: 100%% (2/2), done.\n' >&2`,
  );
  const told: string[] = [];
  await createGit({ env }).run(['fetch'], {
    onProgress: ({ phase, percent }) => told.push(`${phase} ${percent}`),
  });
  expect(told).toEqual(['Counting objects 50', 'Receiving objects 100']);
});
