/**
 * Git: a hook of ours before each commit and each push. A hook that is there already is kept beside
 * it and runs first, as git would run it; taking ours away puts it back.
 */
import { execFile } from 'node:child_process';
import { chmod, rename, rm, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { SignalboxError } from '../contract/index.ts';
import { quoted, type Surroundings } from './client.ts';
import { entryMain } from './entry-files.ts';
import type { Change } from './json-file.ts';
import { readOwn, writeOwn } from './own-file.ts';

export const GIT_HOOKS = ['pre-commit', 'pre-push'] as const;
type GitHook = (typeof GIT_HOOKS)[number];

const MARK = '# signalbox: made by `signalbox hooks install git`, taken out by `hooks remove git`';
const MODE = 0o755;

export const gitLimits: readonly string[] = [
  'git commit --no-verify, and SIGNALBOX_SKIP=1, pass the hooks by.',
  'Each clone has hooks of its own; what is pushed from another clone is not seen by these.',
];

/** The folder that git takes hooks from here: that of all worktrees, or core.hooksPath. */
export async function gitHooksFolder({ cwd }: Pick<Surroundings, 'cwd'>): Promise<string> {
  const path = await git(cwd, ['rev-parse', '--git-path', 'hooks']);
  return isAbsolute(path) ? path : resolve(cwd, path);
}

export async function installGit(at: Surroundings): Promise<Change[]> {
  const folder = await gitHooksFolder(at);
  const changes: Change[] = [];
  for (const name of GIT_HOOKS) changes.push(await installOne(at, join(folder, name), name));
  return changes;
}

/** Throws what `installGit` would be refused for. */
export async function checkInstallingGit(at: Surroundings): Promise<void> {
  const folder = await gitHooksFolder(at);
  for (const name of GIT_HOOKS) await demandPlace(join(folder, name));
}

export async function removeGit(at: Pick<Surroundings, 'cwd'>): Promise<Change[]> {
  const folder = await gitHooksFolder(at);
  const changes: Change[] = [];
  for (const name of GIT_HOOKS) {
    const path = join(folder, name);
    const { text } = await readOwn(path);
    const isOurs = text?.includes(MARK) === true;
    changes.push({ path, isChanged: isOurs, taken: [] });
    if (!isOurs) continue;
    if (await isThere(keptAt(path))) await rename(keptAt(path), path);
    else await rm(path);
  }
  return changes;
}

export async function lookAtGit(at: Surroundings): Promise<'whole' | 'other' | 'none'> {
  const folder = await gitHooksFolder(at);
  const states = await Promise.all(
    GIT_HOOKS.map(async (name) => {
      const { text } = await readOwn(join(folder, name));
      if (text?.includes(MARK) !== true) return 'none';
      return text === script(at, name) ? 'whole' : 'other';
    }),
  );
  if (states.every((state) => state === 'none')) return 'none';
  return states.every((state) => state === 'whole') ? 'whole' : 'other';
}

async function installOne(at: Surroundings, path: string, name: GitHook): Promise<Change> {
  const text = script(at, name);
  const there = await readOwn(path);
  if (there.text === text) return { path, isChanged: false, taken: [] };
  // The name is moved, whatever it is: a link stays one, and every byte and mode is kept.
  if (await demandPlace(path)) await rename(path, keptAt(path));
  await writeOwn({ path, mode: MODE }, text);
  await chmod(path, MODE);
  return { path, isChanged: true, taken: [] };
}

/** Is a hook of somebody else there, which must be kept? */
async function demandPlace(path: string): Promise<boolean> {
  const { text } = await readOwn(path);
  if (text === undefined || text.includes(MARK)) return false;
  if (!(await isThere(keptAt(path)))) return true;
  throw new SignalboxError('conflict', `${path} and ${keptAt(path)} are both there.`, {
    hint: 'A new hook came in the place of ours. Put the two together, then try again.',
  });
}

function keptAt(path: string): string {
  return `${path}.before-signalbox`;
}

/** lstat's like would do: a link that leads nowhere is no hook to git either. */
async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** What the hook of before reads from git is given to both. Without our entry ours does nothing. */
function script({ node, env }: Surroundings, name: GitHook): string {
  const [main, program] = [quoted(entryMain(env)), quoted(node)];
  const ours = `${program} ${main} git ${name}`;
  const lines = ['#!/bin/sh', MARK, 'before="$0.before-signalbox"'];
  if (name === 'pre-push') {
    lines.push(
      'refs=$(cat; printf x)',
      'refs=${refs%x}',
      'if [ -x "$before" ]; then',
      `  printf '%s' "$refs" | "$before" "$@" || exit $?`,
      'fi',
      `[ ! -f ${main} ] || printf '%s' "$refs" | ${ours} "$@" || exit $?`,
    );
  } else {
    lines.push(
      'if [ -x "$before" ]; then "$before" "$@" || exit $?; fi',
      `[ ! -f ${main} ] || ${ours} "$@" || exit $?`,
    );
  }
  return `${lines.join('\n')}\n`;
}

function git(cwd: string, args: readonly string[]): Promise<string> {
  return new Promise((done, failed) => {
    execFile('git', args, { cwd, encoding: 'utf8', timeout: 10_000 }, (error, stdout) => {
      if (error === null) return done(stdout.trim());
      failed(
        new SignalboxError('invalid_input', `${cwd} is in no repository of git.`, {
          hint: 'Go to the repository whose commits are to be guarded, and try again.',
          cause: error,
        }),
      );
    });
  });
}
