/**
 * The verifier's own copy of a repository, brought up to date for one change: the base branch as it
 * is now, and the branch that was handed in.
 */
import { join } from 'node:path';
import { isGitError } from '../git/git-error.ts';
import { readBase } from '../git/land.ts';
import { openMirror, type Mirror } from '../git/mirror.ts';
import { mirrorName, parseLocation } from '../git/names.ts';
import type { ProgressCall } from '../git/progress.ts';
import type { Session } from './session.ts';
import { later, laterOrReject, reject, type Verdict } from './verdict.ts';

/** Opens the copy, or makes it; its `baseBranch` is the one that the change is to land on. */
export async function openWorkspace(session: Session): Promise<Mirror> {
  const { change, tools, signal } = session;
  const { url } = change.repository;
  const dir = join(tools.place.dataDir, 'mirrors', mirrorName(parseLocation(url)));
  const baseBranch = await wantedBase(session);
  const onProgress = progressOf(session);
  return openMirror({ git: tools.git, url, dir, baseBranch, signal, onProgress });
}

/** The change's, else its task's, else the one that the repository's HEAD names. */
async function wantedBase({ change, tools }: Session): Promise<string | undefined> {
  if (change.baseBranch !== null) return change.baseBranch;
  const { task } = await tools.client.task.show({ id: change.taskId });
  return task.repository?.baseBranch ?? undefined;
}

/** Fetches both branches. Answers the tip of the base, or why the change cannot be tested. */
export async function fetchChange(
  session: Session,
  mirror: Mirror,
): Promise<{ base: string } | Verdict> {
  const { change, strike } = session;
  const missing = await fetchBranches(session, mirror);
  if (missing === change.branch) {
    return reject('check_failed', `The branch ${change.branch} is not in the repository any more.`);
  }
  const base = await mirror.resolve(mirror.baseBranch);
  if (missing !== null || base === null) {
    return later(`The repository has no branch ${mirror.baseBranch}.`, strike);
  }
  const head = await mirror.resolve(change.branch);
  if (head === change.headCommit) return { base };
  const { branch, headCommit } = change;
  const reason = `The branch ${branch} is at ${head}, and ${headCommit} was handed in.`;
  // What answers here may lag behind what the branch was pushed to.
  return laterOrReject('stray', reason, strike);
}

/** Answers the branch that is not there, the change's own first. */
async function fetchBranches(session: Session, mirror: Mirror): Promise<string | null> {
  const { change, signal } = session;
  const branches = [...new Set([change.branch, mirror.baseBranch])];
  try {
    await mirror.fetch({ branches, signal, onProgress: progressOf(session) });
    return null;
  } catch (error) {
    if (!isGitError(error, 'not_found')) throw error;
    for (const branch of branches) {
      if ((await readBase(mirror, branch, signal)) === null) return branch;
    }
    throw error;
  }
}

/** Report progress only of git commands that run longer than this. */
const QUIET_MS = 1_000;

/** Tells how far a long git command is, from when it has become one. */
export function progressOf({ change, tools }: Progressing): ProgressCall {
  const { clock, log } = tools;
  const fromMs = clock.nowMs() + QUIET_MS;
  let last = '';
  return ({ phase, percent }) => {
    if (clock.nowMs() < fromMs || last === `${phase} ${percent}`) return;
    last = `${phase} ${percent}`;
    log({ kind: 'fetching', changeId: change.id, phase, percent });
  };
}

interface Progressing {
  change: Pick<Session['change'], 'id'>;
  tools: Pick<Session['tools'], 'clock' | 'log'>;
}
