/** Which paths a commit or a push would bring, asked of git itself. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Trouble } from './trouble.ts';

const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
const GIT_MS = 30_000;
const NAMES = ['--name-only', '-z', '--no-renames', '--no-ext-diff', '--ignore-submodules=none'];

export async function pathsToCommit(cwd: string): Promise<string[]> {
  const staged = await namesOf(cwd, ['diff', '--cached', ...NAMES]);
  const merged = mergedHeads(
    resolve(cwd, (await git(cwd, ['rev-parse', '--git-path', 'MERGE_HEAD'])).trim()),
  );
  const others = await Promise.all(
    merged.map(async (head) => new Set(await namesOf(cwd, ['diff', '--cached', ...NAMES, head]))),
  );
  return staged.filter((path) => others.every((paths) => paths.has(path)));
}

function mergedHeads(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split(/\s+/).filter(isCommit);
  } catch {
    return [];
  }
}

/** The lines that git gives a pre-push hook: `<ref> <commit> <remote ref> <remote commit>`. */
export async function pathsToPush(
  cwd: string,
  remote: string | undefined,
  lines: string,
): Promise<string[]> {
  const paths = new Set<string>();
  const remotes = remote === undefined ? '--remotes' : `--remotes=${remote}`;
  for (const line of lines.split('\n')) {
    const [, commit = '', , there = ''] = line.trim().split(/\s+/);
    // A branch that is deleted brings nothing.
    if (!isCommit(commit)) continue;
    const known = isCommit(there) && (await isHere(cwd, there)) ? [there] : [];
    const without = ['--not', ...known, remotes];
    // `-c` names of a merge only what differs from all of its parents.
    const asked = ['log', '--format=', '-c', '--root', ...NAMES, commit, ...without];
    for (const path of await namesOf(cwd, asked)) paths.add(path);
  }
  return [...paths];
}

function isCommit(text: string): boolean {
  return /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(text) && !/^0+$/.test(text);
}

function isHere(cwd: string, commit: string): Promise<boolean> {
  return git(cwd, ['cat-file', '-e', `${commit}^{commit}`]).then(
    () => true,
    () => false,
  );
}

async function namesOf(cwd: string, args: readonly string[]): Promise<string[]> {
  return (await git(cwd, args))
    .split('\0')
    .map((name) => name.replace(/^\n/, ''))
    .filter(Boolean);
}

function git(cwd: string, args: readonly string[]): Promise<string> {
  const bounds = { cwd, maxBuffer: OUTPUT_BYTES_MAX, timeout: GIT_MS };
  return new Promise((done, failed) => {
    execFile('git', args, { ...bounds, encoding: 'utf8' }, (error, stdout, stderr) => {
      if (error === null) return done(stdout);
      const why = stderr.trim().split('\n')[0] ?? '';
      failed(new Trouble(`git ${args[0]} failed: ${why || error.message}.`, 'See git status.'));
    });
  });
}
