/**
 * The fields of one task, or of the defaults, as a source of an order. What does not fit is noted
 * with its place and taken for not said, so that all that is wrong is found in one go.
 */
import { MOMENT_WORDS, parseDurationMs, parseMomentMs } from '../words/duration.ts';
import { DOLLAR_WORDS, parseDollarMicros } from '../words/money.ts';
import { similar } from '../words/similar.ts';
import type { OrderSource } from '../task/task-order.ts';
import type { Place, Problems } from './problems.ts';
import type { Entry, Fields, Value } from './value.ts';

/** The words of a file, where they are not those of the flags: a flag is given once for each. */
const LISTS: Readonly<Record<string, string>> = { check: 'checks', path: 'paths' };

/** What a task may say that the defaults may not: all tasks would be one. */
const OWN = 'ref title unique uniqueEver';
const COMMON =
  'body bodyFile repo base checks paths lane needs prefers trust after cancelWithout parent key ' +
  'notBefore deadline retries timeout silence maxTokens maxCost';

export interface Layer extends OrderSource {
  has: (name: string) => boolean;
  /** Of the field, or of one item of it; of the whole where it says nothing of it. */
  placeOf: (name: string, item?: number) => Place;
  note: (name: string, message: string, item?: number) => void;
  /** Is it told already that this does not fit? */
  isNoted: (name: string, item?: number) => boolean;
}

export interface LayerParts {
  fields: Fields;
  problems: Problems;
}

export function taskLayer(parts: LayerParts): Layer {
  refuseUnknown(parts, `${OWN} ${COMMON}`.split(' '), []);
  return layer(parts);
}

export function defaultsLayer(parts: LayerParts): Layer {
  refuseUnknown(parts, COMMON.split(' '), OWN.split(' '));
  return layer(parts);
}

function refuseUnknown({ fields, problems }: LayerParts, known: string[], own: string[]): void {
  for (const [field, { place }] of fields.entries) {
    if (known.includes(field)) continue;
    const message = own.includes(field)
      ? 'each task says its own; it is no default'
      : unknown(field, known);
    problems.add({ place, field, message });
  }
}

export function unknown(field: string, known: readonly string[]): string {
  const meant = similar(field, known) ?? known.find((name) => isStart(name, field));
  const hint = meant === undefined ? `there are ${known.join(', ')}` : `did you mean ${meant}?`;
  return `there is no such field; ${hint}`;
}

/** `repository` for repo, `baseBranch` for base, `timeoutMs` for timeout. */
function isStart(name: string, field: string): boolean {
  return field.toLowerCase().startsWith(name.toLowerCase());
}

type Notes = Pick<Layer, 'has' | 'placeOf' | 'note' | 'isNoted'> & {
  valueOf: (name: string) => Value | undefined;
  mark: (name: string, item?: number) => void;
};

function notes({ fields, problems }: LayerParts): Notes {
  const entryOf = (name: string): Entry | undefined => fields.entries.get(LISTS[name] ?? name);
  const placeOf = (name: string, item?: number): Place => {
    const entry = entryOf(name);
    if (entry?.value.kind !== 'list' || item === undefined) return entry?.place ?? fields.place;
    return entry.value.items[item]?.place ?? entry.place;
  };
  const noted = new Set<string>();
  const mark = (name: string, item = -1): void => void noted.add(`${item} ${name}`);
  return {
    has: (name) => entryOf(name) !== undefined,
    valueOf: (name) => entryOf(name)?.value,
    placeOf,
    mark,
    note(name, message, item) {
      mark(name, item);
      problems.add({ place: placeOf(name, item), field: LISTS[name] ?? name, message });
    },
    isNoted: (name, item = -1) => noted.has(`${item} ${name}`),
  };
}

function layer(parts: LayerParts): Layer {
  const told = notes(parts);
  const textIn = (name: string, value: Value, item?: number): string | undefined => {
    if (value.kind === 'text' && value.text !== undefined) return value.text;
    if (value.kind === 'text' && value.isRefused === true) told.mark(name, item);
    else told.note(name, value.kind === 'text' ? 'there is nothing here' : 'this is no text', item);
    return undefined;
  };
  const text = (name: string): string | undefined => {
    const value = told.valueOf(name);
    return value === undefined ? undefined : textIn(name, value);
  };
  const parsed: Parsed = (name, parse, wanted) => {
    const said = text(name);
    if (said === undefined) return undefined;
    const result = parse(said);
    if (result === undefined) told.note(name, `\`${said}\` is none; give ${wanted}`);
    return result;
  };
  return {
    ...told,
    ...typed(parsed),
    text,
    list(name) {
      const value = told.valueOf(name);
      if (value === undefined) return undefined;
      const items = value.kind === 'list' ? value.items : [value];
      // One that is no text keeps its place among the others.
      return items.map((one, at) => textIn(name, one, at) ?? '');
    },
  };
}

type Parsed = <Result>(
  name: string,
  parse: (text: string) => Result | undefined,
  wanted: string,
) => Result | undefined;

const SWITCH: Readonly<Record<string, boolean>> = { true: true, false: false };

function typed(
  parsed: Parsed,
): Pick<OrderSource, 'integer' | 'durationMs' | 'momentMs' | 'dollarMicros' | 'isOn' | 'choice'> {
  return {
    integer(name, { min, max }) {
      const whole = (said: string): number | undefined => {
        const number = /^\d{1,15}$/.test(said) ? Number(said) : Number.NaN;
        return number >= min && number <= max ? number : undefined;
      };
      return parsed(name, whole, `a whole number from ${min} to ${max}`);
    },
    durationMs: (name) => parsed(name, parseDurationMs, 'a length of time: 90s, 30m, 12h or 7d'),
    momentMs: (name, nowMs) => parsed(name, (said) => parseMomentMs(said, nowMs), MOMENT_WORDS),
    dollarMicros: (name) => parsed(name, parseDollarMicros, DOLLAR_WORDS),
    isOn: (name) => parsed(name, (said) => SWITCH[said], 'true or false'),
    choice(name, words) {
      const known = (said: string): (typeof words)[number] | undefined =>
        words.find((word) => word === said);
      return parsed(name, known, `one of: ${words.join(', ')}`);
    },
  };
}

/** Of each thing what the first source says that says anything of it. */
export function layered(sources: readonly OrderSource[]): OrderSource {
  const first = <Result>(ask: (source: OrderSource) => Result | undefined): Result | undefined => {
    for (const source of sources) {
      const answer = ask(source);
      if (answer !== undefined) return answer;
    }
    return undefined;
  };
  return {
    text: (name) => first((source) => source.text(name)),
    list: (name) => first((source) => source.list(name)),
    integer: (name, bounds) => first((source) => source.integer(name, bounds)),
    durationMs: (name) => first((source) => source.durationMs(name)),
    momentMs: (name, nowMs) => first((source) => source.momentMs(name, nowMs)),
    dollarMicros: (name) => first((source) => source.dollarMicros(name)),
    isOn: (name) => first((source) => source.isOn(name)),
    choice: (name, words) => first((source) => source.choice(name, words)),
  };
}
