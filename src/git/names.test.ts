import { execa } from 'execa';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { branchProblem, isCommitId } from '../core/git-names.ts';
import { GitError } from './git-error.ts';
import { attemptBranch, checkBranch, mirrorName, parseLocation } from './names.ts';

test.each([
  ['main'],
  ['signalbox/tsk_01/3'],
  ['feature/ünïcode-✓'],
  ['a@b'],
  ['release-1.2.x'],
  ["it's"],
  ['$(id)'],
])('%j is a branch name', (name) => {
  expect(branchProblem(name)).toBeNull();
});

test.each([
  [''],
  ['-d'],
  ['--upload-pack=sh'],
  ['a..b'],
  ['../../etc'],
  ['a/./b'],
  ['.hidden'],
  ['a/.b'],
  ['a.lock'],
  ['a.lock/b'],
  ['/a'],
  ['a/'],
  ['a//b'],
  ['a.'],
  ['a b'],
  ['a\tb'],
  ['a\nb'],
  ['a\0b'],
  ['a\u007fb'],
  ['a~1'],
  ['a^'],
  ['a:b'],
  ['a?'],
  ['a*'],
  ['a[b'],
  ['a\\b'],
  ['a@{1}'],
  ['@'],
  ['HEAD'],
  ['refs/heads/main'],
  ['\ud800'],
  ['0123456789abcdef0123456789abcdef01234567'],
  ['x'.repeat(300)],
])('%j is refused as a branch name', (name) => {
  expect(branchProblem(name)).not.toBeNull();
  expect(() => checkBranch(name)).toThrow(GitError);
});

test('what is taken as a branch name git takes too', async () => {
  const part = fc.constantFrom(
    'a',
    'B',
    '.',
    '/',
    '-',
    '@',
    '{',
    ' ',
    '~',
    'lock',
    'é',
    '\\',
    '\n',
  );
  const name = fc.oneof(
    fc.array(part, { maxLength: 8 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 12 }),
  );
  await fc.assert(
    fc.asyncProperty(name, async (text) => {
      fc.pre(branchProblem(text) === null);
      const check = ['check-ref-format', '--branch', text];
      const env = { PATH: process.env['PATH'] };
      const options = { env, extendEnv: false, reject: false };
      expect((await execa('git', check, options)).exitCode).toBe(0);
    }),
    { numRuns: 120 },
  );
});

test('the branch of an attempt is named for task and attempt', () => {
  expect(attemptBranch('tsk_01ab', 2)).toBe('signalbox/tsk_01ab/2');
  expect(() => attemptBranch('../x', 1)).toThrow('no task id');
  for (const attempt of [0, -1, 1.5, Number.NaN]) {
    expect(() => attemptBranch('tsk_1', attempt)).toThrow('no attempt');
  }
});

test('only a full lower-case hash is a commit id', () => {
  expect(isCommitId('a'.repeat(40))).toBe(true);
  expect(isCommitId('a'.repeat(64))).toBe(true);
  for (const text of ['', 'HEAD', 'a'.repeat(39), 'A'.repeat(40), `${'a'.repeat(40)}\n`, '-a']) {
    expect(isCommitId(text)).toBe(false);
  }
});

test.each([
  ['https://GitHub.com/Ada/Box.git', 'https://github.com/Ada/Box'],
  ['HTTPS://github.com:443/Ada/Box/', 'https://github.com/Ada/Box'],
  ['http://host:8080/a.git', 'http://host:8080/a'],
  ['https://ada:secret@host/a', 'https://host/a'],
  ['ssh://git@Host/a/b.git', 'ssh://host/a/b'],
  ['ssh://git@host:22/a/b', 'ssh://host/a/b'],
  ['ssh://git@host:2222/a/b', 'ssh://host:2222/a/b'],
  ['git@github.com:Ada/Box.git', 'ssh://github.com/Ada/Box'],
  ['host:/srv/a.git', 'ssh://host/srv/a'],
  ['git://host/a', 'git://host/a'],
  ['ssh://[::1]/a', 'ssh://[::1]/a'],
  ['file:///srv/a.git', '/srv/a.git'],
  ['file://localhost/srv/my%20repo', '/srv/my repo'],
  ['/srv//a.git/', '/srv/a.git'],
  ["/srv/it's [here]: a", "/srv/it's [here]: a"],
])('%j is known as %j', (text, canonical) => {
  expect(parseLocation(text).canonical).toBe(canonical);
});

test.each([
  [''],
  ['repo'],
  ['./repo'],
  ['~/repo'],
  ['../repo'],
  ['/'],
  ['/srv/../etc'],
  ['file:///srv/%2e%2e/etc'],
  ['file:///srv/%00'],
  ['file:///srv/%zz'],
  ['file://host/srv'],
  ['-oProxyCommand=touch x'],
  ['--upload-pack=touch x'],
  ['ext::sh -c touch% x'],
  ['fd::17'],
  ['::x'],
  ['ssh://-oProxyCommand=touch/x'],
  ['ssh://git@-oProxyCommand=touch/x'],
  ['ssh://-user@host/x'],
  ['-user@host:x'],
  ['host:-x'],
  ['ssh://%2doProxy/x'],
  ['https://host/a\nb'],
  ['https://host/a%0ab'],
  ['https://host/a b'],
  ['https://host'],
  ['https://host/'],
  ['https://host/.git'],
  ['https:///path'],
  ['https://host/a/../b'],
  ['https://user:pa/ss@host/a'],
  ['javascript://host/a'],
])('%j is refused as a repository', (text) => {
  expect(() => parseLocation(text)).toThrow(GitError);
});

test('what looks like an option is called one', () => {
  expect(() => parseLocation('--upload-pack=x:y')).toThrow('starts with "-"');
});

test('a text without end is refused as a repository', () => {
  expect(() => parseLocation(`https://host/${'a'.repeat(3_000)}`)).toThrow('too long');
});

test('a refusal never shows the text, for there may be a password in it', () => {
  for (const text of ['https://user:pa/ss@host/a', 'x://u:secret@h/p', 'u:secret word@h']) {
    let message = '';
    try {
      parseLocation(text);
    } catch (error) {
      message = String(error);
    }
    expect(message).toMatch(/not taken/);
    expect(message).not.toMatch(/secret|ss@/);
  }
});

test('what is shown has no credentials, what git gets has them', () => {
  const location = parseLocation('https://ada:s3cr%40t@host/a');
  expect(location).toMatchObject({ shown: 'https://host/a', url: 'https://ada:s3cr%40t@host/a' });
  expect(parseLocation('https://tokenword@host/a').shown).toBe('https://host/a');
  expect(parseLocation('ssh://git:secret@host/a').shown).toBe('ssh://git@host/a');
  expect(parseLocation('git@host:a').shown).toBe('git@host:a');
});

test('reading the canonical form again changes nothing, and no text makes the reader fall', () => {
  const piece = fc.constantFrom(
    'https://',
    'ssh://',
    'file://',
    'H',
    'git@',
    ':',
    '/',
    'a',
    '.git',
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join('')),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(text, (given) => {
      let canonical: string;
      try {
        canonical = parseLocation(given).canonical;
      } catch (error) {
        expect(error).toBeInstanceOf(GitError);
        return;
      }
      expect(parseLocation(canonical).canonical).toBe(canonical);
    }),
    { numRuns: 500 },
  );
});

test('a mirror is named for its repository', () => {
  const name = mirrorName(parseLocation('https://host/Ada/My.Box.git'));
  expect(name).toMatch(/^My-Box-[0-9a-f]{12}$/);
  expect(mirrorName(parseLocation('https://HOST/Ada/My.Box'))).toBe(name);
  expect(mirrorName(parseLocation('https://host/Bob/My.Box'))).not.toBe(name);
});
