import { chmod, mkdir, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import type { CommitOutcome } from './commit.ts';
import { commitAll } from './commit.ts';
import type { Place } from './fixture.ts';
import { asOrdinaryUser, commitElsewhere, makePlace } from './fixture.ts';
import type { Mirror } from './mirror.ts';
import type { Worktree } from './worktree.ts';
import { addWorktree } from './worktree.ts';

const BRANCH = 'signalbox/tsk_1/1';
const BASE_FILES = {
  'README.md': 'one\n',
  '.gitignore': 'ignored/\n*.log\n',
  'src/a.ts': 'a\n',
  'src/b.ts': 'b\n',
};

interface Work extends Omit<Place, 'mirror'> {
  url: string;
  mirror: Mirror;
  worktree: Worktree;
  /** In the worktree, as the command would. */
  run: (...args: string[]) => Promise<string>;
  make: (path: string, text: string | Uint8Array) => Promise<void>;
  commit: () => Promise<CommitOutcome>;
  /** `MODE path` of all files of a commit. */
  files: (commit: string) => Promise<string[]>;
}

async function work(files: Readonly<Record<string, string>> = BASE_FILES): Promise<Work> {
  const here = await makePlace();
  onTestFinished(here.remove);
  const url = await here.remote('box', files);
  const mirror = await here.mirror(url);
  const commit = (await mirror.resolve('main')) ?? '';
  const dir = here.path('work', 'w');
  const worktree = await addWorktree({ mirror, branch: BRANCH, commit, dir });
  const options = { worktree, message: 'Do it', trailers: { 'Signalbox-Task': 'tsk_1' } };
  return {
    ...here,
    url,
    mirror,
    worktree,
    run: (...args) => here.plain(dir, ...args),
    make: (path, text) => here.write(join(dir, path), text),
    commit: () => commitAll(options),
    async files(id) {
      const text = await here.plain(mirror.dir, 'ls-tree', '-r', '-z', id);
      return text
        .split('\0')
        .filter(Boolean)
        .map((line) => line.replace(/ [^\t]*\t/, ' '));
    },
  };
}

function made(outcome: CommitOutcome): Extract<CommitOutcome, { kind: 'commit' }> {
  if (outcome.kind !== 'commit') throw new Error(`not a commit: ${JSON.stringify(outcome)}`);
  return outcome;
}

test('what is left is committed, untracked yes, ignored no, with trailers', async () => {
  const here = await work();
  await here.make('README.md', 'two\n');
  await here.make('new/file.txt', 'new\n');
  await here.make('ignored/x', 'x');
  await here.make('a.log', 'x');
  await rm(join(here.worktree.dir, 'src/b.ts'));
  const outcome = made(await here.commit());
  expect(outcome).toMatchObject({ base: here.worktree.base, leftBehind: [], skipped: null });
  expect(await here.files(outcome.commit)).toEqual([
    '100644 .gitignore',
    '100644 README.md',
    '100644 new/file.txt',
    '100644 src/a.ts',
  ]);
  const { dir } = here.mirror;
  const show = await here.plain(dir, 'show', '-s', '--format=%an <%ae>|%cn|%B', outcome.commit);
  const who = 'Signalbox <signalbox@localhost>|Signalbox|';
  expect(show.trim()).toBe(`${who}Do it\n\nSignalbox-Task: tsk_1`);
  expect(await here.plain(dir, 'rev-parse', BRANCH)).toBe(outcome.commit);
  expect(await here.run('status', '--porcelain')).toBe('');
});

test('the same again is the same commit', async () => {
  const here = await work();
  await here.make('x', 'x');
  const first = made(await here.commit());
  expect(made(await here.commit()).commit).toBe(first.commit);
  // As if the run had been killed between the branch and the worktree's HEAD.
  await here.run('update-ref', '--no-deref', 'HEAD', here.worktree.base);
  const again = { worktree: here.worktree, message: 'in other words', trailers: {} };
  expect(made(await commitAll(again)).commit).toBe(first.commit);
});

test('no difference is no change', async () => {
  const here = await work();
  expect(await here.commit()).toEqual({ kind: 'no_change', skipped: null });
  await here.make('ignored/x', 'x');
  await here.run('commit', '--quiet', '--allow-empty', '--message=nothing');
  expect(await here.commit()).toEqual({ kind: 'no_change', skipped: null });
});

test('going to where the base branch is now is no change either', async () => {
  const here = await work();
  await commitElsewhere(here, here.url, { files: { 'theirs.txt': 'x' } });
  await here.run('fetch', '--quiet', 'origin');
  await here.run('reset', '--quiet', '--hard', 'origin/main');
  expect(await here.commit()).toEqual({ kind: 'no_change', skipped: null });
  await here.make('mine.txt', 'x');
  const outcome = made(await here.commit());
  expect(outcome.base).toBe(await here.plain(here.url, 'rev-parse', 'main'));
});

test("the user's identity is used where git has one, else the one given", async () => {
  const here = await work();
  await here.make('x', '1');
  const options = { worktree: here.worktree, message: 'm', trailers: {} };
  const identity = { name: 'ada', email: 'ada@signalbox.localhost' };
  const show = ['show', '-s', '--format=%an <%ae> %cn'];
  const one = made(await commitAll({ ...options, identity }));
  const line = await here.plain(here.mirror.dir, ...show, one.commit);
  expect(line).toBe('ada <ada@signalbox.localhost> ada');
  await here.plain(here.dir, 'config', '--global', 'user.name', 'Own Name');
  await here.plain(here.dir, 'config', '--global', 'user.email', 'own@example.org');
  await here.make('x', '2');
  const two = made(await commitAll({ ...options, identity }));
  const own = await here.plain(here.mirror.dir, ...show, two.commit);
  expect(own).toBe('Own Name <own@example.org> Own Name');
});

test('names that would break other tools arrive as they are', async () => {
  const here = await work();
  const names = [
    '-n',
    '--all',
    "it's",
    'a "b"',
    'line\nend',
    'tab\t',
    'ünï✓',
    ' lead',
    'a\\b',
    ':!x',
  ];
  for (const name of names) await here.make(`odd/${name}`, name);
  await symlink('/etc/passwd', join(here.worktree.dir, 'link'));
  await symlink('nowhere', join(here.worktree.dir, 'dangling'));
  await here.make('run.sh', '#!/bin/sh\n');
  await chmod(join(here.worktree.dir, 'run.sh'), 0o755);
  await execa('mkfifo', [join(here.worktree.dir, 'pipe')]);
  const files = await here.files(made(await here.commit()).commit);
  expect(files).toEqual(expect.arrayContaining(names.map((name) => `100644 odd/${name}`)));
  expect(files).toContain('120000 link');
  expect(files).toContain('120000 dangling');
  expect(files).toContain('100755 run.sh');
  expect(files.join()).not.toContain('pipe');
});

test('a tracked file that became a pipe or a folder does not stop the rest', async () => {
  const here = await work();
  await rm(join(here.worktree.dir, 'README.md'));
  await execa('mkfifo', [join(here.worktree.dir, 'README.md')]);
  await rm(join(here.worktree.dir, 'src/a.ts'));
  await here.make('src/a.ts/index.ts', 'folder now');
  await here.make('x', 'x');
  const outcome = made(await here.commit());
  expect(await here.files(outcome.commit)).toEqual(
    expect.arrayContaining(['100644 src/a.ts/index.ts', '100644 x']),
  );
  expect(outcome.skipped).toContain('README.md');
});

test('locks that a killed command left are no obstacle', async () => {
  const here = await work();
  await here.make('x', 'x');
  await writeFile(join(here.worktree.gitDir, 'index.lock'), '');
  await writeFile(join(here.worktree.gitDir, 'HEAD.lock'), '');
  await writeFile(join(here.mirror.dir, 'refs/heads', `${BRANCH}.lock`), '');
  expect(await here.files(made(await here.commit()).commit)).toContain('100644 x');
});

test('a broken or missing index is made anew', async () => {
  const here = await work();
  await here.make('x', 'x');
  await writeFile(join(here.worktree.gitDir, 'index'), 'rubbish');
  const one = made(await here.commit());
  expect(await here.files(one.commit)).toHaveLength(5);
  await rm(join(here.worktree.gitDir, 'index'));
  await here.make('y', 'y');
  expect(await here.files(made(await here.commit()).commit)).toHaveLength(6);
});

test('a file changed within the same tick and to the same size is not missed', async () => {
  const here = await work();
  const file = join(here.worktree.dir, 'src/a.ts');
  // The times of files that are changed faster than the clock of the file system ticks.
  await here.plain(here.dir, 'config', '--global', 'core.trustctime', 'false');
  await here.make('src/a.ts', '1\n');
  await utimes(file, 1_700_000_000, 1_700_000_000);
  await here.run('add', 'src/a.ts');
  await utimes(join(here.worktree.gitDir, 'index'), 1_700_000_000, 1_700_000_000);
  await here.make('src/a.ts', '2\n');
  await utimes(file, 1_700_000_000, 1_700_000_000);
  const { commit } = made(await here.commit());
  expect(await here.plain(here.mirror.dir, 'show', `${commit}:src/a.ts`)).toBe('2');
});

test('commits of the command stay, with the dirty rest on top', async () => {
  const here = await work();
  await here.make('one', '1');
  await here.run('add', '--all');
  await here.run('commit', '--quiet', '--message=by the command');
  const own = await here.run('rev-parse', 'HEAD');
  expect(made(await here.commit()).commit).toBe(own);
  await here.make('two', '2');
  const { commit } = made(await here.commit());
  expect(await here.plain(here.mirror.dir, 'rev-parse', `${commit}^`)).toBe(own);
});

test('what the command checked out instead of our branch is what counts', async () => {
  for (const args of [['--detach'], ['-b', 'feature'], ['--orphan', 'fresh']]) {
    const here = await work();
    await here.run('checkout', '--quiet', ...args);
    await here.make('one', '1');
    await here.run('add', '--all');
    await here.run('commit', '--quiet', '--message=there');
    const there = await here.run('rev-parse', 'HEAD');
    await here.make('two', '2');
    const outcome = made(await here.commit());
    expect(await here.plain(here.mirror.dir, 'rev-parse', `${BRANCH}^`)).toBe(there);
    expect(outcome.commit).toBe(await here.plain(here.mirror.dir, 'rev-parse', BRANCH));
    expect(await here.files(outcome.commit)).toEqual(
      expect.arrayContaining(['100644 one', '100644 two']),
    );
  }
});

test('a branch without a commit yet is built on ours', async () => {
  const here = await work();
  await here.run('checkout', '--quiet', '--orphan', 'fresh');
  await here.make('one', '1');
  const { commit } = made(await here.commit());
  const parent = await here.plain(here.mirror.dir, 'rev-parse', `${commit}^`);
  expect(parent).toBe(here.worktree.base);
});

async function conflicting(here: Work): Promise<void> {
  await here.make('src/a.ts', 'mine\n');
  await here.run('commit', '--quiet', '--all', '--message=mine');
  await here.make('src/b.ts', 'mine too\n');
  await here.run('commit', '--quiet', '--all', '--message=mine too');
  await commitElsewhere(here, here.url, { files: { 'src/a.ts': 'theirs\n' } });
  await here.run('fetch', '--quiet', 'origin');
}

test('a merge without an end is committed as it lies there', async () => {
  const here = await work();
  await conflicting(here);
  await expect(here.run('merge', 'origin/main')).rejects.toThrow('CONFLICT');
  const { commit, leftBehind } = made(await here.commit());
  const text = await here.plain(here.mirror.dir, 'show', `${commit}:src/a.ts`);
  expect(text).toContain('<<<<<<<');
  expect(leftBehind).toEqual([]);
});

test('a rebase without an end loses none of the commits it had not come to', async () => {
  const here = await work();
  await conflicting(here);
  const before = await here.run('rev-parse', 'HEAD');
  await expect(here.run('rebase', 'origin/main')).rejects.toThrow('CONFLICT');
  const { commit, leftBehind } = made(await here.commit());
  expect(leftBehind).toEqual([before]);
  const refs = await here.plain(here.mirror.dir, 'for-each-ref', '--contains', before);
  expect(refs).toContain(`refs/signalbox/kept/${before}`);
  expect(await here.plain(here.mirror.dir, 'rev-parse', BRANCH)).toBe(commit);
});

test('repositories inside are added as plain files, also nested and without a commit', async () => {
  const here = await work();
  const { dir } = here.worktree;
  await here.plain(dir, 'init', '--quiet', 'empty');
  await here.make('empty/file', 'x');
  await here.make('empty/debug.log', 'ignored by the outer one');
  await here.make('empty/.gitignore', 'own\n');
  await here.make('empty/own', 'ignored by the inner one');
  await here.plain(dir, 'clone', '--quiet', here.url, "vendor/it's a clone");
  await here.plain(join(dir, 'empty'), 'init', '--quiet', 'deeper');
  await here.make('empty/deeper/file', 'x');
  await here.plain(dir, 'init', '--quiet', 'bare-of-files');
  const outcome = made(await here.commit());
  expect(outcome.skipped).toBeNull();
  const files = await here.files(outcome.commit);
  expect(files.filter((file) => !/ (src|README|\.gitignore)/.test(file))).toEqual([
    '100644 empty/.gitignore',
    '100644 empty/deeper/file',
    '100644 empty/file',
    "100644 vendor/it's a clone/.gitignore",
    "100644 vendor/it's a clone/README.md",
    "100644 vendor/it's a clone/src/a.ts",
    "100644 vendor/it's a clone/src/b.ts",
  ]);
  expect(made(await here.commit()).commit).toBe(outcome.commit);
});

test('a repository that the command committed as a pointer becomes files too', async () => {
  const here = await work();
  await here.plain(here.worktree.dir, 'clone', '--quiet', here.url, 'sub');
  await here.run('add', '--all');
  await here.run('commit', '--quiet', '--message=pointer');
  await here.plain(here.worktree.dir, 'init', '--quiet', 'src');
  await here.make('src/c.ts', 'c');
  const files = await here.files(made(await here.commit()).commit);
  expect(files).toContain('100644 sub/README.md');
  expect(files).toContain('100644 src/c.ts');
  expect(files.join()).not.toContain('160000');
});

test('a submodule stays one', async () => {
  const here = await work();
  const allow = ['-c', 'protocol.file.allow=always'];
  await here.run(...allow, 'submodule', '--quiet', 'add', here.url, 'lib');
  const outcome = made(await here.commit());
  expect(await here.files(outcome.commit)).toContain('160000 lib');
  await here.plain(
    here.mirror.dir,
    'push',
    '--quiet',
    here.url,
    `${outcome.commit}:refs/heads/main`,
  );
  await here.mirror.fetch();
  const next = { mirror: here.mirror, branch: 'signalbox/tsk_2/1', commit: outcome.commit };
  const worktree = await addWorktree({ ...next, dir: here.path('work', 'next') });
  await here.write(join(worktree.dir, 'x'), 'x');
  const second = made(await commitAll({ worktree, message: 'm', trailers: {} }));
  expect(await here.files(second.commit)).toContain('160000 lib');
});

test('a large binary file arrives whole', async () => {
  const here = await work();
  const bytes = Buffer.alloc(20_000_000, 'a\0b');
  await here.make('big.bin', bytes);
  const { commit } = made(await here.commit());
  const size = await here.plain(here.mirror.dir, 'cat-file', '-s', `${commit}:big.bin`);
  expect(Number(size)).toBe(bytes.length);
});

test('a worktree that its command deleted or replaced is lost, its commits are not', async () => {
  const tricks: ((dir: string) => Promise<unknown>)[] = [
    (dir) => rm(dir, { recursive: true }),
    async (dir) => {
      await rm(dir, { recursive: true });
      await mkdir(dir);
    },
    async (dir) => {
      await rm(dir, { recursive: true });
      await symlink('/etc', dir);
    },
    async (dir) => {
      await rm(dir, { recursive: true });
      await writeFile(dir, 'a file');
    },
  ];
  for (const trick of tricks) {
    const here = await work();
    await here.run('checkout', '--quiet', '--detach');
    await here.make('one', '1');
    await here.run('add', '--all');
    await here.run('commit', '--quiet', '--message=one');
    const one = await here.run('rev-parse', 'HEAD');
    await trick(here.worktree.dir);
    const outcome = await here.commit();
    expect(outcome).toMatchObject({ kind: 'lost', commit: one, reason: expect.any(String) });
    expect(await here.plain(here.mirror.dir, 'rev-parse', BRANCH)).toBe(one);
  }
  const here = await work();
  await rm(here.worktree.dir, { recursive: true });
  expect(await here.commit()).toMatchObject({ kind: 'lost', commit: null });
});

test("without the worktree's .git, with another, without git's notes: all is there", async () => {
  const tricks: ((here: Work) => Promise<unknown>)[] = [
    (here) => rm(join(here.worktree.dir, '.git')),
    async (here) => {
      await rm(join(here.worktree.dir, '.git'));
      await here.run('init', '--quiet');
    },
    (here) => rm(here.worktree.gitDir, { recursive: true }),
  ];
  for (const trick of tricks) {
    const here = await work();
    await here.make('one', '1');
    await here.run('add', '--all');
    await here.run('commit', '--quiet', '--message=one');
    await here.make('two', '2');
    await trick(here);
    const files = await here.files(made(await here.commit()).commit);
    expect(files).toEqual(expect.arrayContaining(['100644 one', '100644 two', '100644 README.md']));
    expect(files).toHaveLength(6);
  }
});

test('deleting every file is a change, not a loss', async () => {
  const here = await work();
  for (const name of await readdir(here.worktree.dir)) {
    if (name !== '.git') await rm(join(here.worktree.dir, name), { recursive: true });
  }
  expect(await here.files(made(await here.commit()).commit)).toEqual([]);
});

test('hooks, signing and other wishes of the user do not break a commit', async () => {
  const here = await work();
  await here.write(here.path('hooks', 'pre-commit'), '#!/bin/sh\nexit 1\n');
  await chmod(here.path('hooks', 'pre-commit'), 0o755);
  await here.write(
    here.path('home', '.gitconfig'),
    `[core]\n\thooksPath = ${here.path('hooks')}\n\tsafecrlf = true\n\tautocrlf = input\n` +
      '[commit]\n\tgpgsign = true\n\tcleanup = scissors\n[gpg]\n\tprogram = /nonexistent\n' +
      '[status]\n\tshowUntrackedFiles = no\n[user]\n\tuseConfigOnly = true\n',
  );
  await here.make('crlf.txt', 'a\r\nb\n');
  expect(await here.files(made(await here.commit()).commit)).toContain('100644 crlf.txt');
});

test('files without read rights are opened first', async () => {
  const here = await work();
  const { dir } = here.worktree;
  await here.make('secret/in/file', 'x');
  await here.make('closed.txt', 'x');
  for (const name of ['closed.txt', 'secret']) await chmod(join(dir, name), 0);
  const outcome = made(await asOrdinaryUser(here.dir, here.commit));
  expect(outcome.skipped).toBeNull();
  const files = await here.files(outcome.commit);
  expect(files).toEqual(expect.arrayContaining(['100644 closed.txt', '100644 secret/in/file']));
});
