import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Place } from './fixture.ts';
import { commitElsewhere, makePlace } from './fixture.ts';
import { GitError } from './git-error.ts';
import { treeOf } from './history.ts';
import { rebaseOnto } from './rebase.ts';
import type { Git } from './run.ts';

const FILES = { 'a.txt': '1\n2\n3\n4\n5\n6\n7\n8\n', 'b.txt': 'b\n' };

async function place() {
  const here = await makePlace();
  onTestFinished(here.remove);
  const url = await here.remote('box', FILES);
  const work = here.path('change');
  await here.plain(here.dir, 'clone', '--quiet', url, work);
  /** The change of an agent, as commits in a clone; answers the pushed head. */
  const commit = async (files: Readonly<Record<string, string>>, message: string) => {
    for (const [file, text] of Object.entries(files)) await here.write(join(work, file), text);
    await here.plain(work, 'add', '--all');
    await here.plain(work, 'commit', '--quiet', '--allow-empty', `--message=${message}`);
    return here.plain(work, 'rev-parse', 'HEAD');
  };
  const ready = async () => {
    await here.plain(work, 'push', '--quiet', '--force', 'origin', 'HEAD:refs/heads/change');
    const mirror = await here.mirror(url);
    await mirror.fetch();
    const base = String(await mirror.resolve('main'));
    const head = String(await mirror.resolve('change'));
    return { mirror, pair: { base, head } };
  };
  return { ...here, url, work, commit, ready };
}

function land(here: Place & { url: string }, files: Readonly<Record<string, string>>) {
  return commitElsewhere(here, here.url, { files });
}

test('on an unmoved base the commit is the head itself', async () => {
  const here = await place();
  const head = await here.commit({ 'c.txt': 'c' }, 'one');
  const { mirror, pair } = await here.ready();
  expect(await rebaseOnto(mirror, pair)).toEqual({ kind: 'ready', commit: head, how: 'as_is' });
});

test('on a moved base the commits are replayed with author, message and trailers', async () => {
  const here = await place();
  await here.commit({ 'a.txt': FILES['a.txt'].replace('1', 'one') }, 'first\n\nTask: tsk_1');
  await here.commit({ 'c.txt': 'c\n' }, 'second');
  const other = await land(here, { 'a.txt': FILES['a.txt'].replace('8', 'eight') });
  const { mirror, pair } = await here.ready();
  const outcome = await rebaseOnto(mirror, pair);
  expect(outcome).toMatchObject({ kind: 'ready', how: 'rebased' });
  const commit = outcome.kind === 'ready' ? outcome.commit : '';
  const format = '--format=%P|%an <%ae>|%cn|%B';
  const log = await here.plain(mirror.dir, 'log', '--reverse', format, `${other}..${commit}`);
  const who = 'Grace <grace@example.org>|Signalbox';
  expect(
    log
      .trim()
      .split(/\n+/)
      .map((line) => line.replace(/^[0-9a-f]{40}\|/, '')),
  ).toEqual([`${who}|first`, 'Task: tsk_1', `${who}|second`]);
  expect(await here.plain(mirror.dir, 'rev-parse', `${commit}~2`)).toBe(other);
  expect(await here.plain(mirror.dir, 'show', `${commit}:a.txt`)).toMatch(/^one\n[^]*eight$/);
  expect(await rebaseOnto(mirror, pair)).toEqual(outcome);
  expect((await readdir(mirror.dir)).includes('worktrees')).toBe(false);
});

test('a conflict names the paths and says what git says', async () => {
  const here = await place();
  await here.commit({ 'a.txt': 'mine\n', 'b.txt': 'mine\n', 'c.txt': 'c' }, 'mine');
  await land(here, { 'a.txt': 'theirs\n', 'b.txt': 'theirs\n' });
  const { mirror, pair } = await here.ready();
  expect(await rebaseOnto(mirror, pair)).toEqual({
    kind: 'conflict',
    paths: ['a.txt', 'b.txt'],
    output:
      'CONFLICT (content): Merge conflict in a.txt\nCONFLICT (content): Merge conflict in b.txt',
  });
});

test('a change that the base has already is contained', async () => {
  const here = await place();
  await here.commit({ 'c.txt': 'c\n' }, 'same');
  await land(here, { 'c.txt': 'c\n', 'd.txt': 'd\n' });
  const { mirror, pair } = await here.ready();
  expect(await rebaseOnto(mirror, pair)).toEqual({ kind: 'contained' });
  const older = { head: await here.plain(here.work, 'rev-parse', 'HEAD~1'), base: pair.base };
  expect(await rebaseOnto(mirror, older)).toEqual({ kind: 'contained' });
});

test('a commit that has become empty is left out, one that was empty stays', async () => {
  const here = await place();
  await here.commit({ 'c.txt': 'c\n' }, 'landed elsewhere too');
  await here.commit({}, 'empty on purpose');
  await here.commit({ 'e.txt': 'e\n' }, 'ours');
  await land(here, { 'c.txt': 'c\n' });
  const { mirror, pair } = await here.ready();
  const outcome = await rebaseOnto(mirror, pair);
  const commit = outcome.kind === 'ready' ? outcome.commit : '';
  const log = await here.plain(mirror.dir, 'log', '--format=%s', `${pair.base}..${commit}`);
  expect(log).toBe('ours\nempty on purpose');
});

test('a change with merges in it, or with steps that cancel out, becomes a merge', async () => {
  const merging = await place();
  await merging.commit({ 'a.txt': 'mine\n' }, 'mine');
  await land(merging, { 'a.txt': 'theirs\n' });
  await merging.plain(merging.work, 'fetch', '--quiet');
  const merge = merging.plain(merging.work, 'merge', '--quiet', 'origin/main');
  await expect(merge).rejects.toThrow();
  await merging.commit({ 'a.txt': 'both\n' }, 'resolved');
  await land(merging, { 'd.txt': 'd\n' });
  const easy = await place();
  await easy.commit({ 'c.txt': 'c\n' }, 'mine');
  await land(easy, { 'd.txt': 'd\n' });
  await easy.plain(easy.work, 'pull', '--quiet', '--no-rebase', '--no-edit', 'origin', 'main');
  await land(easy, { 'f.txt': 'f\n' });
  const cancelling = await place();
  await cancelling.commit({ 'a.txt': 'mine\n' }, 'step');
  await cancelling.commit({ ...FILES, 'e.txt': 'e\n' }, 'back');
  await land(cancelling, { 'a.txt': 'theirs\n' });
  for (const here of [merging, easy, cancelling]) {
    const { mirror, pair } = await here.ready();
    const outcome = await rebaseOnto(mirror, pair);
    expect(outcome).toMatchObject({ kind: 'ready', how: 'merged' });
    expect(await rebaseOnto(mirror, pair)).toEqual(outcome);
    const commit = outcome.kind === 'ready' ? outcome.commit : '';
    const parents = await here.plain(mirror.dir, 'show', '-s', '--format=%P', commit);
    expect(parents).toBe(`${pair.base} ${pair.head}`);
    expect(await treeOf(mirror, commit)).not.toBe(await treeOf(mirror, pair.base));
    await here.plain(mirror.dir, 'fsck', '--strict', '--no-dangling', commit);
  }
});

test('a commit that git would not make any more is merged as it is', async () => {
  const here = await place();
  await here.commit({ 'c.txt': 'c\n' }, 'odd');
  await land(here, { 'd.txt': 'd\n' });
  const { mirror, pair } = await here.ready();
  // Newer gits check what they are given: this one takes no moved commit.
  const text: Git['text'] = (args, options) =>
    args[0] === 'hash-object' && typeof options?.input !== 'string'
      ? Promise.reject(new GitError({ kind: 'other', message: 'missing email' }))
      : mirror.git.text(args, options);
  const strict = { ...mirror, git: { ...mirror.git, text } };
  expect(await rebaseOnto(strict, pair)).toMatchObject({ kind: 'ready', how: 'merged' });
});

test('a change of another history is a conflict', async () => {
  const here = await place();
  await here.plain(here.work, 'checkout', '--quiet', '--orphan', 'fresh');
  await here.commit({ 'c.txt': 'c' }, 'alone');
  const { mirror, pair } = await here.ready();
  expect(await rebaseOnto(mirror, pair)).toMatchObject({ kind: 'conflict', paths: [] });
});

test('commits that are not in the mirror are asked for by name', async () => {
  const here = await place();
  const { mirror, pair } = await here.ready();
  const unknown = rebaseOnto(mirror, { ...pair, head: 'a'.repeat(40) });
  await expect(unknown).rejects.toMatchObject({
    kind: 'not_found',
    hint: expect.stringContaining('Fetch first'),
  });
  await expect(rebaseOnto(mirror, { ...pair, head: '--all' })).rejects.toThrow('no full commit');
});
