/**
 * Where a task stands in line. Pure. Levels come first: the lane, and one level higher for each
 * step that the task has waited. Within a level it is start-time fair queueing: the tasks of a
 * submitter follow each other by a stretch that is the shorter the more weight it has, and who
 * begins first is next. Who has nothing in line begins where the others are: nobody saves turns up.
 */
import { limits } from '../../contract/index.ts';
import type { TaskRow } from './queries.ts';

/** A multiple of all small weights, so that turns come out even. */
const STRETCH = 720_720;

/** The lane that a task stands in now: 0 is urgent, and waiting brings it nearer. */
export function levelOf(rankMs: number, nowMs: number): number {
  return Math.max(0, Math.ceil((rankMs - nowMs) / limits.agingStepMs));
}

/** When it comes into the next higher level; null where there is none. */
export function risesAtMs(rankMs: number, level: number): number | null {
  return level === 0 ? null : rankMs - (level - 1) * limits.agingStepMs;
}

export interface Turns {
  /** Where the submitter's last turn in this level ends. */
  pass: number;
  /** The place up to which turns were given. */
  reached: number;
  weight: number;
}

/** Where the submitter's next turn begins, and where it ends. */
export function turnOf({ pass, reached, weight }: Turns): { turn: number; pass: number } {
  const turn = Math.max(pass, reached);
  return { turn, pass: turn + Math.ceil(STRETCH / weight) };
}

/** What the order of the line is told by. */
export type Place = Pick<TaskRow, 'level' | 'turn' | 'rank_ms' | 'id'>;

/** Before all that are in line. */
export const FIRST: Place = { level: -1, turn: 0, rank_ms: 0, id: '' };

/** The order of the line. */
export function byPlace(one: Place, other: Place): number {
  return (
    one.level - other.level ||
    (one.turn ?? Infinity) - (other.turn ?? Infinity) ||
    one.rank_ms - other.rank_ms ||
    (one.id < other.id ? -1 : Number(one.id > other.id))
  );
}
