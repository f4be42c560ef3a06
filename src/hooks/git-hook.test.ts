/** Before a commit and a push: real git, real hooks, a real hub. */
import { execFile } from 'node:child_process';
import { chmod, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sessionKey } from './entry/session.ts';
import { entryMain } from './entry-files.ts';
import { openHouse, openPlace, type Env, type House, type Place } from './fixture.ts';
import { gitHooksFolder } from './git.ts';
import { install, uninstall } from './install.ts';

interface Guarded extends House {
  /** Runs git beside this process, so that the hub can answer. */
  tried: (args: readonly string[], more?: Env) => Promise<{ code: number; said: string }>;
  put: (path: string, text: string) => Promise<void>;
  hold: (path: string, agent?: string) => Promise<void>;
}

async function guarded(): Promise<Guarded> {
  const house = await openHouse();
  await install('git', house.wanted());
  const put = async (path: string, text: string): Promise<void> => {
    await mkdir(join(house.repo, path, '..'), { recursive: true });
    await writeFile(join(house.repo, path), text);
  };
  return {
    ...house,
    put,
    tried: (args, more) => tried(house, args, more),
    async hold(path, agent = 'bob') {
      const client = await house.door.hub.as(agent);
      const items = [{ path, repository: house.repo }];
      await client.lock.acquire({ holder: { session: 'his' }, items, reason: 'at work' });
    },
  };
}

function tried(
  { repo, env }: Place,
  args: readonly string[],
  more: Env = {},
): Promise<{ code: number; said: string }> {
  return new Promise((done) => {
    const options = { cwd: repo, env: { ...env, ...more }, encoding: 'utf8' } as const;
    execFile('git', args, options, (error, stdout, stderr) => {
      done({ code: error === null ? 0 : Number(error.code), said: stdout + stderr });
    });
  });
}

test('a commit of what another holds is refused, and names who holds it', async () => {
  const house = await guarded();
  await house.put('src/a.ts', 'one');
  await house.put('b.ts', 'one');
  await house.hold('src/**');
  house.git('add', 'b.ts');
  expect(await house.tried(['commit', '-qm', 'free'])).toEqual({ code: 0, said: '' });
  house.git('add', '.');
  const { code, said } = await house.tried(['commit', '-qm', 'held']);
  expect(code).toBe(1);
  expect(said).toMatch(
    /src\/a\.ts: held by bob until .* \(lck_\w+\) <reason from="bob" untrusted>at work</,
  );
  expect(said).not.toContain('b.ts');
  expect((await house.tried(['commit', '-qm', 'x'], { SIGNALBOX_SKIP: '1' })).code).toBe(0);
});

test('what this very session holds is no obstacle, without anybody naming the session', async () => {
  const house = await guarded();
  const ada = await house.door.hub.as('ada');
  const holder = { session: sessionKey({}, process.pid) };
  await ada.lock.acquire({ holder, items: [{ path: 'a.ts', repository: house.repo }] });
  await house.put('a.ts', 'one');
  house.git('add', '.');
  const unnamed = { SESSION_ID: '', AGENT_ID: 'ada' };
  expect(await house.tried(['commit', '-qm', 'mine'], unnamed)).toEqual({ code: 0, said: '' });
  house.git('init', '-q', '--bare', 'remote.git');
  const pushed = await house.tried(['push', '-q', './remote.git', 'HEAD:main'], unnamed);
  expect(pushed).toEqual({ code: 0, said: '' });
});

test('deleting, renaming and committing only in part are seen', async () => {
  const house = await guarded();
  await house.put('a.ts', 'some text that is long enough to be found again');
  await house.put('b.ts', 'one');
  house.git('add', '.');
  await house.tried(['commit', '-qm', 'first']);
  await house.hold('a.ts');
  house.git('mv', 'a.ts', 'c.ts');
  expect((await house.tried(['commit', '-qm', 'moved'])).code).toBe(1);
  house.git('reset', '-q', '--hard');
  house.git('rm', '-q', 'a.ts');
  expect((await house.tried(['commit', '-qm', 'gone'])).code).toBe(1);
  await house.put('b.ts', 'two');
  expect((await house.tried(['commit', '-qm', 'in part', 'b.ts'])).code).toBe(0);
});

test('what an agent holds itself it may commit, from its own shell', async () => {
  const house = await guarded();
  await house.put('a.ts', 'one');
  house.git('add', '.');
  expect(await house.edit(['a.ts'])).toMatchObject({ code: 0 });
  expect((await house.tried(['commit', '-qm', 'own'])).code).toBe(0);
  await house.put('a.ts', 'two');
  const other = { SESSION_ID: 'there', AGENT_ID: 'claude-code' };
  expect((await house.tried(['commit', '-qam', 'of another session'], other)).code).toBe(1);
});

test('a merge is asked only about what differs from all of its sides', async () => {
  const house = await guarded();
  const skip = { SIGNALBOX_SKIP: '1' };
  await house.put('both.ts', 'one\n');
  await house.put('theirs.ts', 'one\n');
  house.git('add', '.');
  await house.tried(['commit', '-qm', 'first'], skip);
  house.git('checkout', '-q', '-b', 'side');
  await house.put('both.ts', 'side\n');
  await house.put('theirs.ts', 'side\n');
  await house.tried(['commit', '-qam', 'side'], skip);
  house.git('checkout', '-q', 'main');
  await house.put('both.ts', 'main\n');
  await house.tried(['commit', '-qam', 'main'], skip);
  await house.hold('theirs.ts');
  expect((await house.tried(['merge', 'side'])).code).toBe(1);
  await house.put('both.ts', 'put together\n');
  house.git('add', 'both.ts');
  expect(await house.tried(['commit', '-qm', 'merged'])).toEqual({ code: 0, said: '' });
  await house.put('theirs.ts', 'changed by the merge\n');
  house.git('add', '.');
  expect((await house.tried(['commit', '-q', '--amend', '--no-edit'])).code).toBe(1);
});

test('a push is asked about what its commits change, merges understood', async () => {
  const house = await guarded();
  const skip = { SIGNALBOX_SKIP: '1' };
  const remote = join(house.root, 'remote.git');
  house.git('init', '-q', '--bare', remote);
  await house.put('a.ts', 'one\n');
  house.git('add', '.');
  await house.tried(['commit', '-qm', 'first'], skip);
  house.git('remote', 'add', 'origin', remote);
  const named = async (path: string): Promise<void> => {
    const bob = await house.door.hub.as('bob');
    await bob.lock.acquire({ holder: { session: 'his' }, items: [{ path, repository: remote }] });
  };
  await named('held.ts');
  expect((await house.tried(['push', '-q', 'origin', 'main'])).code).toBe(0);

  await house.put('held.ts', 'two\n');
  house.git('add', '.');
  await house.tried(['commit', '-qm', 'second'], skip);
  const refused = await house.tried(['push', '-q', 'origin', 'main']);
  expect(refused.code).toBe(1);
  expect(refused.said).toMatch(/no push: .*held\.ts: held by bob/s);
  expect((await house.tried(['push', '-q', 'origin', 'main:other', '--no-verify'])).code).toBe(0);
  house.git('fetch', '-q');

  // What is on the remote already is nobody's doing here, also where a merge brings it.
  house.git('reset', '-q', '--hard', 'HEAD~1');
  await house.put('free.ts', 'three\n');
  house.git('add', '.');
  await house.tried(['commit', '-qm', 'third'], skip);
  await house.tried(['merge', '-q', '--no-edit', 'origin/other'], skip);
  expect(await house.tried(['push', '-q', 'origin', 'main'])).toEqual({ code: 0, said: '' });
  expect((await house.tried(['push', '-q', 'origin', ':other'])).code).toBe(0);
});

test('thousands of paths are asked about in portions', async () => {
  const house = await guarded();
  for (let at = 0; at < 450; at++) await house.put(`many/${at}.txt`, `${at}`);
  await house.hold('many/99.txt');
  house.git('add', '.');
  const { code, said } = await house.tried(['commit', '-qm', 'many']);
  expect({ code, said }).toMatchObject({ code: 1, said: expect.stringContaining('many/99.txt') });
});

test('without a hub a commit is made and told about, unless hooks are strict', async () => {
  const place = await openPlace();
  await install('git', place.wanted());
  await writeFile(join(place.repo, 'a.ts'), 'one');
  place.git('add', '.');
  const strict = await tried(place, ['commit', '-qm', 'x'], { SIGNALBOX_HOOKS: 'strict' });
  expect(strict).toMatchObject({ code: 1, said: expect.stringMatching(/^signalbox: .*refused/) });
  const { code, said } = await tried(place, ['commit', '-qm', 'x']);
  expect({ code, said }).toMatchObject({
    code: 0,
    said: expect.stringMatching(/not checked\.\n$/),
  });
});

test('a hook that is there already is kept, runs first, and comes back byte for byte', async () => {
  const place = await openPlace();
  const folder = join(place.repo, '.git/hooks');
  const log = join(place.root, 'log');
  const scripts = {
    'pre-commit': `#!/bin/sh\necho commit >>${log}\n`,
    'pre-push': `#!/bin/sh\necho "push $1" >>${log}\ncat >>${log}\n`,
  };
  for (const [name, text] of Object.entries(scripts)) {
    await writeFile(join(folder, name), text);
    await chmod(join(folder, name), 0o775);
  }
  await install('git', place.wanted());
  const again = await install('git', place.wanted());
  expect(again.changes.map(({ isChanged }) => isChanged)).toEqual([false, false]);
  await rm(entryMain(place.env));

  await writeFile(join(place.repo, 'a.ts'), 'one');
  place.git('add', '.');
  expect(await tried(place, ['commit', '-qm', 'x'])).toEqual({ code: 0, said: '' });
  place.git('init', '-q', '--bare', join(place.root, 'remote.git'));
  place.git('remote', 'add', 'origin', join(place.root, 'remote.git'));
  expect(await tried(place, ['push', '-q', 'origin', 'main'])).toEqual({ code: 0, said: '' });
  expect(await readFile(log, 'utf8')).toMatch(
    /^commit\npush origin\nrefs\/heads\/main [0-9a-f]{40} refs\/heads\/main 0{40}\n$/,
  );

  await writeFile(join(folder, 'pre-commit.before-signalbox'), '#!/bin/sh\nexit 3\n');
  await writeFile(join(place.repo, 'a.ts'), 'two');
  expect((await tried(place, ['commit', '-qam', 'y'])).code).toBe(1);
  await writeFile(join(folder, 'pre-commit.before-signalbox'), scripts['pre-commit']);

  await uninstall('git', place.wanted());
  for (const [name, text] of Object.entries(scripts)) {
    expect(await readFile(join(folder, name), 'utf8')).toBe(text);
    expect((await stat(join(folder, name))).mode & 0o777).toBe(0o775);
  }
});

test('hooks go where git looks for them: worktrees share them, core.hooksPath moves them', async () => {
  const place = await openPlace();
  place.git('commit', '-q', '--allow-empty', '-m', 'x');
  place.git('worktree', 'add', '-q', join(place.root, 'tree'));
  const shared = join(place.repo, '.git/hooks');
  expect(await gitHooksFolder({ cwd: join(place.root, 'tree') })).toBe(shared);
  place.git('config', 'core.hooksPath', 'own-hooks');
  expect(await gitHooksFolder({ cwd: place.repo })).toBe(join(place.repo, 'own-hooks'));
  await install('git', place.wanted());
  expect((await stat(join(place.repo, 'own-hooks/pre-commit'))).mode & 0o111).toBe(0o111);
  await uninstall('git', place.wanted());
  await expect(stat(join(place.repo, 'own-hooks/pre-commit'))).rejects.toThrow('ENOENT');
  await expect(install('git', place.wanted({ cwd: place.root }))).rejects.toThrow(/no repository/);
});

test('a path that no lock can carry hides no other one', async () => {
  const house = await guarded();
  await house.put('odd\u0007name', 'one');
  await house.put('!not', 'one');
  house.git('add', '.');
  const odd = await house.tried(['commit', '-qm', 'odd']);
  expect(odd).toEqual({
    code: 0,
    said: 'signalbox: The locks of a path whose name no lock can carry were not checked.\n',
  });
  await house.hold('src/**');
  await house.put('odd\u0007name', 'two');
  await house.put('src/a.ts', 'two');
  house.git('add', '.');
  const { code, said } = await house.tried(['commit', '-qm', 'held']);
  expect(code).toBe(1);
  expect(said).toContain('src/a.ts: held by bob');
});
