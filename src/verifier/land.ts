/**
 * The last steps: push the tested commit onto exactly the base that it was tested on, read the base
 * again, and say that it landed.
 *
 * The hub has recorded `landing` before any of this, so a verifier that dies here leaves a change
 * whose next verifier begins with `confirm`. The push is a compare-and-swap: when the base is not
 * the tested one any more, by whomever, nothing is pushed and the change is tested again.
 */
import { containsCommit } from '../git/history.ts';
import { push } from '../git/land.ts';
import type { Mirror } from '../git/mirror.ts';
import type { Session } from './session.ts';
import { afterLandingError, afterLoss, again, later, type Verdict } from './verdict.ts';
import { openWorkspace } from './workspace.ts';

export interface Passed {
  mirror: Mirror;
  /** The commit that passed, and the base that it was tested on; the same where nothing is new. */
  commit: string;
  base: string;
}

export async function land(session: Session, passed: Passed): Promise<Verdict> {
  try {
    return await pushAndConfirm(session, passed);
  } catch (error) {
    return afterLoss(session) ?? afterLandingError(error, session.strike);
  }
}

async function pushAndConfirm(session: Session, passed: Passed): Promise<Verdict> {
  const { lease } = session;
  const { mirror, commit, base } = passed;
  const { baseBranch: branch } = mirror;
  await lease.confirm();
  if (commit !== base) {
    const target = { commit, branch, expected: base, signal: lease.signal };
    if ((await push(mirror, target)) === 'moved') {
      return again(`${branch} moved on from ${base} while the change was tested.`);
    }
  }
  const landed = await confirm(session, mirror, commit);
  // Not at once: a repository that takes a push and shows nothing of it would see no end of them.
  return landed ?? later(`${branch} took the push of ${commit} and has it not.`, session.strike);
}

/** For a change that was `landing` when its verifier went: did the push arrive? */
export async function recover(session: Session): Promise<Verdict> {
  const { testedCommit } = session.change;
  if (testedCommit === null) return again('It was landing without a tested commit.');
  try {
    const landed = await confirm(session, await openWorkspace(session), testedCommit);
    return landed ?? again(`The push of ${testedCommit} did not arrive.`);
  } catch (error) {
    return afterLoss(session) ?? afterLandingError(error, session.strike);
  }
}

/**
 * Reads the base again, and says that it landed; null where it has not. A commit's id is made from
 * its tree, so a base that has the commit in its history has landed exactly what was tested.
 */
async function confirm(session: Session, mirror: Mirror, commit: string): Promise<Verdict | null> {
  const { lease, report } = session;
  const { baseBranch } = mirror;
  await mirror.fetch({ branches: [baseBranch], signal: lease.signal });
  const tip = await mirror.resolve(baseBranch);
  const isKnown = tip !== null && (await mirror.resolve(commit)) !== null;
  if (!isKnown || !(await containsCommit(mirror, { base: tip, commit }))) return null;
  lease.rest();
  await report.land({ landedCommit: commit });
  return { kind: 'landed', commit, baseBranch };
}
