import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { examineFolder, judgeKind, judgeSpace } from './folder.ts';
import { judgeHooks } from './hooks.ts';
import { judgeSkew } from './hub.ts';
import { examineClock, examineGit, examineNode, judgeGit } from './programs.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'signalbox-doctor-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('hooks that are broken, old or missing are found out', () => {
  const hooks = (state: 'installed' | 'other' | 'none' | 'unreadable') => [
    {
      target: 'claude' as const,
      title: 'Claude Code',
      isUsed: true,
      state,
      problem: state === 'unreadable' ? 'line 3: a comment' : null,
      files: [],
      limits: [],
    },
  ];
  const entry = { path: '/d/main.js', installed: 'a', isCurrent: true, problem: null };
  expect(judgeHooks(hooks('installed'), entry)).toMatchObject({ state: 'ok', hint: null });
  expect(judgeHooks(hooks('installed'), entry).message).toMatch(/shell command.*merge gate/);
  expect(judgeHooks(hooks('none'), entry).message).toMatch(/none for Claude Code/);
  expect(judgeHooks(hooks('other'), entry)).toMatchObject({
    state: 'warn',
    hint: 'signalbox hooks install claude',
  });
  expect(judgeHooks(hooks('unreadable'), entry).message).toMatch(/line 3/);
  const broken = { ...entry, problem: 'It does not run: x' };
  expect(judgeHooks(hooks('installed'), broken)).toMatchObject({ state: 'warn' });
  const old = { ...entry, isCurrent: false };
  expect(judgeHooks(hooks('installed'), old)).toMatchObject({ state: 'warn' });
});

test('an old Node.js is found out', () => {
  expect(examineNode('24.0.0').state).toBe('ok');
  expect(examineNode('25.1.0').state).toBe('ok');
  expect(examineNode('22.12.0')).toMatchObject({
    state: 'fail',
    hint: expect.stringMatching(/24/),
  });
});

test('an old git, and none, are found out', async () => {
  expect(judgeGit('git version 2.38.0', '').state).toBe('ok');
  expect(judgeGit('git version 3.0.1.windows.2', '').state).toBe('ok');
  expect(judgeGit('git version 2.37.9 (Apple Git-1)', '')).toMatchObject({ state: 'fail' });
  expect(judgeGit('git version 1.99.0', '').state).toBe('fail');
  expect(judgeGit('hello', '').state).toBe('fail');
  expect(await examineGit(process.env)).toMatchObject({
    state: 'ok',
    message: expect.stringMatching(/^git \d/),
  });
  expect(await examineGit({ PATH: root })).toMatchObject({
    state: 'fail',
    hint: expect.stringMatching(/apt-get/),
  });
});

test('a clock that was never set, or that differs from the hub, is found out', () => {
  expect(examineClock(0)).toMatchObject({
    state: 'warn',
    message: expect.stringMatching(/1970-01-01/),
  });
  expect(examineClock(1_800_000_000_000).state).toBe('ok');
  expect(judgeSkew(4_000).state).toBe('ok');
  expect(judgeSkew(7 * 60_000)).toMatchObject({
    state: 'warn',
    message: expect.stringMatching(/7 m/),
  });
});

test('a folder that is not there yet is judged by where it would be', async () => {
  const findings = await examineFolder(join(root, 'a', 'b'));
  expect(findings).toMatchObject([
    { name: 'data folder', state: 'ok', message: expect.stringMatching(/made at the first start/) },
    { name: 'file system', state: 'ok' },
    { name: 'disk space' },
  ]);
});

test('a file in the place of the folder is found out', async () => {
  await writeFile(join(root, 'file'), '');
  expect(await examineFolder(join(root, 'file'))).toMatchObject([
    { state: 'fail', message: expect.stringMatching(/is not a folder/) },
  ]);
});

test('an admin token that others can read is found out', async () => {
  const path = join(root, 'admin.token');
  await writeFile(path, 'sbx_x', { mode: 0o600 });
  expect((await examineFolder(root)).at(-1)).toMatchObject({ name: 'admin token', state: 'ok' });
  await chmod(path, 0o644);
  expect((await examineFolder(root)).at(-1)).toMatchObject({
    state: 'fail',
    hint: `chmod 600 ${path}`,
  });
});

test('a file system over the network is refused, and FUSE is asked about', () => {
  expect(judgeKind('/d', 0x6969)).toMatchObject({
    state: 'fail',
    message: expect.stringMatching(/NFS/),
  });
  expect(judgeKind('/d', 0xff534d42)).toMatchObject({
    state: 'fail',
    message: expect.stringMatching(/CIFS/),
  });
  expect(judgeKind('/d', 0xff534d42 | 0)).toMatchObject({
    state: 'fail',
    message: expect.stringMatching(/CIFS/),
  });
  expect(judgeKind('/d', 0x65735546).state).toBe('warn');
  expect(judgeKind('/d', 0xef53).state).toBe('ok');
});

test('a disk that is nearly full is found out', () => {
  expect(judgeSpace('/d', 2 * 1024 ** 3).state).toBe('ok');
  expect(judgeSpace('/d', 500 * 1024 ** 2).state).toBe('warn');
  expect(judgeSpace('/d', 50 * 1024 ** 2).state).toBe('fail');
});
