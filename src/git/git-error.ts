/**
 * The one error of src/git, and how git's words become a kind.
 *
 * git has no error codes worth the name, so its English (LC_ALL=C, see environment.ts) is matched
 * once, here. Secrets of a URL never reach a message, the arguments or the kept stderr.
 */

/**
 * `not_found` the repository, branch or commit does not exist · `auth` refused or no credentials ·
 * `unreachable` no way to the host, trying later makes sense · `not_bare` a working copy where a
 * bare repository is needed · `empty` a repository without a commit · `rejected` the other side
 * refused the push · `locked` another git holds a lock · `bad_name` a branch, location or path
 * that is not taken · `timeout` · `aborted` · `other`.
 */
export type GitErrorKind =
  | 'not_found'
  | 'auth'
  | 'unreachable'
  | 'not_bare'
  | 'empty'
  | 'rejected'
  | 'locked'
  | 'bad_name'
  | 'timeout'
  | 'aborted'
  | 'other';

export interface GitErrorFields {
  kind: GitErrorKind;
  message: string;
  /** What to do next, for a person or a model. */
  hint?: string;
  args?: readonly string[];
  exitCode?: number | null;
  stderr?: string;
}

const STDERR_CHARS_MAX = 8_000;

export class GitError extends Error {
  readonly kind: GitErrorKind;
  readonly hint: string | null;
  readonly args: readonly string[];
  readonly exitCode: number | null;
  readonly stderr: string;

  constructor(fields: GitErrorFields) {
    super(withoutSecrets(fields.message));
    this.name = 'GitError';
    this.kind = fields.kind;
    this.hint = fields.hint ?? null;
    this.args = (fields.args ?? []).map(withoutSecrets);
    this.exitCode = fields.exitCode ?? null;
    this.stderr = withoutSecrets(fields.stderr ?? '').slice(-STDERR_CHARS_MAX);
  }
}

export function isGitError(error: unknown, kind?: GitErrorKind): error is GitError {
  return error instanceof GitError && (kind === undefined || error.kind === kind);
}

/** Takes user and password out of every URL in a text; an ssh user is no secret and stays. */
export function withoutSecrets(text: string): string {
  return text
    .replace(/\b((?:git\+ssh|ssh\+git|ssh):\/\/[^\s/@:]*):[^\s/]*@/gi, '$1@')
    .replace(/\b((?!ssh|git\+ssh)[a-z][a-z0-9+.-]*:\/\/)[^\s/]*@/gi, '$1');
}

/** The first kind whose words occur wins: "not found" is said together with "access rights". */
const WORDS: readonly (readonly [GitErrorKind, readonly RegExp[]])[] = [
  [
    'locked',
    [
      /unable to create '[^']*\.lock'/i,
      /cannot lock ref|could not lock config file|failed to (update|lock) ref/i,
      /file exists\.\s+another git process/i,
      // Another git is in the middle of making a worktree of the same repository.
      /failed to read \S*\/worktrees\/[^/\s]+\/\w+:/i,
    ],
  ],
  ['rejected', [/\[(remote )?rejected\]/i]],
  [
    'not_found',
    [
      /repository not found|repository '[^']*' not found|returned error: 404/i,
      /does not appear to be a git repository|couldn't find remote ref/i,
      /does not exist$/im,
    ],
  ],
  [
    'auth',
    [
      /authentication failed|invalid credentials|could not read (username|password)/i,
      /permission denied \(|access denied|host key verification failed|returned error: 40[13]/i,
    ],
  ],
  [
    'unreachable',
    [
      /could not resolve host|connection (refused|timed out|reset)|operation timed out/i,
      /network is unreachable|no route to host|unable to access|returned error: 5\d\d/i,
      /early eof|hung up unexpectedly/i,
    ],
  ],
];

export function kindOf(output: string): GitErrorKind {
  const isOf = (words: readonly RegExp[]): boolean => words.some((word) => word.test(output));
  return WORDS.find(([, words]) => isOf(words))?.[0] ?? 'other';
}

const HINTS: Partial<Record<GitErrorKind, string>> = {
  auth: 'Give git on this machine a way in (a credential helper or an ssh key) and try again.',
  unreachable: 'The host did not answer; check the address and the network, then try again.',
  not_found: 'Check the address of the repository and that this user may read it.',
  locked: 'Another git is at work in this repository; try again when it has ended.',
  timeout: 'git did not end in time and was stopped; try again or allow more time.',
};

export function hintFor(kind: GitErrorKind): string | undefined {
  return HINTS[kind];
}
