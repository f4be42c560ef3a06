/**
 * Title and body of a pull request, by the convention of its repository.
 *
 * `.signalbox/pull-request.md` of the base branch says it: a `title` in front matter, the body
 * below, placeholders in both. It is read from the base and not from the change, which could
 * otherwise word its own review. What a placeholder stands for is data: nothing in it is looked at
 * again. `{{name}}` is the text `{name}`.
 */
import { parse } from 'yaml';
import { z } from 'zod';
import { SignalboxError } from '../contract/errors.ts';
import { limits } from '../contract/limits.ts';

export const TEMPLATE_PATH = '.signalbox/pull-request.md';

/** By placeholder. */
export const placeholders = [
  'task.id',
  'task.title',
  'task.body',
  'task.checks',
  'commits',
  'attempt',
  'agent',
  'branch',
  'base',
] as const;
export type Facts = Record<(typeof placeholders)[number], string>;

export interface Template {
  title: string;
  body: string;
}

export interface PullRequest {
  title: string;
  body: string;
}

export const DEFAULT_TEMPLATE: Template = {
  title: '{task.title} ({task.id})',
  body: [
    '{task.body}',
    '',
    '## Commits',
    '',
    '{commits}',
    '',
    '## Checks',
    '',
    '{task.checks}',
    '',
    'Task {task.id}, attempt {attempt}, by {agent}.',
    '',
  ].join('\n'),
};

const FRONT = /^\uFEFF?---[ \t]*\r?\n([^]*?)^---[ \t]*(?:\r?\n|$)/m;
const Front = z.strictObject({ title: z.string().regex(/\S/).optional() });
const MARK = /\{\{([a-z][a-z.]*)\}\}|\{([a-z][a-z.]*)\}/g;

/** Refuses a placeholder that nothing stands behind, before anything is filled in. */
export function readTemplate(text: string): Template {
  const found = FRONT.exec(text);
  const isFirst = found?.index === 0;
  const front = isFirst ? frontOf(found[1] ?? '') : {};
  const body = (isFirst ? text.slice(found[0].length) : text).replaceAll('\r\n', '\n');
  const template = { title: front.title ?? DEFAULT_TEMPLATE.title, body };
  const unknown = [...unknownIn(template.title), ...unknownIn(template.body)];
  if (unknown.length === 0) return template;
  throw new SignalboxError(
    'invalid_input',
    `${TEMPLATE_PATH} has placeholders that stand for nothing: ${unknown.join(', ')}.`,
    {
      hint:
        `There are: ${placeholders.map((name) => `{${name}}`).join(' ')}. ` +
        'A text in braces is written {{text}}.',
    },
  );
}

function frontOf(text: string): z.infer<typeof Front> {
  try {
    // What the parser only warns of, it would write to the terminal, in the words of the file.
    return Front.parse(parse(text, { logLevel: 'error' }) ?? {});
  } catch (cause) {
    throw new SignalboxError(
      'invalid_input',
      `The front matter of ${TEMPLATE_PATH} is not taken.`,
      {
        hint: 'It holds a title in quotes and nothing else: title: "{task.title} ({task.id})"',
        cause,
      },
    );
  }
}

function unknownIn(text: string): string[] {
  const names = Array.from(text.matchAll(MARK), ([, , name]) => name);
  const unknown = names.filter((name) => name !== undefined && !isPlaceholder(name));
  return [...new Set(unknown)].map((name) => `{${name}}`);
}

function isPlaceholder(name: string): name is keyof Facts {
  return placeholders.some((one) => one === name);
}

export function fill({ title, body }: Template, facts: Facts): PullRequest {
  const line = filled(title, facts)
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  // A task may have no body, which is what the body of most begins with.
  const text = filled(body, facts).replace(/^\n+/, '');
  return {
    title: shortened(line, limits.pullRequestTitleCharsMax, '…'),
    body: shortened(text, limits.pullRequestBodyCharsMax, `\n\n… ${REST}\n`),
  };
}

const REST = 'The rest is left out here; the task has all of it.';

function filled(text: string, facts: Facts): string {
  return text.replace(MARK, (whole, literal: string | undefined, name: string | undefined) => {
    if (literal !== undefined) return `{${literal}}`;
    return name !== undefined && isPlaceholder(name) ? facts[name] : whole;
  });
}

/** A host refuses what is longer; where it is cut is told. */
function shortened(text: string, charsMax: number, end: string): string {
  if (text.length <= charsMax) return text;
  return `${text.slice(0, charsMax - end.length).toWellFormed()}${end}`;
}
