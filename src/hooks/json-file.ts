/**
 * Our part of a JSON file of the user: put in, looked for, and taken out. Ours is what holds our
 * mark; nothing else is touched. Where nothing but our part changed since, taking it out gives the
 * file back byte for byte.
 */
import { readFile, rm } from 'node:fs/promises';
import { SignalboxError } from '../contract/index.ts';
import { append, childrenOf, nodeAt, remove, set, valueAt, type Path } from './json-edit.ts';
import { parseJson, textAt, type Json, type Node } from './json-text.ts';
import { backupOf, keepBackup, readOwn, writeOwn } from './own-file.ts';

export type Addition =
  /** An item of a list. */
  | { path: Path; item: Json }
  /** A member by its name; one of the same name that is not ours stays. */
  | { path: Path; value: Json }
  /** A member that the client wants beside ours; one that is there stays as it is. */
  | { path: Path; frame: Json };

export interface JsonPlan {
  path: string;
  additions: readonly Addition[];
  /** By which our part is known again in the text of a value. */
  isOurs: (text: string) => boolean;
}

export interface Change {
  path: string;
  isChanged: boolean;
  /** What of ours is not there because somebody else has its place. */
  taken: string[];
}

const EMPTY = '{}\n';

export async function addTo(plan: JsonPlan): Promise<Change> {
  const file = await readOwn(plan.path);
  const before = file.text ?? '';
  const start = before.trim() === '' ? EMPTY : before;
  const { text, taken } = withOurs(plan, start);
  if (text === before || text === start) return { path: plan.path, isChanged: false, taken };
  // What holds ours already is not what was there before.
  if (withoutOurs(plan, start) === start) await keepBackup(file);
  await writeOwn(file, text);
  return { path: plan.path, isChanged: true, taken };
}

/** Throws what `addTo` would be refused for. */
export async function checkAdding(plan: JsonPlan): Promise<void> {
  const { text = '' } = await readOwn(plan.path);
  withOurs(plan, text.trim() === '' ? EMPTY : text);
}

export async function takeFrom(plan: JsonPlan): Promise<Change> {
  const file = await readOwn(plan.path);
  const unchanged = { path: plan.path, isChanged: false, taken: [] };
  if (file.text === undefined || file.text.trim() === '') return unchanged;
  const text = withoutOurs(plan, file.text);
  if (text === file.text) return unchanged;
  const backup = backupOf(file);
  const kept = await readFile(backup, 'utf8').catch(() => undefined);
  if (kept === undefined && sameAs(withoutFrame(plan, text), EMPTY)) await rm(file.path);
  else await writeOwn(file, kept !== undefined && isBefore(plan, kept, text) ? kept : text);
  await rm(backup, { force: true });
  return { ...unchanged, isChanged: true };
}

/** How much of ours is there: all of it as it would be written now, another form of it, or none. */
export async function lookAt(plan: JsonPlan): Promise<'whole' | 'other' | 'none'> {
  const { text } = await readOwn(plan.path);
  if (text === undefined || text.trim() === '') return 'none';
  if (withoutOurs(plan, text) === text) return 'none';
  return withOurs(plan, text).text === text ? 'whole' : 'other';
}

function withOurs(plan: JsonPlan, start: string): { text: string; taken: string[] } {
  const taken: string[] = [];
  let text = start;
  for (const addition of plan.additions) {
    const json = { file: plan.path, text };
    demandRoom(json.text, plan.path, addition);
    if ('item' in addition) text = withItem(plan, json.text, addition);
    else {
      const there = nodeAt(parseJson(text, plan.path), addition.path);
      if ('frame' in addition) {
        if (there === undefined) text = set(json, addition.path, addition.frame);
        continue;
      }
      const isForeign = there !== undefined && !plan.isOurs(textAt(text, there));
      if (isForeign) taken.push(addition.path.join('.'));
      else if (!isSame(valueAt(json, addition.path), addition.value)) {
        text = set(json, addition.path, addition.value);
      }
    }
  }
  return { text, taken };
}

/** One that is ours already is brought up to date in its place; a second one is taken away. */
function withItem(
  plan: JsonPlan,
  start: string,
  { path, item }: { path: Path; item: Json },
): string {
  const list = nodeAt(parseJson(start, plan.path), path);
  const [first, ...more] = list === undefined ? [] : oursIn(plan, start, list);
  if (first === undefined) return append({ file: plan.path, text: start }, path, item);
  let text = start;
  for (const index of more.toReversed()) text = remove({ file: plan.path, text }, [...path, index]);
  const json = { file: plan.path, text };
  return isSame(valueAt(json, [...path, first]), item) ? text : set(json, [...path, first], item);
}

/** Takes ours out, and then the lists and objects that are empty by that. */
function withoutOurs(plan: JsonPlan, start: string): string {
  let text = start;
  for (const addition of plan.additions) {
    const node = nodeAt(parseJson(text, plan.path), addition.path);
    if (node === undefined) continue;
    const before = text;
    if ('item' in addition) {
      for (const index of oursIn(plan, text, node).toReversed()) {
        text = remove({ file: plan.path, text }, [...addition.path, index]);
      }
    } else if ('value' in addition && plan.isOurs(textAt(text, node))) {
      text = remove({ file: plan.path, text }, addition.path);
    }
    if (text !== before) text = withoutEmpty(plan.path, text, addition.path);
  }
  return text;
}

function withoutFrame({ path: file, additions }: JsonPlan, start: string): string {
  const frames = additions.filter((addition) => 'frame' in addition);
  return frames.reduce((text, { path }) => remove({ file, text }, path), start);
}

function withoutEmpty(file: string, start: string, path: Path): string {
  let text = start;
  for (let length = path.length; length > 0; length--) {
    const node = nodeAt(parseJson(text, file), path.slice(0, length));
    if (node === undefined) continue;
    if (node.kind === 'scalar' || childrenOf(node).length > 0) break;
    text = remove({ file, text }, path.slice(0, length));
  }
  return text;
}

function oursIn(plan: JsonPlan, text: string, list: Node): number[] {
  if (list.kind !== 'array') return [];
  return list.items.flatMap((item, index) => (plan.isOurs(textAt(text, item)) ? [index] : []));
}

/** Where a list or an object is wanted and something else stands, nothing is changed. */
function demandRoom(text: string, file: string, { path, ...rest }: Addition): void {
  const root = parseJson(text, file);
  for (let length = 0; length <= path.length; length++) {
    const isEnd = length === path.length;
    if (isEnd && !('item' in rest)) return;
    const kind = isEnd ? 'array' : 'object';
    const node = nodeAt(root, path.slice(0, length));
    if (node === undefined) return;
    if (node.kind === kind) continue;
    const where = path.slice(0, length).join('.') || 'its top';
    const what = kind === 'array' ? 'a list' : 'an object';
    throw new SignalboxError('invalid_input', `${file}: ${where} is not ${what}.`, {
      hint: 'It was left as it is. See what the client makes of it, and correct it.',
    });
  }
}

/** Nothing but our part tells the file from what it was. */
function isBefore(plan: JsonPlan, kept: string, text: string): boolean {
  if (kept.trim() === '') return sameAs(text, EMPTY);
  // What was empty before is empty again, and was left out above.
  const start = withoutOurs(plan, withOurs(plan, kept).text);
  return start === text || sameAs(start, text);
}

function sameAs(one: string, other: string): boolean {
  return isSame(parsed(one), parsed(other));
}

function parsed(text: string): unknown {
  return JSON.parse(text.replace(/^\uFEFF/, ''));
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
