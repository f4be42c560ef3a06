/**
 * The one place that writes to the terminal. Results go to stdout, everything else (errors, notes,
 * progress) to stderr, so that a result can be piped. With `--json` stdout holds one JSON value and
 * nothing else. Colours and glyphs are for terminals, and NO_COLOR is obeyed.
 */
import { styleText } from 'node:util';
import { harmlessJson, printable } from './harmless.ts';
import type { Env } from '../place/places.ts';

export type Colour = 'red' | 'green' | 'yellow' | 'blue' | 'cyan' | 'magenta' | 'dim' | 'bold';

export interface Output {
  readonly isJson: boolean;
  /** Somebody looks at stdout: glyphs are welcome, and lines should fit. */
  readonly isTty: boolean;
  readonly columns: number;
  readonly rows: number;
  /** Colours a text for stdout, where that shows colours. */
  paint: (colour: Colour, text: string) => string;
  line: (text?: string) => void;
  /** As it is, for what moves the cursor. */
  raw: (text: string) => void;
  /** One JSON value on one line. */
  jsonLine: (value: unknown) => void;
  /**
   * The result of a command: as JSON where that is asked for, else in the words that `words`
   * finds.
   */
  give: (value: unknown, words: () => readonly string[]) => void;
  /** Has anything been written yet? */
  hasSpoken: () => boolean;
  /** A line on stderr; `kind` is put before it, in its colour. */
  note: (text: string, kind?: NoteKind) => void;
}

export type NoteKind = 'error' | 'hint' | 'warning' | 'note';

const NOTE_COLOURS: Record<NoteKind, Colour> = {
  error: 'red',
  hint: 'cyan',
  warning: 'yellow',
  note: 'dim',
};

const WIDE = 1_000;

interface Streams {
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
}

export function createOutput(streams: Streams, env: Env, isJson: boolean): Output {
  const { stdout, stderr } = streams;
  const paint = painter(stdout, env);
  const paintNote = painter(stderr, env);
  let hasSpoken = false;
  const write = (stream: NodeJS.WriteStream, text: string): void => {
    hasSpoken = true;
    stream.write(`${text}\n`);
  };
  const line = (text = ''): void => write(stdout, printable(text));
  const jsonLine = (value: unknown): void => line(harmlessJson(JSON.stringify(value)));
  return {
    isJson,
    isTty: Boolean(stdout.isTTY),
    // A terminal that does not tell its size is not narrow.
    get columns() {
      return stdout.isTTY && stdout.columns > 0 ? stdout.columns : WIDE;
    },
    get rows() {
      return stdout.isTTY && stdout.rows > 0 ? stdout.rows : WIDE;
    },
    paint,
    line,
    raw: (text) => write(stdout, text),
    jsonLine,
    give(value, words) {
      if (!isJson) for (const text of words()) line(text);
      else if (!stdout.isTTY) jsonLine(value);
      else line(harmlessJson(JSON.stringify(value, null, 2)));
    },
    note(text, kind) {
      const prefix = kind === undefined ? '' : `${paintNote(NOTE_COLOURS[kind], `${kind}:`)} `;
      write(stderr, `${prefix}${printable(text)}`);
    },
    hasSpoken: () => hasSpoken,
  };
}

function painter(stream: NodeJS.WriteStream, env: Env): Output['paint'] {
  const isForced = (env['FORCE_COLOR'] ?? '') !== '' && env['FORCE_COLOR'] !== '0';
  const isPlain = (env['NO_COLOR'] ?? '') !== '' || env['TERM'] === 'dumb';
  if (isPlain || !(stream.isTTY || isForced)) return (_colour, text) => text;
  return (colour, text) => styleText(colour, text, { validateStream: false });
}
