/**
 * Do two patterns meet: is there a path that both of them mean? Decided exactly, by walking both
 * at once. A path is one or more names; a name is not empty and neither `.` nor `..`.
 */
import { type Pattern, plain, type Segment, type Token, waysOf } from './pattern.ts';

export function overlaps(a: Pattern, b: Pattern): boolean {
  if (a.isLiteral && b.isLiteral) return a.base === b.base;
  const others = waysOf(b);
  return waysOf(a).some((way) => others.some((other) => doWaysMeet(way, other)));
}

/** Does the pattern mean this path? */
export function matches(pattern: Pattern, path: string): boolean {
  if (pattern.isLiteral) return pattern.base === path;
  const names = path.split('/').map(plain);
  return waysOf(pattern).some((way) => doWaysMeet(way, names));
}

type Way = readonly Segment[];

/** From the end: whether what is left of the one can be what is left of the other. */
function doWaysMeet(a: Way, b: Way): boolean {
  let below = Array.from({ length: b.length + 1 }, () => false);
  for (let i = a.length; i >= 0; i--) {
    const row = Array.from({ length: b.length + 1 }, () => false);
    for (let j = b.length; j >= 0; j--) row[j] = doRestsMeet({ a, b, i, j, row, below });
    below = row;
  }
  return below[0] === true;
}

interface Rests {
  a: Way;
  b: Way;
  i: number;
  j: number;
  /** Of the same i, filled from the end. */
  row: readonly boolean[];
  /** Of i + 1. */
  below: readonly boolean[];
}

function doRestsMeet({ a, b, i, j, row, below }: Rests): boolean {
  const [left, right] = [a[i], b[j]];
  if (left === undefined && right === undefined) return true;
  if (left === '**' && below[j] === true) return true;
  if (right === '**' && row[j + 1] === true) return true;
  if (left === undefined || right === undefined) return false;
  if (left === '**') return row[j + 1] === true;
  if (right === '**') return below[j] === true;
  return below[j + 1] === true && doNamesMeet(left, right);
}

/** What of a name was written so far, as far as it matters: nothing, `.`, `..`, or another one. */
const OTHER = 3;
const STATES = 4;

/** Is there a name that both stand for? Forward, over the places in both that can be reached. */
function doNamesMeet(a: readonly Token[], b: readonly Token[]): boolean {
  const width = b.length + 1;
  const reached = new Uint8Array((a.length + 1) * width * STATES);
  reached[0] = 1;
  // Every step leads further on in this order, so each place is looked at once.
  for (let at = 0; at < reached.length; at++) {
    if (reached[at] === 0) continue;
    const said = at % STATES;
    const place = (at - said) / STATES;
    const [left, right] = [a[Math.floor(place / width)], b[place % width]];
    if (left === '*') reached[at + width * STATES] = 1;
    if (right === '*') reached[at + STATES] = 1;
    if (left === undefined || right === undefined) continue;
    const step = (left === '*' ? 0 : width) + (right === '*' ? 0 : 1);
    for (const isDot of [true, false]) {
      const next = isDot && said < 2 ? said + 1 : OTHER;
      if (canBoth(left, right, isDot)) reached[(place + step) * STATES + next] = 1;
    }
  }
  return reached.at(-1) === 1;
}

/** Can both take the same character, a dot or another one? */
function canBoth(left: Token, right: Token, isDot: boolean): boolean {
  if (typeof left === 'string') return takes(right, isDot);
  if (typeof right === 'string') return takes(left, isDot);
  return left.char === right.char && takes(left, isDot);
}

function takes(token: Token, isDot: boolean): boolean {
  return typeof token === 'string' || (token.char === '.') === isDot;
}
