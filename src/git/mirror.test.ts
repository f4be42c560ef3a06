import { execa } from 'execa';
import { chmod, chown, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { commitElsewhere, makePlace } from './fixture.ts';
import { isGitError } from './git-error.ts';
import { openMirror } from './mirror.ts';
import { createGit } from './run.ts';

const isRoot = process.getuid?.() === 0;

async function place() {
  const made = await makePlace();
  onTestFinished(made.remove);
  return made;
}

test('a mirror knows the base branch and every branch, and fetch brings news', async () => {
  const here = await place();
  const url = await here.remote('box');
  const mirror = await here.mirror(`file://${url}`);
  expect(mirror.baseBranch).toBe('main');
  const first = await mirror.resolve('main');
  expect(first).toBe(await here.plain(url, 'rev-parse', 'main'));
  const next = await commitElsewhere(here, url, { files: { 'a.txt': 'a' } });
  const side = await commitElsewhere(here, url, { files: { b: 'b' }, branch: 'side/one' });
  expect(await mirror.resolve('main')).toBe(first);
  expect(await mirror.resolve(next)).toBeNull();
  await mirror.fetch();
  expect(await mirror.resolve('main')).toBe(next);
  expect(await mirror.resolve('side/one')).toBe(side);
  expect(await mirror.resolve(side)).toBe(side);
  await here.plain(url, 'branch', '-D', 'side/one');
  await mirror.fetch();
  expect(await mirror.resolve('side/one')).toBeNull();
});

test('one branch can be fetched alone, and a missing one is named', async () => {
  const here = await place();
  const url = await here.remote('box');
  const mirror = await here.mirror(url);
  const one = await commitElsewhere(here, url, { files: { a: 'a' }, branch: 'one' });
  const two = await commitElsewhere(here, url, { files: { b: 'b' }, branch: 'two' });
  await mirror.fetch({ branches: ['one'] });
  expect(await mirror.resolve('one')).toBe(one);
  expect(await mirror.resolve(two)).toBeNull();
  await expect(mirror.fetch({ branches: ['three'] })).rejects.toMatchObject({ kind: 'not_found' });
  await expect(mirror.fetch({ branches: ['--all'] })).rejects.toMatchObject({ kind: 'bad_name' });
});

test('the base branch is what the remote says, or what is asked for', async () => {
  const here = await place();
  const url = await here.remote('box');
  await commitElsewhere(here, url, { files: { a: 'a' }, branch: 'trunk' });
  await here.plain(url, 'symbolic-ref', 'HEAD', 'refs/heads/trunk');
  expect((await here.mirror(url)).baseBranch).toBe('trunk');
  const asked = { git: here.git, url, dir: here.path('asked') };
  expect((await openMirror({ ...asked, baseBranch: 'main' })).baseBranch).toBe('main');
  await expect(openMirror({ ...asked, baseBranch: 'gone' })).rejects.toMatchObject({
    kind: 'not_found',
    hint: expect.stringMatching(/main, trunk/),
  });
});

test('a remote whose HEAD is detached or leads nowhere still has a base branch', async () => {
  const here = await place();
  const url = await here.remote('box');
  await here.plain(url, 'symbolic-ref', 'HEAD', 'refs/heads/master');
  expect((await here.mirror(url, 'nowhere')).baseBranch).toBe('main');
  await writeFile(`${url}/HEAD`, `${await here.plain(url, 'rev-parse', 'main')}\n`);
  expect((await here.mirror(url, 'detached')).baseBranch).toBe('main');
  const trunk = await commitElsewhere(here, url, { files: { a: 'a' }, branch: 'trunk' });
  await writeFile(`${url}/HEAD`, `${trunk}\n`);
  expect((await here.mirror(url, 'trunk')).baseBranch).toBe('trunk');
});

test('a working copy is refused with the line that makes a bare one', async () => {
  const here = await place();
  const work = here.path("it's a copy");
  await here.plain(here.dir, 'clone', '--quiet', await here.remote('box'), work);
  const hint = `git clone --bare '${work.replace("'", String.raw`'\''`)}' `;
  for (const url of [work, `${work}/.git`, `file://${work.replaceAll(' ', '%20')}`]) {
    const open = here.mirror(url);
    await expect(open).rejects.toMatchObject({
      kind: 'not_bare',
      hint: expect.stringContaining(hint),
    });
  }
  const error: unknown = await here.mirror(work).catch((thrown: unknown) => thrown);
  const line = (isGitError(error) ? error.hint : null) ?? '';
  const command = line.slice(line.indexOf('git clone'));
  await execa('sh', ['-c', command], { env: here.env, extendEnv: false });
  expect((await here.mirror(`${work}.git`)).baseBranch).toBe('main');
});

test('what is not there, empty or no repository is refused with a hint', async () => {
  const here = await place();
  await here.plain(here.dir, 'init', '--quiet', '--bare', 'empty.git');
  await mkdir(here.path('folder'));
  const refusals = [
    [here.path('none'), 'not_found'],
    [here.path('folder'), 'not_found'],
    [here.path('empty.git'), 'empty'],
    ['ext::sh -c id', 'bad_name'],
    ['http://127.0.0.1:1/x', 'unreachable'],
  ] as const;
  for (const [url, kind] of refusals) {
    const open = here.mirror(url);
    await expect(open).rejects.toMatchObject({ kind, hint: expect.stringMatching(/./) });
  }
  expect(await readdir(here.dir)).not.toContain('mirror');
});

test('a folder that holds something else is not touched', async () => {
  const here = await place();
  await here.write(here.path('mirror', 'mine.txt'), 'mine');
  const open = here.mirror(await here.remote('box'));
  await expect(open).rejects.toThrow('is no copy of a repository');
  expect(await readdir(here.path('mirror'))).toEqual(['mine.txt']);
});

test('an existing mirror opens while the remote is away', async () => {
  const here = await place();
  const url = await here.remote('box');
  await here.mirror(url);
  const away = await openMirror({
    git: here.git,
    url: 'http://127.0.0.1:1/box',
    dir: here.path('mirror'),
  });
  expect(away.baseBranch).toBe('main');
  await expect(away.fetch()).rejects.toMatchObject({ kind: 'unreachable' });
});

test('a half copy of a killed process is thrown away, that of a living one stays', async () => {
  const here = await place();
  const url = await here.remote('box');
  const gone = execa('true');
  await gone;
  const dead = here.path(`mirror.partial-${gone.pid ?? 0}-aa`);
  const alive = here.path(`mirror.partial-${process.ppid}-bb`);
  for (const dir of [dead, alive]) await here.write(`${dir}/HEAD`, 'half');
  await here.mirror(url);
  const left = (await readdir(here.dir)).filter((name) => name.includes('partial'));
  expect(left).toEqual([basename(alive)]);
});

test('two that make the same mirror at once share it', async () => {
  const here = await place();
  const url = await here.remote('box');
  const both = await Promise.all([here.mirror(url), here.mirror(url), here.mirror(url)]);
  for (const mirror of both) expect(await mirror.resolve('main')).not.toBeNull();
  expect((await readdir(here.dir)).filter((name) => name.startsWith('mirror'))).toEqual(['mirror']);
});

test('fetches at once all succeed', async () => {
  const here = await place();
  const url = await here.remote('box');
  const mirror = await here.mirror(url);
  const tip = await commitElsewhere(here, url, { files: { a: 'a' } });
  await Promise.all(Array.from({ length: 6 }, () => mirror.fetch()));
  expect(await mirror.resolve('main')).toBe(tip);
});

test('credentials of the address are kept from other users', async () => {
  const here = await place();
  await here.mirror(await here.remote('box'));
  const { stdout } = await execa('stat', ['-c', '%a', here.path('mirror')]);
  expect(stdout).toBe('700');
});

test.skipIf(!isRoot)('a repository of another user can be read', async () => {
  const here = await place();
  const url = await here.remote('box');
  await chmod(here.dir, 0o755);
  await execa('chown', ['-R', '65534:65534', url]);
  expect((await here.mirror(url)).baseBranch).toBe('main');
  await chown(here.path('mirror'), 65_534, 65_534);
  expect((await here.mirror(url)).baseBranch).toBe('main');
});

test('templates and hooks that a user sets for all repositories change nothing', async () => {
  const here = await place();
  await here.write(
    here.path('home', '.gitconfig'),
    `[init]\n\ttemplateDir = ${here.path('template')}\n[fetch]\n\tprune = false\n` +
      `[safe]\n\tbareRepository = explicit\n[core]\n\thooksPath = ${here.path('hooks')}\n` +
      '[color]\n\tui = always\n[submodule]\n\trecurse = true\n',
  );
  await here.write(here.path('template', 'hooks', 'x'), 'x');
  const mirror = await here.mirror(await here.remote('box'));
  await mirror.fetch();
  expect(await readdir(mirror.dir)).not.toContain('hooks');
});

test('progress of a fetch is told', async () => {
  const here = await place();
  const url = await here.remote('box');
  const phases: string[] = [];
  const onProgress = ({ phase }: { phase: string }): number => phases.push(phase);
  await openMirror({ git: here.git, url, dir: here.path('mirror'), onProgress });
  expect(phases).toContain('Counting objects');
});

test('a repository with sha256 ids is met with a mirror of its kind', async () => {
  const here = await place();
  const bare = here.path('long.git');
  const work = here.path('long');
  await here.plain(here.dir, 'init', '-q', '--bare', '--object-format=sha256', '-b', 'main', bare);
  await here.plain(here.dir, 'init', '-q', '--object-format=sha256', '-b', 'main', work);
  await here.plain(work, 'commit', '--quiet', '--allow-empty', '--message=first');
  await here.plain(work, 'push', '--quiet', bare, 'main');
  const mirror = await here.mirror(bare);
  expect(await mirror.resolve('main')).toMatch(/^[0-9a-f]{64}$/);
});

test('a called off opening leaves nothing behind', async () => {
  const here = await place();
  const url = await here.remote('box');
  const signal = AbortSignal.abort();
  const open = openMirror({ git: createGit({ env: here.env }), url, dir: here.path('m'), signal });
  await expect(open).rejects.toMatchObject({ kind: 'aborted' });
  await rm(url, { recursive: true });
  expect(await readdir(here.dir)).toEqual(['home']);
});
