/** Commands that break what is around them: the attempt ends, the sidecar lives on. */
import { readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { dataFolder, makeBench, newTask, type Bench } from './fixture.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await makeBench();
});
afterEach(() => bench.close());

const listed = async (folder: string): Promise<string[]> =>
  readdir(join(dataFolder(bench.place), folder)).catch(() => []);
const isClean = async (): Promise<void> => {
  await vi.waitFor(async () => {
    expect(await listed('attempts')).toEqual([]);
    expect(await listed('work')).toEqual([]);
  }, 10_000);
};
/** A file of the branch that the attempt was pushed to. */
const pushed = (id: string, file: string): Promise<string> =>
  bench.place.plain(bench.url, 'show', `signalbox/${id}/1:${file}`);
const next = async (): Promise<void> => {
  const count = bench.hub.inputsOf('task.complete').length;
  await bench.place.write(bench.place.path('out.second'), '');
  bench.hub.offer(newTask());
  await bench.called('task.complete', count + 1);
};

/** What the command does first; afterwards a second task must still be done. */
const scripts: [title: string, script: string, report: string, reason: RegExp, file?: string][] = [
  ['deletes its worktree', 'rm -rf "$PWD"', 'task.fail', /worktree is gone/],
  [
    'deletes it with a commit in it',
    'git add -A; git commit -qm x; rm -rf "$PWD"',
    'task.fail',
    /worktree is gone/,
    'new',
  ],
  ['deletes all files in it', 'rm -rf .[!.]* *', 'task.fail', /All of the worktree was deleted/],
  ['deletes .git', 'rm -rf .git', 'task.complete', /^$/, 'new'],
  [
    'makes a repository of its own',
    'rm -rf .git; git init -q; git add -A; git commit -qm x',
    'task.complete',
    /^$/,
    'new',
  ],
  [
    'uses git where its .git is gone',
    'rm .git; git add -A && exit 9; true',
    'task.complete',
    /^$/,
    'new',
  ],
  ['goes elsewhere', 'cd /; true', 'task.complete', /^$/, 'new'],
  [
    'switches the branch',
    'git checkout -q -b elsewhere; git add -A; git commit -qm x',
    'task.complete',
    /^$/,
    'new',
  ],
  ['leaves a merge unfinished', 'sh $OUT.merge', 'task.fail', /unresolved conflicts/, 'README.md'],
  ['leaves a rebase unfinished', 'sh $OUT.rebase', 'task.fail', /rebase unfinished/],
  ['replaces its worktree by a file', 'cd ..; rm -rf tree; echo > tree', 'task.fail', /replaced/],
  [
    'makes folders nobody may enter',
    'mkdir -p deep/er; touch deep/er/x; chmod 0 deep',
    'task.complete',
    /^$/,
    'deep/er/x',
  ],
  [
    'leaves a lock of git',
    'touch $(git rev-parse --git-dir)/index.lock',
    'task.complete',
    /^$/,
    'new',
  ],
  ['makes a fifo and a link to itself', 'mkfifo fifo; ln -s . loop', 'task.complete', /^$/, 'new'],
  ['kills its whole group', 'kill -9 0', 'task.fail', /was ended by SIGKILL/, 'new'],
];

const conflict = `
  git config user.name x; git config user.email x@example.org
  git checkout -q -b one; echo 1 > README.md; git commit -qam one
  git checkout -q -b two HEAD~1; echo 2 > README.md; git commit -qam two`;

test.each(scripts)('a command that %s', async (...row) => {
  const [, script, report, reason, file] = row;
  await writeFile(bench.place.path('out.merge'), `${conflict}\ngit merge one\nexit 0`);
  await writeFile(bench.place.path('out.rebase'), `${conflict}\ngit rebase one\nexit 0`);
  bench.start(`test -e $OUT.second && exit; echo new > new; ${script}`);
  await bench.heard('connected');
  const task = newTask({ repository: bench.repository });
  bench.hub.offer(task);
  const said = await bench.called(report);
  expect(said['reason'] ?? '').toMatch(reason);
  if (file !== undefined)
    expect(await pushed(task.id, file)).toMatch(/^(new|)$|<<<<<<<[^]*>>>>>>>/);
  await next();
  await isClean();
});

test('a command that destroys the copy of the repository loses none of its files', async () => {
  bench.start(
    'test -e $OUT.second && exit; echo new > new; rm -rf "$(git rev-parse --git-common-dir)"',
  );
  await bench.heard('connected');
  bench.hub.offer(newTask({ repository: bench.repository }));
  expect(await bench.called('task.fail')).toMatchObject({
    reason: expect.stringMatching(/copy of the repository was damaged.*kept on the machine/),
  });
  const { folder } = await bench.heard('kept');
  expect(await readdir(folder)).toContain('new');
  await next();
});

test('a repository that goes away gets the work when it is back', async () => {
  const away = `${bench.url}.away`;
  const { stop, ended } = bench.start('echo new > new; mv $REPOSITORY $REPOSITORY.away', {
    env: { ...bench.place.env, REPOSITORY: bench.url },
  });
  await bench.heard('connected');
  const task = newTask({ repository: bench.repository });
  bench.hub.offer(task);
  expect(await bench.called('task.fail')).toMatchObject({
    reason: expect.stringContaining('kept on the machine of the agent until it can be pushed'),
  });
  stop();
  await ended;
  expect(await listed('attempts')).toHaveLength(1);
  await rename(away, bench.url);
  bench.start('true');
  await isClean();
  expect(await pushed(task.id, 'new')).toBe('new');
  expect(bench.hub.inputsOf('task.fail')).toHaveLength(1);
});

test('what cannot be pushed says why, and this machine rests while others try', async () => {
  const hook = '#!/bin/sh\necho no room >&2\nexit 1\n';
  const path = join(bench.url, 'hooks', 'pre-receive');
  await writeFile(path, hook, { mode: 0o755 });
  bench.start('echo new > new');
  await bench.heard('connected');
  const task = newTask({ repository: bench.repository });
  bench.hub.offer(task);
  expect(await bench.called('task.fail')).toMatchObject({
    reason: expect.stringMatching(/kept on the machine .* until it can be pushed: .*no room/s),
  });
  const { reason } = await bench.heard('paused');
  expect(reason).toContain('no room');
  expect(bench.hub.inputsOf('agent.drain')).toHaveLength(1);
});

test('a branch that the command has used and rewritten is not overwritten', async () => {
  const steps = ['git add -A', 'git commit -qm one', 'git push -q origin HEAD:$BRANCH'];
  const amend = 'echo newer > new; git commit -qa --amend -m two';
  const branch = 'BRANCH=refs/heads/signalbox/$SIGNALBOX_TASK_ID/$SIGNALBOX_ATTEMPT';
  bench.start(`${branch}; echo new > new; ${steps.join(' && ')}; ${amend}`);
  await bench.heard('connected');
  const task = newTask({ repository: bench.repository });
  bench.hub.offer(task);
  expect(await bench.called('task.complete')).toMatchObject({
    change: { branch: `signalbox/${task.id}/1-other` },
  });
  expect(await pushed(task.id, 'new')).toBe('new');
  await isClean();
});
