import { expect, test } from 'vitest';
import { GitError, isGitError, kindOf, withoutSecrets } from './git-error.ts';

test.each([
  ["fatal: Unable to create '/m/refs/heads/a.lock': File exists.", 'locked'],
  ["error: cannot lock ref 'refs/heads/a': is at 1 but expected 2", 'locked'],
  ['error: could not lock config file config: File exists', 'locked'],
  ['fatal: failed to read /m/worktrees/same/commondir: Success', 'locked'],
  ['!\trefs/heads/x:refs/heads/main\t[rejected] (stale info)', 'rejected'],
  ['! [remote rejected] x -> main (pre-receive hook declined)', 'rejected'],
  ['! [remote rejected] x -> main (failed to update ref)', 'locked'],
  ["fatal: repository 'https://host/x/' not found", 'not_found'],
  ['ERROR: Repository not found.\nfatal: Could not read from remote repository.', 'not_found'],
  ["fatal: '/x' does not appear to be a git repository", 'not_found'],
  ["fatal: couldn't find remote ref refs/heads/x", 'not_found'],
  ["fatal: Authentication failed for 'https://host/x/'", 'auth'],
  ["fatal: could not read Username for 'https://host': terminal prompts disabled", 'auth'],
  ['git@host: Permission denied (publickey).', 'auth'],
  ['Host key verification failed.', 'auth'],
  ["fatal: unable to access 'https://h/x/': The requested URL returned error: 403", 'auth'],
  ["fatal: unable to access 'https://h/x/': Could not resolve host: h", 'unreachable'],
  ['ssh: connect to host h port 22: Connection refused', 'unreachable'],
  ['fatal: the remote end hung up unexpectedly', 'unreachable'],
  ['fatal: something new', 'other'],
])('%j is of kind %s', (words, kind) => {
  expect(kindOf(words)).toBe(kind);
});

test('passwords and tokens are taken out of whatever is kept', () => {
  const url = 'https://ada:hidden@host/x';
  const message = `fetch of ${url} failed`;
  const error = new GitError({
    kind: 'other',
    message,
    args: ['fetch', url],
    stderr: `a ${url} b`,
  });
  expect(`${error.message} ${error.args.join(' ')} ${error.stderr}`).not.toContain('hidden');
  expect(error.stderr).toBe('a https://host/x b');
  expect(withoutSecrets('ssh://git@host/x and git@host:x')).toBe('ssh://git@host/x and git@host:x');
});

test('an error tells its kind', () => {
  const error: unknown = new GitError({ kind: 'auth', message: 'no' });
  expect(isGitError(error)).toBe(true);
  expect(isGitError(error, 'auth')).toBe(true);
  expect(isGitError(error, 'timeout')).toBe(false);
  expect(isGitError(new Error('no'))).toBe(false);
});
