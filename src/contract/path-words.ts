/**
 * A path that somebody chose, in a sentence for a person or a model. What reads like a path stands
 * as it is. Anything else could be words, and stands in quotes as JSON has them, where nothing ends
 * the quotes, looks like a mark or is unseen.
 */
import { jsonEscaped } from '../core/json.ts';

const SHOWN_CHARS_MAX = 200;

const PLAIN = /^[^"<>\p{C}\p{Z}]+$/u;
const UNSAFE = /[<>\p{C}\u2028\u2029]/gu;

export function pathInWords(path: string): string {
  const isWhole = path.length <= SHOWN_CHARS_MAX;
  if (isWhole && PLAIN.test(path)) return path;
  const shown = isWhole ? path : `${path.slice(0, SHOWN_CHARS_MAX)}…`;
  return JSON.stringify(shown).replaceAll(UNSAFE, jsonEscaped);
}
