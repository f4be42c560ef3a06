/**
 * The checks of a change, one after the other in one clean checkout of the commit that would land,
 * until one fails. They share the checkout as the steps of a build do: what one installs the next
 * finds. The policy's come first, so that nothing of the task has touched what they see.
 */
import type { Output } from '../contract/index.ts';
import type { Mirror } from '../git/mirror.ts';
import { exportCommit } from '../git/sandbox.ts';
import { runCheck, type CheckJob } from './run-check.ts';
import { makeScratch, MARKER, removeScratch, type Scratch } from './scratch.ts';
import type { Session } from './session.ts';
import { messageOf } from './verdict.ts';
import { failureOf, isPassed, section, type CheckReport } from './words.ts';

export interface Tested {
  mirror: Mirror;
  commit: string;
  base: string;
  checks: Output<'change.assess'>['checks'];
}

/** `failure` is null where all have passed. */
export interface ChecksOutcome {
  failure: string | null;
  log: string;
}

export async function runChecks(session: Session, tested: Tested): Promise<ChecksOutcome> {
  if (tested.checks.length === 0) return { failure: null, log: 'There was no check to run.\n' };
  const { place } = session.tools;
  const scratch = await makeScratch(place);
  try {
    return await runAll(session, tested, scratch);
  } finally {
    // What cannot be removed now is noted, and tried again when a verifier starts.
    await removeScratch(place, scratch.directory).catch((error: unknown) => {
      session.tools.log({ kind: 'trouble', message: messageOf(error) });
    });
  }
}

async function runAll(session: Session, tested: Tested, scratch: Scratch): Promise<ChecksOutcome> {
  const { mirror, commit, base: baseCommit, checks } = tested;
  const { tools, signal } = session;
  const { user } = tools.launcher;
  const owner = user === null ? {} : { owner: user };
  await exportCommit(mirror, { commit, baseCommit, dir: scratch.checkout, ...owner, signal });
  const env = environment(session, tested, scratch);
  const { checkout: cwd, directory } = scratch;
  let log = '';
  for (const [index, { command, timeoutMs }] of checks.entries()) {
    const place = { number: index + 1, of: checks.length };
    const report = await runOne(session, { command, timeoutMs, cwd, directory, env }, place);
    log += section(report);
    if (!isPassed(report.result)) return { failure: failureOf(report), log };
  }
  return { failure: null, log };
}

async function runOne(
  { tools, change, signal }: Session,
  job: CheckJob,
  place: { number: number; of: number },
): Promise<CheckReport> {
  const { clock, launcher, graceMs, log } = tools;
  const { command } = job;
  log({ kind: 'check_started', changeId: change.id, command, ...place });
  const result = await runCheck(job, { clock, launcher, graceMs, signal });
  const { end, tookMs } = result;
  log({ kind: 'check_ended', changeId: change.id, command, end, tookMs });
  signal.throwIfAborted();
  return { command, result, user: launcher.user?.name ?? null };
}

/** All that a check is told. Nothing of it is ever put into a command. */
function environment(
  { tools, change }: Session,
  { mirror, commit, base }: Tested,
  { directory, home, temp }: Scratch,
): Record<string, string> {
  return {
    ...tools.checkEnv,
    HOME: home,
    TMPDIR: temp,
    SIGNALBOX_TASK_ID: change.taskId,
    SIGNALBOX_CHANGE_ID: change.id,
    SIGNALBOX_COMMIT: commit,
    SIGNALBOX_BASE_COMMIT: base,
    SIGNALBOX_BASE_BRANCH: mirror.baseBranch,
    SIGNALBOX_AGENT: change.author,
    [MARKER]: directory,
  };
}
