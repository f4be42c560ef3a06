/**
 * claim → verify → land, one change after the other. Whatever goes wrong with one change is said
 * to the hub about that change, and the loop goes on; only a hub that refuses this verifier ends
 * it.
 */
import type { Verification } from '../contract/index.ts';
import { recover } from './land.ts';
import { Lease } from './lease.ts';
import { reportOn } from './report.ts';
import type { Session, Tools } from './session.ts';
import type { Strikes } from './strikes.ts';
import { afterError, afterLoss, again, messageOf, type Verdict } from './verdict.ts';
import { verify } from './verify.ts';

const CLAIM_MS = 5_000;

/** Claims one change and deals with it. Answers false when there was none. */
export async function verifyNext(tools: Tools, strikes: Strikes): Promise<boolean> {
  const { client, log } = tools;
  // Not called off by a stop: what was claimed meanwhile would be held by nobody until it lapses.
  const { verification } = await client.change.claim({}, { timeoutMs: CLAIM_MS });
  if (verification === null) return false;
  const { change } = verification;
  log({ kind: 'claimed', change });
  const session = open(verification, tools, strikes);
  try {
    const verdict = await judged(session);
    strikes.keep(change.id, verdict);
    await tell(session, verdict);
  } catch (error) {
    log({ kind: 'left', changeId: change.id, reason: messageOf(error) });
  } finally {
    session.lease.rest();
  }
  return true;
}

function open(verification: Verification, tools: Tools, strikes: Strikes): Session {
  const { change } = verification;
  const lease = new Lease(verification, tools);
  return {
    tools,
    change,
    lease,
    report: reportOn(verification, tools),
    strike: { ...strikes.of(change.id), fraction: tools.random.fraction() },
    signal: AbortSignal.any([lease.signal, tools.stop]),
  };
}

async function judged(session: Session): Promise<Verdict> {
  const { change, strike, tools } = session;
  try {
    return change.state === 'landing' ? await recover(session) : await verify(session);
  } catch (error) {
    const loss = afterLoss(session);
    if (loss === null && tools.stop.aborted) return again('Its verifier was stopped.');
    return loss ?? afterError(error, strike);
  }
}

async function tell({ change, report, lease, tools }: Session, verdict: Verdict): Promise<void> {
  const { log } = tools;
  const changeId = change.id;
  lease.rest();
  switch (verdict.kind) {
    case 'landed':
      return log({ ...verdict, changeId, taskId: change.taskId });
    case 'awaiting':
      return log({ ...verdict, changeId, taskId: change.taskId });
    case 'leave':
      return log({ kind: 'left', changeId, reason: verdict.reason });
    case 'reject': {
      const { kind: _kind, ...said } = verdict;
      await report.reject(said);
      const { outcome, reason } = said;
      return log({ kind: 'rejected', changeId, outcome, reason });
    }
    case 'release': {
      const { reason, retryInMs } = verdict;
      await report.release({ reason, retryInMs });
      return log({ kind: 'released', changeId, reason, retryInMs });
    }
  }
}
