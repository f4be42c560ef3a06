/**
 * What an agent's CLI says about its work, in one vocabulary for all of them.
 *
 * Each CLI has a translator: a pure function from a line of its output to these. A line that means
 * nothing here, such as an event that only a newer version prints, gives none.
 */
import { z } from 'zod';
import { parsedJson } from '../../core/json.ts';

/** What an attempt has used since it began; what a CLI does not tell is left out. */
export interface Spent {
  model?: string;
  /** All of it, whether it was cached or not. */
  inputTokens?: number;
  /** The part of the input that was read from a cache. */
  cachedInputTokens?: number;
  outputTokens?: number;
  /** Millionths of a US dollar. */
  costMicros?: number;
  /** How full the model's window is. */
  contextTokens?: number;
  contextTokensMax?: number;
}

export type CliEvent =
  /** What the agent says. */
  | { kind: 'words'; text: string }
  /** What it does: a tool and what it is used on. */
  | { kind: 'tool'; text: string }
  /** `reply` names one answer of the model, told again as it grows; null means all of them. */
  | { kind: 'spent'; reply: string | null; spent: Spent }
  /** The account may not be used until then; null where that is not said. */
  | { kind: 'limit'; untilMs: number | null }
  /** It has done what it could; null where its last words are not told apart. */
  | { kind: 'success'; text: string | null }
  /** It says itself that it failed. Whichever of success and failure is said last counts. */
  | { kind: 'failure'; text: string };

/** One line of output, without its end. Null: this is nothing that the CLI means for programs. */
export type Translate = (line: string) => CliEvent[] | null;

/** A translator of lines that are JSON objects with a `type`. */
export function fromJson(meaning: (event: Record<string, unknown>) => CliEvent[]): Translate {
  return (line) => {
    const event = Typed.safeParse(parsedJson(line));
    return event.success ? meaning(event.data) : null;
  };
}

const Typed = z.looseObject({ type: z.string() });

/** Reads a part of somebody else's data: what is not as expected is as if it were not there. */
export function read<Value>(schema: z.ZodType<Value>, value: unknown): Value | undefined {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

/** A tool and the one thing in its input that says most about what it is used on. */
export function toolWords(name: string, input: unknown): string {
  const fields = read(z.looseObject({}), input) ?? {};
  const object = TELLING.map((field) => fields[field]).find((value) => typeof value === 'string');
  return typeof object === 'string' ? `${name} ${object}` : name;
}

const TELLING = [
  'file_path',
  'path',
  'notebook_path',
  'dir_path',
  'command',
  'pattern',
  'query',
  'url',
  'description',
];
