/**
 * What stands in a file: front matter in YAML for what the name cannot say, then the text.
 *
 * The files are written by others, so front matter is read with bounds: on its length, without
 * aliases (which a bomb is made of), into the fields below. Fields that are not ours become data.
 */
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { AgentName, limits, MessageId, MessageType, Priority } from '../contract/index.ts';
import type { InboxItem } from '../contract/index.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 60 * 60_000,
  d: 24 * 60 * 60_000,
};

/** `90s`, `30m`, `2h`, `7d`. */
const Ttl = z
  .string()
  .regex(/^\d{1,9}(ms|s|m|h|d)$/, 'a length of time such as 90s, 30m, 2h or 7d')
  .transform((text) => Number.parseInt(text, 10) * (UNIT_MS[text.replace(/^\d+/, '')] ?? 1));

const Word = z.union([z.string(), z.number().transform(String)]);

const Json = z.record(z.string(), z.json());

const Head = z.object({
  id: MessageId.optional(),
  from: AgentName.optional(),
  to: AgentName.optional(),
  type: MessageType.optional(),
  thread: Word.optional(),
  replyTo: MessageId.optional(),
  priority: Priority.optional(),
  ttl: Ttl.optional(),
  signal: z.boolean().optional(),
  data: Json.optional(),
});
type Head = z.infer<typeof Head>;

export interface Letter extends Head {
  /** False where the file is text alone. */
  hasHead: boolean;
  text: string;
}

export type Reading =
  | { kind: 'whole'; letter: Letter }
  /** The front matter begins and does not end: more may come. */
  | { kind: 'unclosed' }
  | { kind: 'broken'; problem: string };

const BEGIN = /^---[ \t]*\r?\n/;
const END = /^---[ \t]*(\r?\n|$)/m;

export function readLetter(file: string): Reading {
  const begin = BEGIN.exec(file);
  if (begin === null) {
    const text = file.replace(/\r?\n$/, '');
    return { kind: 'whole', letter: { hasHead: false, text } };
  }
  const rest = file.slice(begin[0].length);
  const end = END.exec(rest);
  if (end === null) return { kind: 'unclosed' };
  const yaml = rest.slice(0, end.index);
  if (yaml.length > limits.bridgeHeadCharsMax) {
    const problem = `it is longer than ${limits.bridgeHeadCharsMax} characters`;
    return { kind: 'broken', problem };
  }
  // An empty line parts head and text, and the last line's end is how text files end.
  const body = rest.slice(end.index + end[0].length).replace(/^\r?\n/, '');
  return withHead(yaml, body.replace(begin[0].endsWith('\r\n') ? /\r\n$/ : /\n$/, ''));
}

/** What the parser only warns of, it would write to the terminal, in the words of the file. */
const READING = { schema: 'core', maxAliasCount: 0, logLevel: 'error' } as const;

function withHead(yaml: string, text: string): Reading {
  try {
    const fields = Json.parse(parse(yaml, READING) ?? {});
    const others = Object.entries(fields).filter(([name]) => !OURS.has(name));
    const head = Head.parse(fields);
    const data = others.length === 0 ? head.data : { ...Object.fromEntries(others), ...head.data };
    const letter = { ...head, ...(data !== undefined && { data }), hasHead: true, text };
    return { kind: 'whole', letter };
  } catch (error) {
    if (error instanceof z.ZodError) return { kind: 'broken', problem: z.prettifyError(error) };
    // Deep nesting ends in a RangeError, what is no YAML in an error of the parser.
    return { kind: 'broken', problem: error instanceof Error ? error.message : String(error) };
  }
}

/** The fields above, and those that only tell a reader what the hub knows anyway. */
const OURS = new Set([...Object.keys(Head.shape), 'sent', 'team', 'expires', 'redelivered']);

/** The first lines of a file that was written for this message. */
export function beginningOf(id: string): string {
  return `---\nid: ${id}\n`;
}

export function writeLetter({ message, isRedelivered }: InboxItem, recipient: string): string {
  const { id, from, to, type, thread, replyTo, priority, isSignal, data } = message;
  const head = {
    id,
    from,
    to: recipient,
    type,
    sent: new Date(message.createdAtMs).toISOString(),
    ...('team' in to && { team: to.team }),
    ...(message.expiresAtMs !== null && { expires: new Date(message.expiresAtMs).toISOString() }),
    ...(thread !== null && { thread }),
    ...(replyTo !== null && { replyTo }),
    ...(priority !== 'normal' && { priority }),
    ...(isSignal && { signal: true }),
    ...(isRedelivered && { redelivered: true }),
    ...(data !== null && { data }),
  };
  const yaml = stringify(head, { schema: 'core', lineWidth: 0, aliasDuplicateObjects: false });
  return `---\n${yaml}---\n\n${message.text}\n`;
}
