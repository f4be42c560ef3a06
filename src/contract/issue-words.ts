/** What is wrong with a value, in plain words. A schema that has words of its own keeps them. */
import type { z } from 'zod';

type Issue = z.core.$ZodIssue;
type Bound = Extract<Issue, { code: 'too_big' | 'too_small' }>;

const UNITS: Readonly<Record<string, string>> = {
  string: 'character',
  array: 'item',
  set: 'item',
  file: 'byte',
};

export function issueWords(issue: Issue): string {
  const { code, message } = issue;
  if (code === 'too_big' && message.startsWith('Too big')) {
    return bound(issue, issue.maximum, ['at most', 'less than']);
  }
  if (code === 'too_small' && message.startsWith('Too small')) {
    return bound(issue, issue.minimum, ['at least', 'more than']);
  }
  if (message.endsWith('received undefined')) return 'is missing';
  return message.replace(/^Invalid input: /, '');
}

function bound(
  { origin, inclusive }: Bound,
  limit: number | bigint,
  [at, beyond]: readonly [string, string],
): string {
  const unit = UNITS[origin];
  const number = limit.toLocaleString('en-US');
  const things = unit === undefined ? '' : ` ${unit}${Number(limit) === 1 ? '' : 's'}`;
  return `${inclusive === false ? beyond : at} ${number}${things}`;
}
