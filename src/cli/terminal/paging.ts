/** What commands that list have in common, and those that are about one thing. */
import { limits, SignalboxError } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import type { Options } from '../options.ts';

export function pageOf(options: Options): {
  cursor: string | undefined;
  limit: number | undefined;
} {
  return {
    cursor: options.text('cursor'),
    limit: options.integer('limit', { min: 1, max: limits.pageMax }),
  };
}

/** A last line that says how to see more. */
export function nextPage(page: { nextCursor: string | null }, command: string): string[] {
  const { nextCursor } = page;
  return nextCursor === null ? [] : ['', `More: signalbox ${command} --cursor ${nextCursor}`];
}

/** The one thing that the command is about. */
export function theOne({ args }: Context): string {
  const [first] = args;
  if (first !== undefined) return first;
  throw new SignalboxError('invalid_input', 'It is not said what this is about.');
}
