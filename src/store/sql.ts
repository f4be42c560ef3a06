/**
 * SQL as text: sql`select * from tasks where id = ${id}`.
 *
 * What stands in `${}` is a parameter, never text, unless it is itself an Sql: fragments nest.
 * Where a tag stands in the source is its identity: everything that can be known from its text
 * alone (the rendered text, the prepared statement) hangs on its `Template` and is made once,
 * because some hundred thousand statements a second pass here.
 *
 * Numbers reach SQLite as floats: `${7} / 2` is 3.5 there and 3 on PostgreSQL, and a number stored
 * in a text column reads '5.0' there and '5' here. Divide in JavaScript, and give text columns
 * text.
 */
import { StoreError } from './errors.ts';

export type Value = string | number | null | Uint8Array;
type Slot = Value | Sql;

/** A statement with its values. Made only by `sql`, `join` and `raw`, which check every value. */
export class Sql {
  readonly template: Template;
  readonly values: readonly Value[];

  constructor(template: Template, values: readonly Value[]) {
    this.template = template;
    this.values = values;
  }
}

/** The text of a statement without its values. */
export class Template {
  readonly strings: readonly string[];
  /**
   * False when the text depends on the length of a list; such a text is not kept on a PostgreSQL
   * server.
   */
  readonly isFixed: boolean;
  /** It changes nothing for certain. */
  readonly isReading: boolean;
  /** The last composition with nested fragments: nearly always the next one too. */
  lastWoven: { parts: (Template | undefined)[]; template: Template } | undefined = undefined;
  #sqlite: string | undefined = undefined;
  #postgres: string | undefined = undefined;

  constructor(strings: readonly string[], isFixed: boolean) {
    this.strings = strings;
    this.isFixed = isFixed;
    this.isReading = /^\s*select\b/i.test(strings[0] ?? '');
  }

  get sqlite(): string {
    return (this.#sqlite ??= this.strings.join('?'));
  }

  get postgres(): string {
    return (this.#postgres ??= this.strings.reduce(
      (text, next, index) => `${text}$${index}${next}`,
    ));
  }
}

export function sql(strings: TemplateStringsArray, ...slots: Slot[]): Sql {
  let template = templates.get(strings);
  if (template === undefined) {
    template = new Template(strings, true);
    templates.set(strings, template);
  }
  let isNested = false;
  for (let index = 0; index < slots.length; index++) {
    const slot = slots[index];
    if (slot instanceof Sql) isNested = true;
    else if (!isValue(slot)) throw refusal(slot, index, template);
  }
  return isNested ? weave(template, slots) : new Sql(template, slots as Value[]);
}

/**
 * A list of values or fragments, as for `in (${join(ids)})`. Not for an empty list: no engine takes
 * `in ()`.
 */
export function join(list: readonly Slot[], separator = ', '): Sql {
  if (list.length === 0) throw new StoreError('an empty list cannot be joined into a statement');
  const gaps = Array.from({ length: list.length - 1 }, () => separator);
  const template = intern(['', ...gaps, ''], false);
  list.forEach((slot, index) => {
    if (!(slot instanceof Sql) && !isValue(slot)) throw refusal(slot, index, template);
  });
  return weave(template, list);
}

/** Text as it stands. Only for constants of this program, never for anything from outside. */
export function raw(text: string): Sql {
  return new Sql(intern([text], true), []);
}

/**
 * `limit n` as text. With a parameter there SQLite plans a statement anew each time it is run,
 * which takes several times as long as running it. A PostgreSQL server keeps the texts with round
 * numbers, which are those of our own pages; a caller may ask for any other.
 */
export function limitTo(rows: number): Sql {
  if (!Number.isSafeInteger(rows) || rows < 0) throw new StoreError(`a limit of ${rows} rows`);
  const isOurs = rows <= 2 || rows % 50 === 0;
  return new Sql(intern([`limit ${rows}`], isOurs), []);
}

const templates = new WeakMap<readonly string[], Template>();
/** Composed templates by their text; the oldest goes when there are too many. */
const interned = new Map<string, Template>();
const INTERNED_MAX = 1000;

/**
 * Booleans, dates, undefined and NaN are refused here: drivers bind some of them as NULL silently.
 */
function isValue(slot: unknown): slot is Value {
  if (typeof slot === 'string') return !slot.includes('\0');
  if (typeof slot === 'number') return Number.isFinite(slot);
  return slot === null || slot instanceof Uint8Array;
}

function refusal(slot: unknown, index: number, template: Template): StoreError {
  const reason =
    typeof slot === 'string'
      ? 'text with a NUL character'
      : slot instanceof Date
        ? 'a Date: give its milliseconds'
        : typeof slot === 'boolean'
          ? 'a boolean: give 0 or 1'
          : typeof slot === 'bigint'
            ? 'a bigint: give a number'
            : typeof slot === 'number' || slot === undefined
              ? String(slot)
              : `a value of type ${typeof slot}`;
  const statement = template.postgres;
  return new StoreError(`parameter ${index + 1} of the statement is ${reason}`, { statement });
}

/**
 * Puts nested fragments into the text around them. The text is built only when the fragments
 * changed.
 */
function weave(outer: Template, slots: readonly Slot[]): Sql {
  const values: Value[] = [];
  const last = outer.lastWoven;
  let isSame = last !== undefined;
  for (let index = 0; index < slots.length; index++) {
    const slot = slots[index] as Slot;
    const inner = slot instanceof Sql ? slot : undefined;
    if (inner === undefined) values.push(slot as Value);
    else for (const value of inner.values) values.push(value);
    if (isSame && last?.parts[index] !== inner?.template) isSame = false;
  }
  if (isSame && last !== undefined) return new Sql(last.template, values);
  const parts = slots.map((slot) => (slot instanceof Sql ? slot.template : undefined));
  const template = wovenTemplate(outer, parts);
  outer.lastWoven = { parts, template };
  return new Sql(template, values);
}

function wovenTemplate(outer: Template, parts: readonly (Template | undefined)[]): Template {
  const strings = [outer.strings[0] ?? ''];
  let isFixed = outer.isFixed;
  parts.forEach((inner, index) => {
    const after = outer.strings[index + 1] ?? '';
    if (inner === undefined) return strings.push(after);
    isFixed &&= inner.isFixed;
    strings.push(`${strings.pop() ?? ''}${inner.strings[0] ?? ''}`, ...inner.strings.slice(1));
    return strings.push(`${strings.pop() ?? ''}${after}`);
  });
  return intern(strings, isFixed);
}

function intern(strings: readonly string[], isFixed: boolean): Template {
  const key = `${isFixed ? '' : 'variable:'}${strings.join('\0')}`;
  const known = interned.get(key);
  if (known !== undefined) return known;
  const template = new Template(strings, isFixed);
  if (interned.size >= INTERNED_MAX) interned.delete(interned.keys().next().value as string);
  interned.set(key, template);
  return template;
}
