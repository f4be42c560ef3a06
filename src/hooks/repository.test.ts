/** Which repository a file lies in: read without git, and the same as git says. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { placeOf, repositoryOf } from './entry/repository.ts';
import { openPlace } from './fixture.ts';

test.each([
  ['https://git.example.org/ada/app.git', 'https://git.example.org/ada/app.git'],
  ['https://ada:secret@git.example.org/app', 'https://git.example.org/app'],
  ['git@git.example.org:ada/app.git', 'git@git.example.org:ada/app.git'],
  ['git.example.org:ada/app.git', 'ssh://git.example.org/ada/app.git'],
  ['ssh://git@git.example.org/app', 'ssh://git@git.example.org/app'],
  ['file:///srv/app.git', 'file:///srv/app.git'],
  ['/srv/app.git', '/srv/app.git'],
])('a remote %s names the repository', async (remote, url) => {
  const { repo, git } = await openPlace();
  git('remote', 'add', 'origin', remote);
  expect(repositoryOf(repo)).toEqual({ url, top: repo });
});

test('a remote beside it is named by its whole path', async () => {
  const { root, repo, git } = await openPlace();
  git('remote', 'add', 'origin', '../other.git');
  expect(repositoryOf(join(repo, 'deep/down'))?.url).toBe(join(root, 'other.git'));
});

test('without a remote all worktrees are named by the main one', async () => {
  const { root, repo, git } = await openPlace();
  git('commit', '-q', '--allow-empty', '-m', 'x');
  const tree = join(root, 'tree');
  git('worktree', 'add', '-q', tree);
  expect(repositoryOf(repo)).toEqual({ url: repo, top: repo });
  expect(placeOf('src/a.ts', tree)).toEqual({ repository: repo, path: 'src/a.ts' });
});

test('a submodule is a repository of its own', async () => {
  const { root, repo, git } = await openPlace();
  const other = join(root, 'other');
  git('init', '-q', other);
  git('-C', other, 'commit', '-q', '--allow-empty', '-m', 'x');
  git('-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', other, 'sub');
  expect(placeOf('sub/a.ts', repo)).toEqual({ repository: other, path: 'a.ts' });
  expect(placeOf('a.ts', repo)).toEqual({ repository: repo, path: 'a.ts' });
});

test('links are followed as far as there is something, and the rest is taken as it stands', async () => {
  const { root, repo } = await openPlace();
  await mkdir(join(repo, 'src'));
  await writeFile(join(repo, 'src/a.ts'), '');
  await symlink(repo, join(root, 'alias'));
  await symlink('src/a.ts', join(repo, 'link.ts'));
  await symlink(root, join(repo, 'out'));
  expect(placeOf('alias/src/new/b.ts', root)?.path).toBe('src/new/b.ts');
  expect(placeOf('link.ts', repo)?.path).toBe('src/a.ts');
  expect(placeOf('out/notes.md', repo)).toBeUndefined();
  expect(placeOf('src/../../repo/c.ts', repo)?.path).toBe('c.ts');
});

test('what is no repository, and what is its inside, is no place', async () => {
  const { root, repo } = await openPlace();
  await mkdir(join(root, 'plain/.git'), { recursive: true });
  await mkdir(join(root, 'odd'));
  await writeFile(join(root, 'odd/.git'), 'gitdir: nowhere\n');
  expect(placeOf('a.ts', join(root, 'plain'))).toBeUndefined();
  expect(placeOf('a.ts', join(root, 'odd'))).toBeUndefined();
  expect(placeOf('.git/config', repo)).toBeUndefined();
  expect(placeOf('/', repo)).toBeUndefined();
});

test('the configuration is read as git reads it', async () => {
  const { root, repo, git } = await openPlace();
  const word = fc.stringMatching(/^[a-z0-9 #;"\\.-]{1,12}$/).filter((text) => text.trim() === text);
  await fc.assert(
    fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 3 }), async (words) => {
      const path = join(root, ...words.map((one) => `x${one}`));
      git('config', 'remote.origin.url', path);
      expect(repositoryOf(repo)?.url).toBe(git('config', 'remote.origin.url'));
    }),
    { numRuns: 25 },
  );
});

test('of two remotes and two addresses the last one of origin counts', async () => {
  const { repo, git } = await openPlace();
  const config = [
    '[remote "origin"] url = /srv/one.git',
    '[remote "upstream"]',
    '\turl = /srv/two.git',
    '[Remote "origin"]',
    '\tURL = "/srv/three.git" ; here',
    '[branch "main"]',
    '\turl = /srv/four.git',
  ];
  await writeFile(join(repo, '.git/config'), `${config.join('\n')}\n`);
  expect(repositoryOf(repo)?.url).toBe('/srv/three.git');
  expect(git('config', 'remote.origin.url')).toBe('/srv/three.git');
});
