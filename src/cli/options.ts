/** The options of a command line, with their types; what does not fit is refused with a hint. */
import { SignalboxError } from '../contract/errors.ts';
import { MOMENT_WORDS, parseDurationMs, parseMomentMs } from './words/duration.ts';
import { DOLLAR_WORDS, parseDollarMicros } from './words/money.ts';

export interface Bounds {
  min: number;
  max: number;
}

export interface Options {
  has: (name: string) => boolean;
  /** Was `--no-…` given? */
  isOff: (name: string) => boolean;
  text: (name: string) => string | undefined;
  /** For options that may be given several times. */
  list: (name: string) => string[];
  integer: (name: string, bounds: Bounds) => number | undefined;
  durationMs: (name: string) => number | undefined;
  /** US dollars, as millionths. */
  dollarMicros: (name: string) => number | undefined;
  /** A time from now on (`2h`), or a date (`2026-12-24T18:00Z`). */
  momentMs: (name: string, nowMs: number) => number | undefined;
  /** One of the words that the contract allows. */
  choice: <Word extends string>(name: string, words: readonly Word[]) => Word | undefined;
}

export function readOptions(values: Readonly<Record<string, unknown>>): Options {
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    has: (name) => values[name] === true,
    isOff: (name) => values[name] === false,
    text,
    list(name) {
      const value = values[name];
      return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
    },
    integer: (name, bounds) => integer(name, text(name), bounds),
    durationMs: (name) => durationMs(name, text(name)),
    dollarMicros: (name) => dollarMicros(name, text(name)),
    momentMs(name, nowMs) {
      const value = text(name);
      const momentMs = value === undefined ? undefined : parseMomentMs(value, nowMs);
      if (value === undefined || momentMs !== undefined) return momentMs;
      throw misfit(name, value, MOMENT_WORDS);
    },
    choice(name, words) {
      const value = text(name);
      const word = words.find((one) => one === value);
      if (value === undefined || word !== undefined) return word;
      throw misfit(name, value, `one of: ${words.join(', ')}`);
    },
  };
}

function integer(name: string, value: string | undefined, bounds: Bounds): number | undefined {
  if (value === undefined) return undefined;
  const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= bounds.min && number <= bounds.max) return number;
  throw misfit(name, value, `a whole number from ${bounds.min} to ${bounds.max}`);
}

function durationMs(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const lengthMs = parseDurationMs(value);
  if (lengthMs !== undefined) return lengthMs;
  throw misfit(name, value, 'a length of time such as 90s, 30m, 12h or 7d');
}

function dollarMicros(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const micros = parseDollarMicros(value);
  if (micros !== undefined) return micros;
  throw misfit(name, value, DOLLAR_WORDS);
}

export function misfit(name: string, value: string, wanted: string): SignalboxError {
  const flag = `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  return new SignalboxError('invalid_input', `${flag} does not take \`${value}\`.`, {
    hint: `Give ${wanted}.`,
  });
}
