/**
 * Where an attempt works: a worktree cut from the freshly fetched base branch, or an empty folder
 * for a task without a repository, and beside it the files that tell the command of its task.
 *
 * Each call may be made again after a kill at any line, and gives the same.
 */
import { lstat, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { commitAll, type CommitOutcome } from '../git/commit.ts';
import { identityEnv } from '../git/identity.ts';
import { createUpkeep } from '../git/maintain.ts';
import { workTrailers } from '../git/message.ts';
import { openMirror, type Mirror } from '../git/mirror.ts';
import { mirrorName, parseLocation } from '../git/names.ts';
import { pushBranch } from '../git/land.ts';
import { removeTree } from '../git/remove-tree.ts';
import type { Git } from '../git/run.ts';
import { addWorktree, openWorktree, removeWorktree, type Worktree } from '../git/worktree.ts';
import type { Say } from './progress.ts';
import { recordName, type AttemptRecord, type Work } from './record.ts';

export interface WorkspaceOptions {
  git: Git;
  /** An absolute path without links in it. */
  folder: string;
  agent: string;
  say: Say;
  /** Patterns of files, as in a `.gitignore`, that are never part of a change. */
  scratch?: readonly string[] | undefined;
}

export interface Prepared {
  /** The commit that the worktree was cut from; null without a repository. */
  base: string | null;
  /** More variables for the command. */
  environment: Record<string, string>;
}

export class Workspace {
  readonly #options: WorkspaceOptions;
  /** Packs the mirrors, each once a day. No git of ours may work in them meanwhile. */
  readonly upkeep: (signal: AbortSignal) => Promise<void>;

  constructor(options: WorkspaceOptions) {
    this.#options = options;
    const { git, say } = options;
    this.upkeep = createUpkeep({
      git,
      folder: this.#mirrors(),
      onTrouble: (error, dir) =>
        say({ kind: 'trouble', message: `The copy ${dir} could not be packed.`, error }),
    });
  }

  /** The folder of an attempt: the files for the command, and the place of work below it. */
  folderOf(record: AttemptRecord): string {
    return join(this.#options.folder, 'work', recordName(record));
  }

  placeOf(record: AttemptRecord): string {
    return join(this.folderOf(record), 'tree');
  }

  /** The folders of attempts whose name is not among these. */
  async foldersBut(known: ReadonlySet<string>): Promise<string[]> {
    const folder = join(this.#options.folder, 'work');
    const names = await readdir(folder).catch(() => []);
    return names.filter((name) => !known.has(name)).map((name) => join(folder, name));
  }

  /** Refuses a repository that cannot be worked with, and gets what the first task will need. */
  async check(url: string): Promise<void> {
    this.#options.say({ kind: 'fetching', repository: parseLocation(url).shown });
    await this.#mirror({ url, baseBranch: null });
  }

  async prepare(record: AttemptRecord, signal: AbortSignal): Promise<Prepared> {
    const { repository } = record.task;
    const place = this.placeOf(record);
    await mkdir(this.folderOf(record), { recursive: true, mode: 0o700 });
    if (repository === null) {
      await mkdir(place, { recursive: true });
      return { base: null, environment: {} };
    }
    const mirror = await this.#mirror(repository, signal);
    await mirror.fetch({ signal });
    await this.#exclude(mirror);
    const commit = (await mirror.resolve(mirror.baseBranch)) ?? '';
    await addWorktree({ mirror, branch: record.branch, commit, dir: place, signal });
    const environment = await identityEnv(mirror.git, { gitDir: mirror.dir });
    return { base: commit, environment };
  }

  /** Commits what is left. No process of the command may live any more. */
  async collect(record: AttemptRecord): Promise<Work> {
    const { repository } = record.task;
    if (repository === null || record.base === null) return { kind: 'none' };
    const worktree = await this.#worktree(record, await this.#mirror(repository));
    if (worktree === null) return whatIsLeft(this.placeOf(record));
    const flaw = await unfinished(worktree);
    const outcome = await commitAll({
      worktree,
      message: record.task.title,
      trailers: workTrailers({ ...record, agent: this.#options.agent }),
    });
    return toWork(outcome, flaw);
  }

  async push(record: AttemptRecord, signal: AbortSignal): Promise<void> {
    const { repository } = record.task;
    const head = headOf(record.work);
    if (repository === null || head === null) return;
    const mirror = await this.#mirror(repository, signal);
    await pushBranch(mirror, { branch: record.branch, commit: head, signal });
  }

  /** Only once all was pushed. Where no copy was ever made, the remote is not asked for one. */
  async remove(record: AttemptRecord): Promise<void> {
    const { repository } = record.task;
    const folder = this.folderOf(record);
    const hasWorktree = (await isThere(folder)) && repository !== null;
    if (hasWorktree && (await isThere(this.#mirrorDir(repository.url)))) {
      const worktree = await this.#worktree(record, await this.#mirror(repository));
      if (worktree !== null) await removeWorktree(worktree);
    }
    await removeTree(folder);
  }

  /** In git's own file for it, which is no part of the repository. */
  async #exclude({ dir }: Mirror): Promise<void> {
    const { scratch = [] } = this.#options;
    if (scratch.length === 0) return;
    await mkdir(join(dir, 'info'), { recursive: true });
    await writeFile(join(dir, 'info', 'exclude'), `${scratch.join('\n')}\n`);
  }

  async #mirror(
    { url, baseBranch }: { url: string; baseBranch: string | null },
    signal?: AbortSignal,
  ): Promise<Mirror> {
    return openMirror({
      git: this.#options.git,
      url,
      dir: this.#mirrorDir(url),
      baseBranch: baseBranch ?? undefined,
      signal,
    });
  }

  #mirrors(): string {
    return join(this.#options.folder, 'mirrors');
  }

  #mirrorDir(url: string): string {
    return join(this.#mirrors(), mirrorName(parseLocation(url)));
  }

  async #worktree(record: AttemptRecord, mirror: Mirror): Promise<Worktree | null> {
    return openWorktree({ mirror, dir: this.placeOf(record) });
  }
}

/** The commit that must be pushed before anything may be deleted. */
export function headOf(work: Work | null): string | null {
  return work?.kind === 'change' || work?.kind === 'broken' ? work.head : null;
}

/** A conflict that was not resolved would be committed with its marks in it, as if it were work. */
async function unfinished({ mirror, dir, gitDir }: Worktree): Promise<string | null> {
  for (const name of ['rebase-merge', 'rebase-apply']) {
    if (await isThere(join(gitDir, name))) return 'It left a rebase unfinished.';
  }
  if (!(await isThere(join(gitDir, 'index')))) return null;
  const unmerged = await mirror.git.run(['ls-files', '--unmerged'], {
    gitDir,
    workTree: dir,
    cwd: mirror.dir,
    okCodes: [0, 128],
  });
  return unmerged.stdout.length === 0 ? null : 'It left a merge with unresolved conflicts.';
}

function toWork(outcome: CommitOutcome, flaw: string | null): Work {
  if (outcome.kind === 'lost') {
    return { kind: 'broken', reason: outcome.reason, head: outcome.commit };
  }
  const skipped = outcome.skipped === null ? null : `git could not take all: ${outcome.skipped}`;
  const reason = flaw ?? skipped;
  const head = outcome.kind === 'commit' ? outcome.commit : null;
  if (reason !== null) return { kind: 'broken', reason, head };
  if (outcome.kind === 'no_change') return { kind: 'none' };
  return { kind: 'change', base: outcome.base, head: outcome.commit };
}

/** Nobody removes a worktree before its end, so somebody has damaged the copy it belongs to. */
async function whatIsLeft(place: string): Promise<Work> {
  const isEmpty = (await readdir(place).catch(() => [])).length === 0;
  const reason = 'The local copy of the repository was damaged while the command ran.';
  return isEmpty ? { kind: 'broken', reason, head: null } : { kind: 'unsaved', reason };
}

async function isThere(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => null)) !== null;
}
