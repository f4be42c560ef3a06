/**
 * The other side of a fetch or a push, where it lies on this machine.
 *
 * There git starts upload-pack or receive-pack as a program of its own and takes our configuration
 * away from it (measured with git 2.39: neither `-c` nor GIT_CONFIG_COUNT reach it), so that a
 * repository of another user would be refused. It is therefore named with its configuration. What
 * stands in these lines is constant text; the path is added and quoted by git.
 *
 * A bare repository's own hooks are its owner's rules and run; hooks that are set for the whole
 * machine or user (core.hooksPath) are not meant for it and do not.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GitError } from './git-error.ts';
import type { RepositoryLocation } from './names.ts';
import type { Git } from './run.ts';

const OURS = "-c 'safe.directory=*'";
const DURABLE = '-c core.fsync=committed,loose-object -c core.fsyncMethod=batch';

/** Options of `fetch` and `ls-remote`. */
export function readingOptions(location: RepositoryLocation): string[] {
  return location.isLocal ? [`--upload-pack=git ${OURS} upload-pack`] : [];
}

/** Options of `push`. */
export async function writingOptions(git: Git, location: RepositoryLocation): Promise<string[]> {
  if (!location.isLocal) return [];
  const { gitDir } = await findLocal(location);
  const own = await git.text(['config', '--local', '--get', 'core.hooksPath'], {
    gitDir,
    okCodes: [0, 1],
  });
  const hooks = own === '' ? '-c core.hooksPath=hooks ' : '';
  return [`--receive-pack=git ${OURS} ${hooks}${DURABLE} receive-pack`];
}

/** Throws `not_found` or `not_bare` for a path that cannot be worked with. */
export async function checkLocation(git: Git, location: RepositoryLocation): Promise<void> {
  if (!location.isLocal) return;
  const { gitDir, isInside } = await findLocal(location);
  if (!isInside && (await isBare(git, gitDir))) return;
  const path = location.url.replace(/\/\.git$/, '');
  const line = `git clone --bare ${quoted(path)} ${quoted(`${path}.git`)}`;
  throw new GitError({
    kind: 'not_bare',
    message: `${path} is a working copy; landing a change would pull the files away under it.`,
    hint: `Make a bare copy and give its path: ${line}`,
  });
}

/** Looks where git looks, in its order. `isInside`: a folder that has a repository in it. */
async function findLocal(
  location: RepositoryLocation,
): Promise<{ gitDir: string; isInside: boolean }> {
  const path = location.url;
  const places = [
    { gitDir: join(path, '.git'), isInside: true },
    { gitDir: path, isInside: false },
    { gitDir: join(`${path}.git`, '.git'), isInside: true },
    { gitDir: `${path}.git`, isInside: false },
  ];
  for (const place of places) {
    if (await isGitDir(place.gitDir, place.isInside)) return place;
  }
  throw new GitError({
    kind: 'not_found',
    message: `There is no repository at ${path}.`,
    hint: 'Give the path of a bare repository, or make one: git init --bare PATH',
  });
}

/** A `.git` that is a file leads to the repository of a worktree or submodule. */
async function isGitDir(path: string, mayBeFile: boolean): Promise<boolean> {
  const found = await stat(path).catch(() => null);
  if (found === null) return false;
  if (!found.isDirectory()) return mayBeFile && found.isFile();
  const parts = ['HEAD', 'objects', 'refs'].map((part) => stat(join(path, part)).catch(() => null));
  return (await Promise.all(parts)).every((part) => part !== null);
}

/** As git decides: by core.bare, else by the name. */
async function isBare(git: Git, gitDir: string): Promise<boolean> {
  const answer = await git.text(['config', '--local', '--type=bool', '--get', 'core.bare'], {
    gitDir,
    okCodes: [0, 1],
  });
  return answer === '' ? !gitDir.endsWith('/.git') : answer === 'true';
}

/** For a person to paste into a shell. */
function quoted(text: string): string {
  return /^[A-Za-z0-9_./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
