/**
 * What becomes of a change, as a value, and how an error becomes one. Pure.
 *
 * What its author can mend goes back to the author (reject). What is the fault of a machine or of a
 * repository's owner burns no attempt: it is tried again, less and less often, and says why. When
 * nobody can know whether the push arrived nothing is said at all (leave): the change stays
 * `landing`, and whoever claims it next reads the base.
 */
import { limits, SignalboxError } from '../contract/index.ts';
import { backoffMs } from '../core/backoff.ts';
import { GitError } from '../git/git-error.ts';
import { cutToTail } from '../process/tail.ts';

export type Verdict =
  | { kind: 'landed'; commit: string; baseBranch: string }
  | { kind: 'reject'; outcome: 'check_failed' | 'conflict'; reason: string; log: string }
  | { kind: 'release'; reason: string; retryInMs: number; cause?: Cause }
  | { kind: 'awaiting' }
  | { kind: 'leave'; reason: string; cause?: Cause };

/** What may mend itself, or not: the branch is elsewhere, the push was refused or is in doubt. */
export type Cause = 'stray' | 'refused' | 'doubt';

const RETRY = { firstMs: 2_000, mostMs: 5 * 60_000 };

export function reject(
  outcome: 'check_failed' | 'conflict',
  reason: string,
  log = '',
): Extract<Verdict, { kind: 'reject' }> {
  const bounded = reason.slice(0, limits.reasonCharsMax).toWellFormed();
  return {
    kind: 'reject',
    outcome,
    reason: bounded,
    log: cutToTail(log, { charsMax: limits.outputCharsMax }),
  };
}

/** Tried again at once: something else came first, and that is no failure. */
export function again(reason: string): Verdict {
  return { kind: 'release', reason, retryInMs: 0 };
}

export interface Strike {
  /** How often in a row this change could not be dealt with before. */
  count: number;
  /** What it was the last time, in words too, and how often in a row it was that. */
  cause: Cause | null;
  reason: string;
  inARow: number;
  /** A fraction of chance in [0, 1). */
  fraction: number;
}

const PATIENCE = 3;

/** It was this several times in a row, so it does not mend itself. */
export function isLasting(strike: Strike, cause: Cause): boolean {
  return strike.cause === cause && strike.inARow >= PATIENCE;
}

/** Tried again a few times, then given back to its author. */
export function laterOrReject(cause: Cause, reason: string, strike: Strike): Verdict {
  if (isLasting(strike, cause)) return reject('check_failed', reason);
  return { ...later(reason, strike), cause };
}

/** Tried again after a while that grows. */
export function later(
  reason: string,
  { count, fraction }: Strike,
): Extract<Verdict, { kind: 'release' }> {
  const bounded = reason.slice(0, limits.reasonCharsMax).toWellFormed();
  return { kind: 'release', reason: bounded, retryInMs: backoffMs(RETRY, count + 1, fraction) };
}

/** For an error on the way to the test: nothing has been pushed. */
export function afterError(error: unknown, strike: Strike): Verdict {
  if (error instanceof GitError) {
    const isAuthors = error.kind === 'not_bare' || error.kind === 'bad_name';
    return isAuthors ? reject('check_failed', worded(error)) : later(worded(error), strike);
  }
  if (!(error instanceof SignalboxError)) return later(messageOf(error), strike);
  switch (error.code) {
    case 'stale_fence':
    case 'not_found':
    case 'conflict':
    case 'unavailable':
    case 'unauthenticated':
    case 'forbidden':
      return { kind: 'leave', reason: error.message };
    case 'invalid_input':
    case 'too_large':
      return reject('check_failed', `This change cannot be assessed: ${error.message}`);
    default:
      return later(error.message, strike);
  }
}

/**
 * For an error after the hub has recorded `landing`. Only a plain refusal says that nothing landed.
 * When the base cannot be read for long, the change is tested anew: a push that did arrive is found
 * then (see verify.ts), and meanwhile people can see why it waits, or cancel it.
 */
export function afterLandingError(error: unknown, strike: Strike): Verdict {
  const reason = messageOf(error);
  if (error instanceof GitError && error.kind === 'rejected') {
    const words = error.stderr === '' ? worded(error) : `${worded(error)}\n${error.stderr}`;
    return { ...later(words, strike), cause: 'refused' };
  }
  const doubt = `Nobody knows whether its push arrived: ${reason}`;
  if (isLasting(strike, 'doubt')) return later(doubt, strike);
  return { kind: 'leave', reason, cause: 'doubt' };
}

/** Work breaks off in many ways when the lease is lost; that it is lost is all there is to say. */
export function afterLoss({ lease }: { lease: { signal: AbortSignal } }): Verdict | null {
  return lease.signal.aborted ? { kind: 'leave', reason: messageOf(lease.signal.reason) } : null;
}

function worded(error: GitError): string {
  return error.hint === null ? error.message : `${error.message} ${error.hint}`;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
