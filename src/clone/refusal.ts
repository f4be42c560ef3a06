/** A git that somebody forbade: a hook of the user, a rule of the repository. */
import { SignalboxError } from '../contract/errors.ts';
import { type GitError, isGitError } from '../git/git-error.ts';

const WORDS_MAX = 2_000;

/** With the last that was printed: those words are what the user needs. */
export function refused(what: 'commit' | 'push' | 'rebase' | 'merge', error: unknown): unknown {
  if (!isGitError(error) || isAway(error)) return error;
  const said = error.stderr.trim().slice(-WORDS_MAX) || error.message;
  return new SignalboxError('conflict', `The ${what} was refused. ${said}`, {
    hint: 'Do what it says (a hook, a rule of the repository), then run the same again.',
    cause: error,
  });
}

/** git hangs up on the other side too where it looks at submodules and stops by itself. */
function isAway({ kind, stderr }: GitError): boolean {
  if (/submodule paths contain changes/.test(stderr)) return false;
  return kind === 'unreachable' || kind === 'auth' || kind === 'not_found';
}
