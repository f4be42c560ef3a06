/**
 * What stands in a file, each thing with its place. YAML has more than a list of tasks needs, and
 * what it has more hides what is meant: aliases, tags, doubled keys and keys that are no words are
 * refused here, so that nothing behind this knows of them. JSON is YAML too.
 */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import type { Document, Pair } from 'yaml';
import type { Place, Problems } from './problems.ts';

interface Text {
  kind: 'text';
  place: Place;
  /** As it was written: `007` stays 007. Undefined where there is nothing. */
  text: string | undefined;
  /** What stood here was refused, and has been told. */
  isRefused?: boolean;
}

interface List {
  kind: 'list';
  place: Place;
  items: readonly Value[];
}

export interface Fields {
  kind: 'fields';
  place: Place;
  entries: ReadonlyMap<string, Entry>;
}

export interface Entry {
  /** Of the name. */
  place: Place;
  value: Value;
}

export type Value = Text | List | Fields;

const ERRORS_MAX = 3;
/** A task has lists, and a file has lists of tasks; no more than that is meaningful. */
const DEPTH_MAX = 8;

/** Undefined where the file holds nothing, or what is no YAML. */
export function parseValue(text: string, problems: Problems, firstLine = 1): Value | undefined {
  const counter = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: counter,
    // Ours is told with both places, and does not compare each key with each.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const at = (offset: number): Place => {
    const { line, col } = counter.linePos(offset);
    return { line: line + firstLine - 1, column: col };
  };
  const [document, second] = 'empty' in documents ? [] : documents;
  if (document === undefined) return undefined;
  if (document.errors.length > 0) return refuseSyntax({ document, text, at, problems });
  if (second !== undefined) {
    const message = 'a second document begins here; put all tasks into one';
    problems.add({ place: at(second.range[0]), message });
    return undefined;
  }
  return reader(at, problems).read(document.contents, document.range[0], 0);
}

interface Broken {
  document: Document.Parsed;
  text: string;
  at: (offset: number) => Place;
  problems: Problems;
}

/** One slip makes many errors; the first ones say where it is. */
function refuseSyntax({ document, text, at, problems }: Broken): undefined {
  for (const { message, pos } of document.errors.slice(0, ERRORS_MAX)) {
    const place = at(pos[0]);
    const line = text.slice(text.lastIndexOf('\n', pos[0] - 1) + 1).split('\n', 1)[0] ?? '';
    const isTab = /^ *\t/.test(line);
    const isDeep = message.includes('call stack');
    const plain = isDeep ? 'it is nested too deep' : message;
    const said = isTab ? 'YAML takes no tabs at the beginning of a line; use spaces' : plain;
    problems.add({ place, message: said });
  }
  return undefined;
}

function reader(
  at: (offset: number) => Place,
  problems: Problems,
): { read: (node: unknown, offset: number, depth: number) => Value } {
  const refused = (place: Place, message: string): Value => {
    problems.add({ place, message });
    return { kind: 'text', place, text: undefined, isRefused: true };
  };

  const read = (node: unknown, offset: number, depth: number): Value => {
    if (isAlias(node)) {
      return refused(at(node.range?.[0] ?? offset), `aliases (*${node.source}) are not taken`);
    }
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return empty(at(offset));
    const start = node.range?.[0] ?? offset;
    const place = at(start);
    if (node.tag !== undefined) {
      const tag = node.tag.replace('tag:yaml.org,2002:', '!!');
      return refused(place, `tags (${tag}) are not taken`);
    }
    if (depth > DEPTH_MAX) return refused(place, 'this is nested too deep');
    if (isMap(node)) return { kind: 'fields', place, entries: entries(node.items, start, depth) };
    if (isScalar(node)) return { kind: 'text', place, text: textOf(node) };
    const items = node.items.map((item) => read(item, start, depth + 1));
    return { kind: 'list', place, items };
  };

  const entries = (pairs: readonly Pair[], start: number, depth: number): Map<string, Entry> => {
    const found = new Map<string, Entry>();
    for (const { key, value } of pairs) {
      const place = at(isScalar(key) ? (key.range?.[0] ?? start) : start);
      const name = isScalar(key) && key.tag === undefined ? textOf(key) : undefined;
      if (name === undefined) {
        problems.add({ place, message: 'a key here is no word' });
        continue;
      }
      const before = found.get(name);
      if (before === undefined) {
        const end = isScalar(key) ? (key.range?.[1] ?? start) : start;
        found.set(name, { place, value: read(value, end, depth + 1) });
      } else {
        const message = `it stands here twice, first in line ${before.place.line}`;
        problems.add({ place, field: name, message });
      }
    }
    return found;
  };

  return { read };
}

function empty(place: Place): Value {
  return { kind: 'text', place, text: undefined };
}

function textOf({ value, source }: { value: unknown; source?: string }): string | undefined {
  if (typeof value === 'string') return value;
  return value === null ? undefined : source;
}
