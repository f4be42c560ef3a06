/**
 * Do two patterns meet: is there a path that both of them mean? Decided exactly, by walking both
 * at once. A path is one or more names; a name is not empty and neither `.` nor `..`.
 *
 * Each pair of positions is looked at once. That is cheap for what people write and expensive for
 * what is made to be expensive, so whoever compares many gives a budget of such pairs. Where it is
 * spent, two patterns are said to meet: nobody then has what another one may have too.
 */
import { limits } from '../../contract/index.ts';
import {
  type Name,
  type Pattern,
  RUN,
  type Segment,
  type Token,
  type Way,
  wayOf,
} from './pattern.ts';

/** How many more pairs of places may be looked at; below zero it is spent. */
export interface Budget {
  left: number;
}

export function newBudget(): Budget {
  return { left: limits.lockPlacesMax };
}

export function overlaps(a: Pattern, b: Pattern, budget: Budget = newBudget()): boolean {
  if (a.isLiteral && b.isLiteral) return a.base === b.base;
  const others = waysOf(b);
  return waysOf(a).some((way) => others.some((other) => doWaysMeet(way, other, budget)));
}

/** Does the pattern mean this path, which is in NFC? */
export function matches(
  pattern: Pattern,
  path: string,
  budget: Budget = { left: Number.POSITIVE_INFINITY },
): boolean {
  if (pattern.isLiteral) return pattern.base === path;
  const names = wayOf(path);
  return pattern.ways.some((way) => doWaysMeet(way, names, budget));
}

function waysOf(pattern: Pattern): readonly Way[] {
  return pattern.isLiteral ? [wayOf(pattern.base)] : pattern.ways;
}

/** From the end: whether what is left of the one can be what is left of the other. */
function doWaysMeet(a: Way, b: Way, budget: Budget): boolean {
  if (!canBegin(a, b)) return false;
  budget.left -= (a.length + 1) * (b.length + 1);
  if (budget.left < 0) return true;
  let below = new Uint8Array(b.length + 2);
  for (let i = a.length; i >= 0; i--) {
    const row = new Uint8Array(b.length + 2);
    const rests = { left: a[i], b, row, below, budget };
    for (let j = b.length; j >= 0; j--) if (doRestsMeet(rests, j)) row[j] = 1;
    if (budget.left < 0) return true;
    below = row;
  }
  return below[0] === 1;
}

/** A first look that most pairs do not pass: names in front that are not the same. */
function canBegin([a]: Way, [b]: Way): boolean {
  if (a === undefined || b === undefined || a === '**' || b === '**') return true;
  return a.plain === undefined || b.plain === undefined || a.plain === b.plain;
}

interface Rests {
  /** Where the rest of the one begins; undefined at its end. */
  left: Segment | undefined;
  b: Way;
  /** Of the same place in the one, filled from the end. */
  row: Uint8Array;
  /** Of the place after it. */
  below: Uint8Array;
  budget: Budget;
}

function doRestsMeet({ left, b, row, below, budget }: Rests, j: number): boolean {
  const right = b[j];
  if (left === undefined && right === undefined) return true;
  if (left === '**' && below[j] === 1) return true;
  if (right === '**' && row[j + 1] === 1) return true;
  if (left === undefined || right === undefined) return false;
  if (left === '**') return row[j + 1] === 1;
  if (right === '**') return below[j] === 1;
  return below[j + 1] === 1 && doNamesMeet(left, right, budget);
}

/** What of a name was written so far, as far as it matters: a set of these. */
const NOTHING = 1;
const DOT = 2;
const TWO_DOTS = 4;
const OTHER = 8;

/** Is there a name that both stand for? Forward, over the places in both that can be reached. */
function doNamesMeet(a: Name, b: Name, budget: Budget): boolean {
  if (a.plain !== undefined && b.plain !== undefined) return a.plain === b.plain;
  const width = b.tokens.length + 1;
  budget.left -= (a.tokens.length + 1) * width;
  if (budget.left < 0) return true;
  const reached = new Uint8Array((a.tokens.length + 1) * width);
  const reach = (at: number, said: number) => {
    reached[at] = (reached[at] ?? 0) | said;
  };
  reach(0, NOTHING);
  // Every step leads further on in this order, so each place is looked at once.
  for (let i = 0, at = 0; i <= a.tokens.length; i++) {
    const left = a.tokens[i];
    for (let j = 0; j < width; j++, at++) {
      const said = reached[at] ?? 0;
      if (said === 0) continue;
      const right = b.tokens[j];
      const areRuns = left === RUN && right === RUN;
      const here = areRuns ? withAnyRun(said) : said;
      if (left === RUN) reach(at + width, here);
      if (right === RUN) reach(at + 1, here);
      if (left === undefined || right === undefined || areRuns) continue;
      const to = at + (left === RUN ? 0 : width) + (right === RUN ? 0 : 1);
      reach(to, withOneMore(said, left, right));
    }
  }
  return ((reached.at(-1) ?? 0) & OTHER) !== 0;
}

function withAnyRun(said: number): number {
  return said | ((said << 1) & TWO_DOTS) | (said & NOTHING ? DOT | TWO_DOTS : 0) | OTHER;
}

/** After a character that both can take, a dot or another one. */
function withOneMore(said: number, left: Token, right: Token): number {
  if (left >= 0 && right >= 0 && left !== right) return 0;
  const code = Math.max(left, right);
  const dotted = ((said & (NOTHING | DOT)) << 1) | (said >= TWO_DOTS ? OTHER : 0);
  if (code < 0) return dotted | OTHER;
  return code === FULL_STOP ? dotted : OTHER;
}

const FULL_STOP = 0x2e;
