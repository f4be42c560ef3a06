/**
 * Whose turn it is. Pure. Lanes come first; among submitters whose first task stands in the same
 * lane it is start-time fair queueing: each hand-out moves its submitter on by a stretch that is
 * the shorter the more weight it has, and who has gone least far is next. Who has not waited for a
 * while begins where the others are: nobody saves turns up.
 */
import { limits } from '../../contract/index.ts';

/** A multiple of all small weights, so that turns come out even. */
const STRETCH = 720_720;

/** Where a submitter's line begins, with how far its turns have gone. */
export interface Head {
  submitter_key: string;
  /** Of its first task. */
  rank_ms: number;
  pass: number;
  weight: number;
  /** The place up to which turns were given. */
  reached: number;
}

/** The lane that a task stands in now: 0 is urgent, and waiting brings it nearer. */
export function levelOf(rankMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((rankMs - nowMs) / limits.agingStepMs));
}

/** Sorts the next one to the front. */
export function byTurn(nowMs: number): (one: Head, other: Head) => number {
  return (one, other) =>
    levelOf(one.rank_ms, nowMs) - levelOf(other.rank_ms, nowMs) ||
    startOf(one) - startOf(other) ||
    one.rank_ms - other.rank_ms ||
    (one.submitter_key < other.submitter_key ? -1 : 1);
}

/** Where the turn of a submitter begins, and where it ends. */
export function turnOf(head: Head): { reached: number; pass: number } {
  const reached = startOf(head);
  return { reached, pass: reached + Math.ceil(STRETCH / head.weight) };
}

function startOf({ pass, reached }: Head): number {
  return Math.max(pass, reached);
}
