/** Takes a task, and cuts its branch from the base branch as it is now. */
import { basename, resolve } from 'node:path';
import { besides, cutBranch, makeClone } from '../../clone/cut.ts';
import { type Clone, commitAt, openClone } from '../../clone/open.ts';
import { type Base, chooseRemote, fetchBase, type Remote } from '../../clone/remote.ts';
import { type CloneState, mustBeClean, mustBeFinished, stateOf } from '../../clone/state.ts';
import { branchOf, forgetGone, keepWork, type Work, workOn } from '../../clone/work.ts';
import type { Assignment } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { hubName, refuseInAttempt, usersGit, type Worker, worker } from '../git/agent.ts';
import { take } from '../git/take.ts';
import { toldStart } from '../words/git.ts';
import { repositoryUrl } from '../task/repository-url.ts';

const NOTHING_EXIT = 75;

export async function startWork(context: Context): Promise<number> {
  const { output } = context;
  refuseInAttempt(context);
  const me = await worker(context);
  const clone = await placeOfWork(context, me);
  const standing = await stateOf(clone);
  const isAtWork = (await workOn(clone, standing.branch))?.state === 'open';
  // Who is in the middle of it goes on, with what is not committed yet.
  if (!isAtWork) mustBeReady(context, standing);
  const taken = await take(context, me, clone);
  if (taken === null) {
    output.give({ task: null }, () => ['No task of this repository waits for you.']);
    return NOTHING_EXIT;
  }
  const { assignment, remote } = taken;
  const { task } = assignment;
  const { id: taskId, fence } = task;
  if (task.state === 'accepted') await me.hub.task.start({ taskId, fence });
  const base = await fetchBase(clone, remote, task.repository?.baseBranch ?? null);
  const begun = await begin(context, { me, clone, assignment, remote, base });
  output.give(begun.told, () => toldStart(context, { ...begun, assignment, base, remote }));
  return 0;
}

/** The clone that this is called in, or with `--repo` one that is made. */
async function placeOfWork(context: Context, { name }: Worker): Promise<Clone> {
  const { options, cwd } = context;
  const git = usersGit(context, { agent: name });
  const repo = options.text('repo');
  if (repo === undefined) return openClone(git, cwd);
  const url = await repositoryUrl(context, repo);
  const named = options.text('folder') ?? basename(url.replace(/\/+$/, '')).replace(/\.git$/, '');
  const folder = resolve(cwd, named);
  const known = await openClone(git, folder).catch(() => null);
  if (known === null || known.top !== folder) return makeClone(git, { url, folder });
  await chooseRemote(known, { name: options.text('remote'), url });
  return known;
}

const STASH =
  'Commit it, put it aside (git stash -u), or leave it and work beside it: ' +
  'signalbox git start --worktree';

/** For another branch. A worktree of its own leaves everything here as it is. */
function mustBeReady(context: Context, state: CloneState): void {
  if (wantsWorktree(context)) return;
  mustBeFinished(state);
  mustBeClean(state, STASH);
}

function wantsWorktree({ options }: Context): boolean {
  const isAsked = options.has('worktree') || options.text('folder') !== undefined;
  return isAsked && options.text('repo') === undefined;
}

interface Beginning {
  me: Worker;
  clone: Clone;
  assignment: Assignment;
  remote: Remote;
  base: Base;
}

export interface Begun {
  work: Work;
  isResumed: boolean;
  folder: string;
  /** How the work of the attempt before is taken in; null where there is none. */
  earlier: string | null;
  told: object;
}

async function begin(context: Context, beginning: Beginning): Promise<Begun> {
  const { me, clone, assignment, remote, base } = beginning;
  const { task } = assignment;
  const branch = branchOf(task);
  const standing = await stateOf(clone);
  if (standing.branch !== branch) mustBeReady(context, standing);
  const worktree = wantsWorktree(context) ? folderFor(context, clone, task) : null;
  const cut = await cutBranch(clone, { branch, base, remote, worktree });
  const known = await workOn(clone, branch);
  const work: Work = {
    taskId: task.id,
    attempt: task.attempt,
    fence: task.fence,
    title: task.title,
    agent: me.name,
    hub: await hubName(context),
    branch,
    remote: remote.name,
    baseBranch: task.repository?.baseBranch ?? null,
    start: known?.start ?? (await commitAt(cut.clone, 'HEAD')) ?? base.commit,
    state: 'open',
    head: null,
  };
  await keepWork(clone, work);
  await forgetGone(clone);
  const folder = cut.clone.top;
  const { isResumed } = cut;
  const from = { remote: remote.name, branch: base.branch, commit: base.commit };
  const told = { ...assignment, branch, folder, isResumed, base: from };
  return { work, isResumed, folder, earlier: await earlierWork(cut.clone, task, beginning), told };
}

/** A change that did not pass is mostly a good beginning for the next attempt. */
async function earlierWork(
  clone: Clone,
  { id, attempt }: { id: string; attempt: number },
  { base: { heads }, remote }: { base: Base; remote: Remote },
): Promise<string | null> {
  if (attempt < 2) return null;
  const branch = branchOf({ id, attempt: attempt - 1 });
  if ((await commitAt(clone, `refs/heads/${branch}`)) !== null) return `git merge ${branch}`;
  return heads.has(branch) ? `git pull --no-rebase ${remote.name} ${branch}` : null;
}

function folderFor(
  { options, cwd }: Context,
  clone: Clone,
  task: { id: string; attempt: number },
): string {
  const named = options.text('folder');
  return named === undefined ? besides(clone, task) : resolve(cwd, named);
}
