/**
 * From a claimed change to a tested commit: fetch, rebase on the base as it is now, ask the hub for
 * the tier and the checks, run them, say that it passed. What was tested is then what lands.
 *
 * A change whose content the base has already (its push arrived although its report did not, or
 * somebody else did the same) is not rejected: the base itself is tested in its place, and when
 * that passes the task is done by what is there. A change that never altered anything is.
 */
import { limits } from '../contract/index.ts';
import { treeOf } from '../git/history.ts';
import type { Mirror } from '../git/mirror.ts';
import { rebaseOnto, type RebaseOutcome } from '../git/rebase.ts';
import { cutToTail } from '../process/tail.ts';
import { candidateOf, tooMuch } from './candidate.ts';
import { runChecks } from './checks.ts';
import { land, type Passed } from './land.ts';
import type { Session } from './session.ts';
import { isLasting, reject, type Verdict } from './verdict.ts';
import { fetchChange, openWorkspace } from './workspace.ts';

export async function verify(session: Session): Promise<Verdict> {
  const { strike } = session;
  if (isLasting(strike, 'refused')) return reject('check_failed', strike.reason);
  const mirror = await openWorkspace(session);
  const fetched = await fetchChange(session, mirror);
  if ('kind' in fetched) return fetched;
  const { base } = fetched;
  const { headCommit, baseCommit } = session.change;
  if (await isEmpty(mirror, session.change)) {
    return reject('check_failed', `${headCommit} has the same files as ${baseCommit}: no change.`);
  }
  const rebased = await rebaseOnto(mirror, { head: headCommit, base });
  if (rebased.kind === 'conflict') return conflict(mirror, base, rebased);
  return test(session, { mirror, base, commit: rebased.kind === 'ready' ? rebased.commit : base });
}

async function isEmpty(
  mirror: Mirror,
  { headCommit, baseCommit }: { headCommit: string; baseCommit: string },
): Promise<boolean> {
  if ((await mirror.resolve(baseCommit)) === null) return false;
  return (await treeOf(mirror, headCommit)) === (await treeOf(mirror, baseCommit));
}

function conflict(
  { baseBranch }: Mirror,
  base: string,
  { paths, output }: Extract<RebaseOutcome, { kind: 'conflict' }>,
): Verdict {
  const where = paths.length === 0 ? '' : ` in ${paths.slice(0, 20).join(', ')}`;
  const more = paths.length > 20 ? ` and ${paths.length - 20} more` : '';
  const what = `conflict${where}${more}`;
  const reason = `The change does not fit on ${baseBranch} (${base}) any more: ${what}.`;
  const log = `${output}\n\nStart from ${baseBranch} as it is now and do the work on top of it.\n`;
  return reject('conflict', reason, log);
}

async function test(session: Session, passed: Passed): Promise<Verdict> {
  const { tools, change, report, lease, signal } = session;
  const { mirror, base, commit } = passed;
  const candidate = await candidateOf(mirror, { base, commit });
  const excess = tooMuch(candidate);
  if (excess !== null) return reject('check_failed', excess);
  const { baseBranch } = mirror;
  signal.throwIfAborted();
  const { tier, rules, checks } = await report.assess({ baseBranch, ...candidate });
  const changeId = change.id;
  tools.log({ kind: 'assessed', changeId, tier, rules, checks: checks.length });
  const outcome = await runChecks(session, { mirror, base, commit, checks });
  if (outcome.failure !== null) return reject('check_failed', outcome.failure, outcome.log);
  signal.throwIfAborted();
  lease.rest();
  const log = cutToTail(outcome.log, { charsMax: limits.outputCharsMax });
  const { state } = await report.pass({ testedCommit: commit, testedBase: base, log });
  tools.log({ kind: 'passed', changeId, commit, base, baseBranch });
  if (state === 'landing') return land(session, passed);
  if (state === 'awaiting') return { kind: 'awaiting' };
  return { kind: 'leave', reason: 'others have landed on its paths: the hub has sent it back' };
}
