/**
 * What is recalled first, pure. The score is small arithmetic on purpose, so that a reader can see
 * why an item came: the share of the words that it holds, half the share of the tags that it has,
 * and a half where it names one of the paths, a folder above it or something below it.
 */
import { limits } from '../../contract/index.ts';

/** What is looked for, in the form in which it is compared. */
export interface Wanted {
  words: readonly string[];
  tags: readonly string[];
  paths: readonly string[];
}

export interface Remembered {
  folded: string;
  tags: readonly string[];
  paths: readonly string[];
}

const TAGS_WEIGHT = 0.5;
const PATH_WEIGHT = 0.5;

/** Here and not in the database: the engines do not agree on what a lower case letter is. */
export function fold(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/** Runs of letters and digits, each once; what comes after the first few does not count. */
export function wordsOf(query: string): string[] {
  const words = fold(query).match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
  return [...new Set(words)].slice(0, limits.memoryWordsMax);
}

/** `./src//a.ts` and `src/a.ts` are one; the top folder is `.`. */
export function plainPath(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  return parts.length === 0 ? '.' : parts.join('/');
}

/** 0 is no hit. To the thousandth, so that the same shares are equal however they were added. */
export function scoreOf(item: Remembered, wanted: Wanted): number {
  const words = shareOf(wanted.words, (word) => item.folded.includes(word));
  const tags = shareOf(wanted.tags, (tag) => item.tags.includes(tag));
  const isNear = wanted.paths.some((path) => item.paths.some((own) => doTouch(own, path)));
  const score = words + TAGS_WEIGHT * tags + (isNear ? PATH_WEIGHT : 0);
  return Math.round(score * 1_000) / 1_000;
}

function shareOf(all: readonly string[], has: (one: string) => boolean): number {
  return all.length === 0 ? 0 : all.filter(has).length / all.length;
}

function doTouch(one: string, other: string): boolean {
  return isAtOrBelow(one, other) || isAtOrBelow(other, one);
}

function isAtOrBelow(path: string, folder: string): boolean {
  return folder === '.' || path === folder || path.startsWith(`${folder}/`);
}
