/**
 * The one runner of the real git.
 *
 * No text goes through a shell, nothing is asked, nothing is inherited that names a repository
 * (environment.ts), everything has a bound in time and output, and every failure is a `GitError`.
 * Refs, paths and URLs from outside are checked first (names.ts) or stand behind `--`.
 */
import { execa } from 'execa';
import type { Clock } from '../core/clock.ts';
import { systemClock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import { systemRandom } from '../core/random.ts';
import { signalGroup } from '../process/leftovers.ts';
import type { Env, Ownership } from './environment.ts';
import { gitEnvironment, QUIET_SSH } from './environment.ts';
import { GitError, hintFor, kindOf, withoutSecrets } from './git-error.ts';
import type { ProgressCall } from './progress.ts';
import { progressReader } from './progress.ts';

const MINUTE_MS = 60_000;
const LIMITS = {
  localMs: 10 * MINUTE_MS,
  /** A stalled transfer ends long before (http.lowSpeedTime, ServerAliveInterval). */
  networkMs: 120 * MINUTE_MS,
  outputBytesMax: 64 * 1024 * 1024,
  killAfterMs: 5_000,
};

export interface Identity {
  name: string;
  email: string;
}

export interface GitLog {
  args: readonly string[];
  exitCode: number | null;
  elapsedMs: number;
}

export interface GitOptions {
  /** The environment of the process; it is cleaned here. */
  env: Env;
  /** Whose the repositories are that it works in; `ours` where not given. */
  ownership?: Ownership;
  /** Who commits where git knows nobody. */
  identity?: Identity;
  log?: (entry: GitLog) => void;
  clock?: Clock;
  random?: Random;
}

export interface RunOptions {
  /** `/` where not given, never the folder of this process: that may be gone. */
  cwd?: string;
  gitDir?: string;
  workTree?: string;
  indexFile?: string;
  /** More variables, such as the identity of one commit. */
  env?: Readonly<Record<string, string>>;
  input?: string | Uint8Array;
  /** Exit codes that are an answer and no failure; `[0]` where not given. */
  okCodes?: readonly number[];
  /** Talks to a remote: more time, and ssh that does not ask. */
  isRemote?: boolean;
  timeoutMs?: number;
  /** It starts programs that live on when it is ended: they end with it. */
  hasHelpers?: boolean;
  /** Of stdout and of stderr; more ends the command with an error. */
  outputBytesMax?: number;
  signal?: AbortSignal | undefined;
  onProgress?: ProgressCall | undefined;
}

export interface GitOutput {
  exitCode: number;
  stdout: Buffer;
  stderr: string;
}

export interface Git {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly random: Random;
  /** Runs `git ARGS`; throws a `GitError` on any exit code that is not in `okCodes`. */
  run: (args: readonly string[], options?: RunOptions) => Promise<GitOutput>;
  /** The same; the answer is stdout as text without the line end. */
  text: (args: readonly string[], options?: RunOptions) => Promise<string>;
}

export function createGit(options: GitOptions): Git {
  const base = gitEnvironment(options.env, options.ownership);
  const clock = options.clock ?? systemClock();
  let ssh: Promise<Record<string, string>> | null = null;

  async function run(args: readonly string[], given: RunOptions = {}): Promise<GitOutput> {
    const startMs = clock.nowMs();
    const env = { ...base, ...pointers(given), ...given.env };
    if (given.isRemote === true) Object.assign(env, await (ssh ??= sshEnvironment(given)));
    const result = await spawn(args, env, given);
    const exitCode = result.exitCode ?? null;
    const elapsedMs = clock.nowMs() - startMs;
    options.log?.({ args: args.map(withoutSecrets), exitCode, elapsedMs });
    const stderr = textOf(result.stderr);
    if (exitCode !== null && !result.isMaxBuffer && (given.okCodes ?? [0]).includes(exitCode)) {
      return { exitCode, stdout: bufferOf(result.stdout), stderr };
    }
    throw failure(args, result);
  }

  /**
   * GIT_SSH_COMMAND beats core.sshCommand, so it is only set where users have neither; in a clone
   * of theirs it may stand in that alone.
   */
  async function sshEnvironment({ cwd }: RunOptions): Promise<Record<string, string>> {
    if ((base['GIT_SSH_COMMAND'] ?? base['GIT_SSH'] ?? '') !== '') return {};
    const place = options.ownership === 'users' && cwd !== undefined ? { cwd } : {};
    const args = ['config', '--get', 'core.sshCommand'];
    const theirs = await text(args, { ...place, okCodes: [0, 1] });
    return theirs === '' ? { GIT_SSH_COMMAND: QUIET_SSH } : {};
  }

  async function text(args: readonly string[], given?: RunOptions): Promise<string> {
    return (await run(args, given)).stdout.toString('utf8').trimEnd();
  }

  const identity = options.identity ?? { name: 'Signalbox', email: 'signalbox@localhost' };
  return { identity, clock, random: options.random ?? systemRandom(), run, text };
}

function pointers(given: RunOptions): Record<string, string> {
  return {
    ...(given.gitDir === undefined ? {} : { GIT_DIR: given.gitDir }),
    ...(given.workTree === undefined ? {} : { GIT_WORK_TREE: given.workTree }),
    ...(given.indexFile === undefined ? {} : { GIT_INDEX_FILE: given.indexFile }),
  };
}

interface Spawned {
  exitCode?: number | undefined;
  stdout?: unknown;
  stderr?: unknown;
  timedOut: boolean;
  isCanceled: boolean;
  isMaxBuffer: boolean;
  code?: string | undefined;
  originalMessage?: string | undefined;
  signal?: string | undefined;
}

async function spawn(
  args: readonly string[],
  env: Record<string, string>,
  given: RunOptions,
): Promise<Spawned> {
  const subprocess = execa('git', args, {
    cwd: given.cwd ?? given.workTree ?? given.gitDir ?? '/',
    env,
    extendEnv: false,
    reject: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    maxBuffer: given.outputBytesMax ?? LIMITS.outputBytesMax,
    timeout: given.timeoutMs ?? (given.isRemote === true ? LIMITS.networkMs : LIMITS.localMs),
    forceKillAfterDelay: LIMITS.killAfterMs,
    detached: given.hasHelpers === true,
    ...(given.signal === undefined ? {} : { cancelSignal: given.signal }),
    ...(given.input === undefined ? { stdin: 'ignore' as const } : { input: given.input }),
  });
  if (given.hasHelpers === true) {
    subprocess.nodeChildProcess.once('exit', () => signalGroup(subprocess.pid, 'SIGTERM'));
  }
  if (given.onProgress !== undefined) {
    subprocess.stderr?.on('data', progressReader(given.onProgress));
  }
  return subprocess;
}

function bufferOf(value: unknown): Buffer {
  return value instanceof Uint8Array ? Buffer.from(value) : Buffer.alloc(0);
}

function textOf(value: unknown): string {
  return bufferOf(value).toString('utf8');
}

function failure(args: readonly string[], result: Spawned): GitError {
  const stderr = textOf(result.stderr);
  const fields = { args, exitCode: result.exitCode ?? null, stderr };
  const command = `git ${args.find((arg) => !arg.startsWith('-')) ?? ''}`.trim();
  if (result.code === 'ENOENT') {
    const message = 'git could not be started: it is not installed, or its folder is gone';
    return new GitError({ ...fields, kind: 'other', message, hint: 'Install git 2.38 or newer.' });
  }
  if (result.isCanceled) {
    return new GitError({ ...fields, kind: 'aborted', message: `${command} was called off` });
  }
  if (result.isMaxBuffer) {
    const message = `${command} printed more than is taken`;
    return new GitError({ ...fields, kind: 'other', message });
  }
  const kind = result.timedOut ? 'timeout' : kindOf(`${stderr}\n${textOf(result.stdout)}`);
  const hint = hintFor(kind);
  const ending = result.signal ?? result.originalMessage ?? `exit code ${result.exitCode}`;
  const message = `${command} failed: ${lastWords(stderr) || ending}`;
  return new GitError({ ...fields, kind, message, ...(hint === undefined ? {} : { hint }) });
}

/** git says the reason in `fatal:` and `error:` lines; the rest is progress and advice. */
function lastWords(stderr: string): string {
  const lines = stderr.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  const telling = lines.filter((line) => /^(fatal|error|remote): /.test(line));
  return (telling.length > 0 ? telling : lines).slice(0, 3).join('; ').slice(0, 500);
}
