/**
 * Writes the reference part of docs/protocol.md from the contract: every operation, shape, event,
 * refusal and bound. Everything above the mark is written by hand and stays as it is.
 *
 * Usage: node script/write-protocol.ts. test/protocol.test.ts fails where it was forgotten.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import * as contract from '../src/contract/index.ts';
import { methods, openApi } from '../src/doors/openapi.ts';
import { bounds } from './protocol-bounds.ts';
import { events, fields, forms } from './protocol-words.ts';

export const protocolFile = join(import.meta.dirname, '../docs/protocol.md');
const MARK = '<!-- From here on this file is written by script/write-protocol.ts. -->';

export function withReference(text: string): string {
  const [byHand = ''] = text.split(MARK);
  return `${byHand.trimEnd()}\n\n${MARK}\n\n${reference()}\n`;
}

function reference(): string {
  const parts = [overview(), operationParts(), formPart(), shapePart(), eventPart()];
  return [...parts, errorPart(), limitPart()].join('\n\n');
}

type AnyOperation = (typeof contract.operations)[keyof typeof contract.operations];
const all: AnyOperation[] = Object.values(contract.operations);

function overview(): string {
  const rows = all.map(({ name, kind, scope, summary }) => [
    `[\`${name}\`](#${anchor(name)})`,
    kind,
    `\`${scope}\``,
    firstSentence(summary),
  ]);
  const roles = Object.entries(contract.roleScopes).map(([role, scopes]) => [
    `\`${role}\``,
    scopes.map((scope) => `\`${scope}\``).join(' '),
  ]);
  return [
    '## Operations',
    table(['Operation', 'Kind', 'Scope', 'What it does'], rows),
    'What each role may do:',
    table(['Role', 'Scopes'], roles),
  ].join('\n\n');
}

function operationParts(): string {
  return all.map(operationPart).join('\n\n');
}

function operationPart(operation: AnyOperation): string {
  const { name, summary, input, output } = operation;
  const takes = objectRows(schemaOf(input, 'input'), name);
  const gives = schemaOf(output, 'output');
  const shape = nameOf(gives);
  return [
    `### \`${name}\``,
    `${kindWords(operation)}\n${summary}`,
    takes.length === 0 ? 'Input: `{}`.' : table(['Input', 'Form', 'Unless given'], takes),
    shape === undefined ? table(['Output', 'Form'], outputRows(gives, '')) : `Output: ${shape}.`,
    refusalWords(operation),
  ].join('\n\n');
}

function kindWords(operation: AnyOperation): string {
  const { kind, scope, isSecret, isJournaled } = operation;
  const article = kind === 'upload' ? 'An' : 'A';
  const first = `${article} ${kind} with the scope \`${scope}\`.`;
  if (kind === 'query') return first;
  if (kind === 'upload') return `${first} The body is the stream, its input stands in the query.`;
  if (kind === 'download') return `${first} Its input stands in the query, its output in a header.`;
  if (!isJournaled) return `${first} It takes no idempotency key and leaves no audit line.`;
  return isSecret ? `${first} Its secret is shown once: a key does not bring it again.` : first;
}

const Described = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({ responses: z.record(z.string(), z.object({ description: z.string() })) }),
    ),
  ),
});

/** Read from the OpenAPI description, so that the two cannot differ. */
function refusalsOf({ name, kind }: AnyOperation): contract.ErrorCode[] {
  const { paths } = described();
  const texts = Object.values(paths[`/v1/${name}`]?.[methods[kind]]?.responses ?? {});
  return contract.ErrorCode.options.filter((code) =>
    texts.some(({ description }) => description.includes(`${code}: `)),
  );
}

let description: z.infer<typeof Described> | undefined;
function described(): z.infer<typeof Described> {
  return (description ??= Described.parse(openApi('')));
}

function refusalWords(operation: AnyOperation): string {
  const own = new Set<contract.ErrorCode>(operation.errors);
  const other = refusalsOf(operation).filter((code) => !own.has(code));
  const list = (codes: Iterable<contract.ErrorCode>): string =>
    [...codes].map((code) => `\`${code}\` ${contract.errorTable[code].http}`).join(' · ');
  const common = `Refusals of any request: ${list(other)}.`;
  return own.size === 0 ? common : `Refusals of its own: ${list(own)}.\n${common}`;
}

/** The part of JSON Schema that the contract uses. */
const Schema = z.object({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  enum: z.array(z.string()).optional(),
  const: z.union([z.string(), z.number(), z.boolean()]).optional(),
  pattern: z.string().optional(),
  minLength: z.int().optional(),
  maxLength: z.int().optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  maxItems: z.int().optional(),
  required: z.array(z.string()).optional(),
  default: z.unknown().optional(),
  get items() {
    return Schema.optional();
  },
  get anyOf() {
    return z.array(Schema).optional();
  },
  get allOf() {
    return z.array(Schema).optional();
  },
  get properties() {
    return z.record(z.string(), Schema).optional();
  },
  get additionalProperties() {
    return z.union([z.boolean(), Schema]).optional();
  },
});
type Schema = z.infer<typeof Schema>;

function schemaOf(type: z.ZodType, io: 'input' | 'output'): Schema {
  return Schema.parse(z.toJSONSchema(type, { io }));
}

const shapes = {
  Task: contract.Task,
  Attempt: contract.Attempt,
  Assignment: contract.Assignment,
  HandIn: contract.HandIn,
  Progress: contract.Progress,
  Change: contract.Change,
  MemoryItem: contract.MemoryItem,
  Lock: contract.Lock,
  LockItem: contract.LockItem,
  LockHolder: contract.LockHolder,
  Obstacle: contract.Obstacle,
  Verification: contract.Verification,
  Message: contract.Message,
  Delivery: contract.Delivery,
  InboxItem: contract.InboxItem,
  Channel: contract.Channel,
  Member: contract.Member,
  Posted: contract.Posted,
  Team: contract.Team,
  Route: contract.Route,
  Agent: contract.Agent,
  Token: contract.Token,
  Invite: contract.Invite,
  Repository: contract.Repository,
  CaseHead: contract.CaseHead,
  Case: contract.Case,
  CaseEntry: contract.CaseEntry,
  Stage: contract.Stage,
  Pipeline: contract.Pipeline,
  Artifact: contract.Artifact,
  Event: contract.Event,
  EventData: contract.EventData,
  EventFilter: contract.EventFilter,
  Fact: contract.Fact,
  Schedule: contract.Schedule,
  Webhook: contract.Webhook,
  WebhookDelivery: contract.WebhookDelivery,
};
const lists = {
  TaskState: contract.TaskState,
  Outcome: contract.Outcome,
  ChangeState: contract.ChangeState,
  EventType: contract.EventType,
  WebhookShape: contract.WebhookShape,
};
const texts: Record<keyof typeof forms, z.ZodType> = contract;

const known = new Map(
  Object.entries({ ...texts, ...shapes, ...lists })
    .filter(([name]) => name in forms || name in shapes || name in lists)
    .map(([name, type]) => [likeness(schemaOf(type, 'output')), `[${name}](#${anchor(name)})`]),
);

function likeness({ default: _default, ...schema }: Schema): string {
  return JSON.stringify(schema);
}

function nameOf(schema: Schema): string | undefined {
  return known.get(likeness(schema));
}

function formOf(schema: Schema): string {
  const name = nameOf(schema);
  if (name !== undefined) return name;
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${word}\``).join(' ');
  if (schema.anyOf !== undefined) return eitherForm(schema.anyOf);
  if (Array.isArray(schema.type)) return schema.type.join(' or ').replace('string', 'text');
  switch (schema.type) {
    case 'integer':
      return integerForm(schema);
    case 'string':
      return stringForm(schema);
    case 'array':
      return listForm(schema);
    case 'object':
      return objectForm(schema);
    default:
      return schema.type ?? 'anything';
  }
}

/** `null` first, so that a bound which follows is not taken for its own. */
function eitherForm(choices: readonly Schema[]): string {
  const parts = new Set(choices.map(formOf));
  const first = parts.delete('null') ? ['null'] : [];
  return [...first, ...parts].join(' or ');
}

function listForm({ items = {}, maxItems }: Schema): string {
  const start = maxItems === undefined ? 'list of' : `list of at most ${grouped(maxItems)}:`;
  return `${start} ${formOf(items)}`;
}

function integerForm({ minimum = -Infinity, maximum = Infinity }: Schema): string {
  const low = minimum > Number.MIN_SAFE_INTEGER ? grouped(minimum) : undefined;
  const high = maximum < Number.MAX_SAFE_INTEGER ? grouped(maximum) : undefined;
  if (low !== undefined && high !== undefined) return `integer, ${low} to ${high}`;
  if (low !== undefined) return `integer, ${low} or more`;
  return 'integer';
}

function stringForm({ minLength, maxLength, pattern, allOf = [] }: Schema): string {
  const patterns = [pattern, ...allOf.map((part) => part.pattern)];
  const isFilled = patterns.includes(String.raw`\S`) || (minLength ?? 0) > 0;
  return `text${isFilled ? ', not empty' : ''}${atMost(maxLength, ' characters')}`;
}

function objectForm(schema: Schema): string {
  const inner = Object.entries(schema.properties ?? {});
  if (inner.length > 0) {
    return `{ ${inner.map(([name, part]) => `${name}: ${formOf(part)}`).join('; ')} }`;
  }
  const values = schema.additionalProperties;
  return typeof values === 'object' ? `map of text to ${formOf(values)}` : '{}';
}

function atMost(count: number | undefined, unit = ''): string {
  return count === undefined ? '' : `, at most ${grouped(count)}${unit}`;
}

function objectRows(schema: Schema, owner: string): string[][] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).map(([name, part]) => {
    const otherwise = part.default === undefined ? '' : `\`${JSON.stringify(part.default)}\``;
    return [
      `\`${name}\``,
      formWords(part, owner, name),
      required.has(name) ? 'required' : otherwise,
    ];
  });
}

function outputRows(schema: Schema, owner: string): string[][] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).map(([name, part]) => {
    return [`\`${name}\`${required.has(name) ? '' : '?'}`, formWords(part, owner, name)];
  });
}

function formWords(schema: Schema, owner: string, name: string): string {
  const words = fields[`${owner}.${name}`];
  return words === undefined ? formOf(schema) : `${formOf(schema)}; ${words}`;
}

function formPart(): string {
  const named = (name: string): string => `<a id="${anchor(name)}"></a>\`${name}\``;
  const rows = Object.entries(forms).map(([name, words]) => [named(name), words]);
  const listed = Object.entries(lists).map(([name, { options }]) => {
    return `- ${named(name)}: ${options.map((option) => `\`${option}\``).join(' ')}`;
  });
  const head = 'No text may hold the character NUL. Names that end in `Ms` are milliseconds.';
  const parts = ['## Forms of text', head, table(['Name', 'Form'], rows), listed.join('\n')];
  return parts.join('\n\n');
}

function shapePart(): string {
  const parts = Object.entries(shapes).map(([name, type]) =>
    [`### \`${name}\``, table(['Field', 'Form'], outputRows(schemaOf(type, 'output'), name))].join(
      '\n\n',
    ),
  );
  return ['## Shapes', 'A field with `?` may be left out.', ...parts].join('\n\n');
}

function eventPart(): string {
  const rows = Object.entries(events).map(([type, words]) => [`\`${type}\``, words]);
  return ['## Events', table(['Type', 'What has happened'], rows)].join('\n\n');
}

function errorPart(): string {
  const rows = Object.entries(contract.errorTable).map(
    ([code, { http, jsonRpc, exit, passes, hint }]) =>
      [`\`${code}\``, http, jsonRpc, exit, passes ? 'yes' : '', hint].map(String),
  );
  return [
    '## Refusals',
    'The same code on every wire. An error may bring a hint of its own that says more.',
    'What passes may be sent again after a pause that grows; the rest only with `retryAfterMs`.',
    table(['Code', 'HTTP', 'JSON-RPC', 'Exit code', 'Passes', 'What to do'], rows),
  ].join('\n\n');
}

function limitPart(): string {
  const rows = Object.entries(bounds).map(([name, words]) => [`\`${name}\``, valueOf(name), words]);
  return ['## Limits', table(['Name', 'Value', 'Of what'], rows)].join('\n\n');
}

const values = new Map<string, number>(Object.entries(contract.limits));

function valueOf(name: string): string {
  const value = values.get(name) ?? 0;
  if (/Ms(Max|Default|Most)?$/.test(name)) return spanOf(value);
  if (/Bytes/.test(name)) return `${value / 1024 / 1024} MiB`;
  return `${grouped(value)}${/Chars/.test(name) ? ' characters' : ''}`;
}

function spanOf(ms: number): string {
  const units = [
    ['days', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ] as const;
  const [unit, size] = units.find(([, each]) => ms >= each * 2 && ms % each === 0) ?? ['s', 1_000];
  return `${grouped(ms / size)} ${unit}`;
}

/** With aligned columns, as the formatter has them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => {
    return Math.max(3, ...cells.map((row) => row[column]?.length ?? 0));
  });
  const line = (row: readonly string[], filler: string): string =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width, filler)).join(' | ')} |`;
  const [first = [], ...others] = cells;
  return [line(first, ' '), line([], '-'), ...others.map((row) => line(row, ' '))].join('\n');
}

/** As GitHub makes it of a heading. */
function anchor(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9_-]/g, '');
}

function firstSentence(text: string): string {
  return /^.*?[.;:](?= |$)/.exec(text)?.[0].replace(/[;:]$/, '.') ?? text;
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

if (import.meta.main) {
  writeFileSync(protocolFile, withReference(readFileSync(protocolFile, 'utf8')));
}
