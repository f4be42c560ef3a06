/**
 * The policy file, `.signalbox/policy.yaml` of the base branch:
 *
 *     version: 1
 *     default: 0                     # the least tier of every change; 4: a human approves each one
 *     checks:                        # run for every change, before those of its task
 *       - npm test
 *       - { run: npm run lint, timeout: 10m }
 *     rules:                         # the highest tier of those that hold wins
 *       - { paths: ["infra/**"], tier: 4, because: infrastructure }
 *       - { branches: ["release-*"], deletionsOver: 500, tier: 4 }
 *
 * A rule holds when all of its conditions hold. A field, a tier or a version that is not known here
 * is an error and not ignored: it may be the very line that somebody relies on. Tiers 1 to 3 will
 * be further values of `tier`, further conditions further fields, both under version 1.
 */
import { LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { Tier } from '../../contract/change.ts';
import { limits } from '../../contract/limits.ts';
import { Check } from '../../contract/task.ts';
import { patternProblem } from './path-pattern.ts';

const RULES_MAX = 64;
const PATTERNS_MAX = 256;
const UNIT_MS = new Map([
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

const Timeout = z
  .string('a time such as 90s, 10m or 2h')
  .regex(/^[1-9][0-9]{0,5}[smh]$/, 'a time such as 90s, 10m or 2h')
  .transform((text) => Number(text.slice(0, -1)) * (UNIT_MS.get(text.slice(-1)) ?? 0))
  .refine((ms) => ms <= limits.checkTimeoutMsMax, 'at most 6h');

const NO_COMMAND = 'a check is a command, in quotes where YAML reads it otherwise: "true"';

const PolicyCheck = z.preprocess(
  (entry) => (typeof entry === 'string' ? { run: entry } : entry),
  z.strictObject(
    { run: z.string(NO_COMMAND).pipe(Check), timeout: Timeout.optional() },
    { error: ({ code }) => (code === 'invalid_type' ? NO_COMMAND : undefined) },
  ),
);

const Pattern = z.string().superRefine((pattern, context) => {
  const problem = pattern === '' ? 'is empty' : patternProblem(pattern);
  if (problem === null) return;
  context.addIssue({
    code: 'custom',
    message: `the pattern ${JSON.stringify(pattern)} ${problem}`,
  });
});
const Patterns = z.array(Pattern).min(1).max(PATTERNS_MAX);

const Rule = z
  .strictObject({
    tier: Tier,
    because: z.string().min(1).max(200).optional(),
    paths: Patterns.optional(),
    branches: Patterns.optional(),
    filesOver: z.int().min(0).optional(),
    additionsOver: z.int().min(0).optional(),
    deletionsOver: z.int().min(0).optional(),
  })
  .refine(
    ({ tier: _tier, because: _because, ...conditions }) => Object.keys(conditions).length > 0,
    'a rule needs a condition: paths, branches, filesOver, additionsOver or deletionsOver',
  );
export type Rule = z.infer<typeof Rule>;

const Policy = z.strictObject({
  version: z.literal(1, 'version 1 is the one that is known here'),
  default: Tier.default(0),
  checks: z.array(PolicyCheck).max(limits.checksMax).default([]),
  rules: z
    .array(Rule)
    .max(RULES_MAX)
    .default([])
    .refine(
      (rules) => rules.reduce((sum, rule) => sum + (rule.paths?.length ?? 0), 0) <= PATTERNS_MAX,
      `more than ${PATTERNS_MAX} patterns in all`,
    ),
});
export type Policy = z.infer<typeof Policy>;

/** What the text says, or what is wrong with it and in which line. Throws nothing. */
export type PolicyReading = { policy: Policy } | { problem: string };

export function readPolicy(text: string): PolicyReading {
  if (text.length > limits.policyCharsMax) {
    return { problem: `it is longer than ${limits.policyCharsMax} characters` };
  }
  try {
    return parse(text);
  } catch (error) {
    return { problem: error instanceof Error ? bounded(error.message) : 'it cannot be read' };
  }
}

function parse(text: string): PolicyReading {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    logLevel: 'error',
  });
  const broken = document.errors[0] ?? document.warnings[0];
  if (broken !== undefined) {
    return { problem: `line ${lines.linePos(broken.pos[0]).line}: ${bounded(broken.message)}` };
  }
  // Aliases can grow a small text without bound, and no policy needs one.
  const parsed = Policy.safeParse(document.toJS({ maxAliasCount: 0 }));
  if (parsed.success) return { policy: parsed.data };
  const issue = parsed.error.issues[0];
  if (issue === undefined) return { problem: 'it is not a policy' };
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : [];
  const path = [...issue.path, ...unknown];
  const place = `line ${lines.linePos(offsetOf(document, path)).line}${fieldName(path)}`;
  return { problem: `${place}: ${bounded(issue.message)}` };
}

/** Where the field stands, or the nearest thing around it that stands in the text. */
function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (node !== null && typeof node === 'object' && 'range' in node) {
      if (Array.isArray(node.range) && typeof node.range[0] === 'number') return node.range[0];
    }
  }
  return 0;
}

function fieldName(path: readonly PropertyKey[]): string {
  const name = path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');
  return name === '' ? '' : `, ${bounded(name)}`;
}

function bounded(message: string): string {
  return message.length > 400 ? `${message.slice(0, 400)}…` : message;
}
