/** Adding and taking away values of a JSON text, in the manner in which it is written. */
import { parseJson, textAt, type Json, type Member, type Node } from './json-text.ts';

export type Path = readonly (string | number)[];

export interface JsonText {
  file: string;
  text: string;
}

/** The value at a path; undefined where there is none. */
export function nodeAt(node: Node, path: Path): Node | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return node;
  const child = childOf(node, step);
  return child === undefined ? undefined : nodeAt(child, rest);
}

export function valueAt({ file, text }: JsonText, path: Path): unknown {
  const node = nodeAt(parseJson(text, file), path);
  return node === undefined ? undefined : JSON.parse(textAt(text, node));
}

/** Of two members of one name the last one counts, as every reader of JSON has it. */
function childOf(node: Node, step: string | number): Node | undefined {
  if (node.kind === 'array' && typeof step === 'number') return node.items[step];
  if (node.kind !== 'object') return undefined;
  return node.members.findLast(({ key }) => key === step)?.value;
}

/** Adds an item to the list at a path, which is made where it is not there. */
export function append(json: JsonText, path: Path, item: Json): string {
  const node = nodeAt(parseJson(json.text, json.file), path);
  if (node === undefined) return set(json, path, [item]);
  if (node.kind !== 'array') throw new TypeError(`no list at ${path.join('.')}`);
  return insert(json.text, node, (indent) => written(item, indent));
}

/** Sets a member, with the objects that lead to it. */
export function set(json: JsonText, path: Path, value: Json): string {
  const root = parseJson(json.text, json.file);
  const there = nodeAt(root, path);
  if (there !== undefined) {
    const indent = { ...styleOf(json.text), base: indentAt(json.text, there.start) };
    return splice(json.text, there, written(value, indent));
  }
  let known = path.length - 1;
  while (nodeAt(root, path.slice(0, known)) === undefined) known--;
  const parent = nodeAt(root, path.slice(0, known));
  if (parent?.kind !== 'object')
    throw new TypeError(`no object at ${path.slice(0, known).join('.')}`);
  const nested = path.slice(known + 1).reduceRight<Json>((inner, key) => ({ [key]: inner }), value);
  const name = JSON.stringify(String(path[known]));
  return insert(json.text, parent, (indent) => `${name}: ${written(nested, indent)}`);
}

/** Takes a member or an item away, with the comma and the spaces that belonged to it. */
export function remove({ file, text }: JsonText, path: Path): string {
  const parent = nodeAt(parseJson(text, file), path.slice(0, -1));
  const step = path.at(-1);
  const children = parent === undefined ? [] : childrenOf(parent);
  const at = children.findLastIndex((child, index) =>
    'key' in child ? child.key === step : index === step,
  );
  const [before, child, after] = [children[at - 1], children[at], children[at + 1]];
  if (parent === undefined || child === undefined) return text;
  if (before !== undefined) return splice(text, { start: before.end, end: child.end }, '');
  if (after !== undefined) return splice(text, { start: child.start, end: after.start }, '');
  return splice(text, { start: parent.start + 1, end: parent.end - 1 }, '');
}

export function childrenOf(node: Node): (Member | Node)[] {
  if (node.kind === 'object') return node.members;
  return node.kind === 'array' ? node.items : [];
}

interface Indent {
  unit: string;
  newline: string;
  base: string;
}

function insert(text: string, parent: Node, words: (indent: Indent) => string): string {
  const style = styleOf(text);
  const own = indentAt(text, parent.start);
  const [first, last] = [childrenOf(parent)[0], childrenOf(parent).at(-1)];
  if (first === undefined || last === undefined) {
    const base = own + style.unit;
    const inside = `${style.newline}${base}${words({ ...style, base })}${style.newline}${own}`;
    return splice(text, { start: parent.start + 1, end: parent.end - 1 }, inside);
  }
  const isOneLine = !text.slice(parent.start, first.start).includes('\n');
  const base = isOneLine ? own : indentAt(text, first.start);
  const between = isOneLine ? ', ' : `,${style.newline}${base}`;
  return splice(text, { start: last.end, end: last.end }, between + words({ ...style, base }));
}

function written(value: Json, { unit, newline, base }: Indent): string {
  return JSON.stringify(value, null, unit).replaceAll('\n', newline + base);
}

function splice(text: string, { start, end }: { start: number; end: number }, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

function styleOf(text: string): Pick<Indent, 'unit' | 'newline'> {
  const unit = /^([ \t]+)\S/m.exec(text)?.[1] ?? '  ';
  return { unit, newline: text.includes('\r\n') ? '\r\n' : '\n' };
}

/** The spaces that the line of this place begins with. */
function indentAt(text: string, at: number): string {
  const line = text.slice(text.lastIndexOf('\n', at - 1) + 1, at);
  return /^[ \t]*/.exec(line)?.[0] ?? '';
}
