/**
 * What stands in the way of a lock: items of other holders that overlap its own, are not shared
 * with it, and are held or were asked for before.
 *
 * Nobody is passed over, with one exception: who already waits for something that this holder has
 * does not hold it up. Both would wait for each other, and it would gain nothing by it.
 */
import type { LockMode } from '../../contract/index.ts';
import type { Db } from '../../store/db.ts';
import { type ItemRow, listItems, listItemsOf, listItemsOn } from './item-queries.ts';
import type { Item } from './items.ts';
import { type Budget, newBudget, overlaps } from './overlap.ts';
import { parsePattern, type Pattern } from './pattern.ts';

export interface Wanted {
  project: string;
  holder: string;
  /** Other holders that are the same one: the task that a session has in hand. */
  also?: readonly string[] | undefined;
  mode: LockMode;
  /** Who asked later is not in its way. */
  place: number;
  items: readonly Item[];
}

export interface Hit {
  item: Item;
  row: ItemRow;
}

/** Many bases go in portions: a statement takes only so many values. */
const PORTION = 500;

export async function findHits(db: Db, wanted: Wanted): Promise<Hit[]> {
  return hitsAmong(db, wanted, await findOverlaps(db, wanted));
}

/** The same, where what overlaps was read already. */
export async function hitsAmong(db: Db, wanted: Wanted, overlapping: Hit[]): Promise<Hit[]> {
  const others = overlapping.filter(({ row }) => isInTheWay(row, wanted));
  if (others.every(({ row }) => row.state === 'granted')) return others;
  return withoutThoseBehind(db, wanted, others);
}

export interface Search extends Pick<Wanted, 'project' | 'items'> {
  /** Only who stands in line. */
  isWaiting?: boolean;
  /** Where it is spent, all that may meet is said to. */
  budget?: Budget;
}

/** What of all others, and of its own, meets these items. */
export async function findOverlaps(
  db: Db,
  { project, items, isWaiting = false, budget = newBudget() }: Search,
): Promise<Hit[]> {
  const hits: Hit[] = [];
  for (const [scope, own] of Map.groupBy(items, (item) => item.scope)) {
    const rows = (await readGround(db, { project, scope, items: own }))
      .filter(({ state }) => state === 'waiting' || !isWaiting)
      .map((row) => comparable(row, budget));
    for (const item of own) {
      for (const one of rows) if (meets(item.pattern, one)) hits.push({ item, row: one.row });
    }
  }
  return hits;
}

interface Place {
  project: string;
  scope: string;
  items: readonly Item[];
}

/** Where all lies that may overlap these: on the way up to one of them, or below a folder. */
export function groundOf(patterns: readonly Pattern[]): { bases: string[]; folders: string[] } {
  const bases = new Set(patterns.flatMap(({ base }) => wayUp(base)));
  const folders = new Set(patterns.filter(({ isLiteral }) => !isLiteral).map(({ base }) => base));
  return { bases: [...bases], folders: [...folders] };
}

async function readGround(db: Db, { project, scope, items }: Place): Promise<ItemRow[]> {
  const { bases, folders } = groundOf(items.map(({ pattern }) => pattern));
  if (bases.length + folders.length <= PORTION) {
    return listItemsOn(db, { project, scope, bases, folders });
  }
  const found = new Map<string, ItemRow>();
  const keep = (rows: ItemRow[]) =>
    rows.forEach((row) => found.set(`${row.lock_id}\0${row.pattern}`, row));
  for (let from = 0; from < bases.length; from += PORTION) {
    const part = bases.slice(from, from + PORTION);
    keep(await listItemsOn(db, { project, scope, bases: part, folders: [] }));
  }
  for (const folder of folders) {
    keep(await listItemsOn(db, { project, scope, bases: [folder], folders: [folder] }));
  }
  return [...found.values()].toSorted((a, b) => a.place - b.place);
}

/** `a/b/c` → '', `a`, `a/b`, `a/b/c`. */
export function wayUp(base: string): string[] {
  if (base === '') return [''];
  const parts = base.split('/');
  return ['', ...parts.map((_, index) => parts.slice(0, index + 1).join('/'))];
}

/** An item of somebody, read once however often it is compared. */
interface Comparable {
  row: ItemRow;
  doesMeet: (pattern: Pattern) => boolean;
}

/** Parsing one pattern character is charged like comparing this many positions. */
const PLACES_PER_CHARACTER = 50;

function comparable(row: ItemRow, budget: Budget): Comparable {
  let read: Pattern | string | undefined;
  const doesMeet = (pattern: Pattern): boolean => {
    if (read === undefined) {
      budget.left -= row.is_literal === 1 ? 0 : row.pattern.length * PLACES_PER_CHARACTER;
      if (budget.left < 0) return true;
      read = row.is_literal === 1 ? literalOf(row) : parsePattern(row.pattern);
    }
    return typeof read !== 'string' && overlaps(pattern, read, budget);
  };
  return { row, doesMeet };
}

function meets(pattern: Pattern, { row, doesMeet }: Comparable): boolean {
  if (row.is_literal === 1 && pattern.isLiteral) return row.base === pattern.base;
  return isOnOneWay(pattern.base, row.base) && doesMeet(pattern);
}

function literalOf({ pattern, base }: ItemRow): Pattern {
  return { text: pattern, isLiteral: true, base };
}

function isOnOneWay(a: string, b: string): boolean {
  return a === b || a === '' || b === '' || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

function isInTheWay(row: ItemRow, { holder, also, mode, place }: Wanted): boolean {
  if (row.holder === holder || also?.includes(row.holder) === true) return false;
  if (row.mode === 'shared' && mode === 'shared') return false;
  return row.state === 'granted' || row.place < place;
}

async function withoutThoseBehind(db: Db, wanted: Wanted, hits: Hit[]): Promise<Hit[]> {
  const own = (await listItemsOf(db, wanted.project, wanted.holder)).filter(
    (row) => row.state === 'granted',
  );
  if (own.length === 0) return hits;
  const budget = newBudget();
  const held = own.map((row) => comparable(row, budget));
  const behind = new Map<string, boolean>();
  for (const { row } of hits) {
    if (row.state === 'granted' || behind.has(row.lock_id)) continue;
    const theirs = await listItems(db, row.lock_id);
    behind.set(
      row.lock_id,
      theirs.some((item) => held.some((one) => isBlocked(item, one))),
    );
  }
  return hits.filter(({ row }) => row.state === 'granted' || behind.get(row.lock_id) !== true);
}

function isBlocked(item: ItemRow, held: Comparable): boolean {
  if (item.scope !== held.row.scope) return false;
  if (item.mode === 'shared' && held.row.mode === 'shared') return false;
  const pattern = item.is_literal === 1 ? literalOf(item) : parsePattern(item.pattern);
  return typeof pattern !== 'string' && meets(pattern, held);
}
