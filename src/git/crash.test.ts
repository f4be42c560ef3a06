/**
 * The whole way of an attempt in a process of its own that is killed at one git command after the
 * other, by a `git` that kills its parent before or after the real one, and started again from the
 * top each time.
 */
import { chmod, readdir, readFile } from 'node:fs/promises';
import { execa } from 'execa';
import { expect, onTestFinished, test } from 'vitest';
import { makePlace } from './fixture.ts';

const SCRIPT = `
  const from = (name) => import(\`\${process.argv[1]}/\${name}.ts\`);
  const [{ openMirror }, worktrees, { commitAll }, land, { rebaseOnto }, { createGit }, sandbox] =
    await Promise.all(
      ['mirror', 'worktree', 'commit', 'land', 'rebase', 'run', 'sandbox'].map(from),
    );
  const { existsSync, writeFileSync } = await import('node:fs');
  const [, , url, root, checks] = process.argv;
  const git = createGit({ env: process.env });
  const mirror = await openMirror({ git, url, dir: \`\${root}/mirror\` });
  await mirror.fetch();
  const dir = \`\${root}/trees/t-1\`;
  const branch = 'signalbox/t/1';
  const commit = await mirror.resolve('main');
  const worktree =
    (await worktrees.openWorktree({ mirror, dir })) ??
    (await worktrees.addWorktree({ mirror, branch, commit, dir }));
  if (!existsSync(\`\${dir}/result\`)) writeFileSync(\`\${dir}/result\`, 'result');
  const outcome = await commitAll({ worktree, message: 'Do it', trailers: { Task: 't' } });
  if (outcome.kind === 'lost') throw new Error(outcome.reason);
  if (outcome.kind === 'commit') {
    await land.pushBranch(mirror, { commit: outcome.commit, branch });
    const expected = await land.readBase(mirror);
    const tested = await rebaseOnto(mirror, { head: outcome.commit, base: expected });
    if (tested.kind === 'ready') {
      const sandboxDir = \`\${checks}/\${process.pid}\`;
      const options = { commit: tested.commit, baseCommit: expected, dir: sandboxDir };
      await sandbox.exportCommit(mirror, options);
      const landing = { commit: tested.commit, branch: 'main', expected };
      const landed = await land.push(mirror, landing);
      if (landed !== 'landed') throw new Error(landed);
    }
  }
  await worktrees.removeWorktree(worktree);
`;

const DEADLY_GIT = `#!/bin/sh
if test ! -d "$DEADLY"; then exec "$REAL_GIT" "$@"; fi
count=$(cat "$DEADLY/count" 2>/dev/null || echo 0)
count=$((count + 1))
echo $count > "$DEADLY/count"
if test $count -eq "$DIE_AT"; then
  test $((count % 2)) -eq 0 || "$REAL_GIT" "$@" >/dev/null 2>&1
  echo dead > "$DEADLY/died"
  kill -9 $PPID
  exit 1
fi
exec "$REAL_GIT" "$@"
`;

test('killed at any git command and begun again, an attempt lands once and whole', async () => {
  const here = await makePlace();
  onTestFinished(here.remove);
  const url = await here.remote('box');
  const real = (await execa('sh', ['-c', 'command -v git'])).stdout;
  await here.write(here.path('bin', 'git'), DEADLY_GIT);
  await chmod(here.path('bin', 'git'), 0o755);
  const args = ['--input-type=module', '-e', SCRIPT, import.meta.dirname, url, here.dir];
  let kills = 0;
  for (let dieAt = 1; ; dieAt += 3) {
    const deadly = here.path('deadly', String(dieAt));
    await here.write(`${deadly}/note`, '');
    const env = {
      ...here.env,
      PATH: `${here.path('bin')}:${here.env['PATH']}`,
      REAL_GIT: real,
      DEADLY: deadly,
      DIE_AT: String(dieAt),
    };
    const options = { cwd: here.dir, env, extendEnv: false, reject: false };
    const run = await execa(process.execPath, [...args, here.path('checks')], options);
    if (run.signal === undefined) {
      expect(run.stderr).toBe('');
      expect(await readdir(deadly)).not.toContain('died');
      break;
    }
    expect(run.signal).toBe('SIGKILL');
    kills++;
  }
  expect(kills).toBeGreaterThan(8);
  const log = await here.plain(url, 'log', '--format=%s', 'main');
  expect(log).toBe('Do it\nfirst');
  expect(await here.plain(url, 'show', 'main:result')).toBe('result');
  expect(await readdir(here.path('trees'))).toEqual([]);
  expect((await readdir(here.dir)).filter((name) => name.includes('partial'))).toEqual([]);
  const worktrees = await here.plain(here.path('mirror'), 'worktree', 'list');
  expect(worktrees.split('\n')).toHaveLength(1);
  for (const name of await readdir(here.path('checks'))) {
    if (!name.includes('partial')) await readFile(here.path('checks', name, 'result'));
  }
}, 60_000);
