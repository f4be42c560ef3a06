/**
 * Which memories answer a question, pure: the share of its words that stand in a memory, and a
 * point more for each tag and each path that fits. Newer goes first among equals.
 */
export interface Question {
  query: string;
  tags: readonly string[];
  paths: readonly string[];
}

export interface Candidate {
  text: string;
  type: string;
  tags: readonly string[];
  paths: readonly string[];
}

const WORDS_MAX = 32;

/** 0 where it does not fit; a question without anything fits all, with 0. */
export function scoreOf(question: Question, candidate: Candidate): number {
  const words = wordsOf(question.query).slice(0, WORDS_MAX);
  const said = new Set(wordsOf([candidate.text, candidate.type, ...candidate.tags].join(' ')));
  const found = words.filter((word) => said.has(word)).length;
  const byWords = words.length === 0 ? 0 : found / words.length;
  const byTags = question.tags.filter((tag) => candidate.tags.includes(tag)).length;
  const byPaths = question.paths.filter((path) =>
    candidate.paths.some((about) => isNear(path, about)),
  ).length;
  return byWords + byTags + byPaths;
}

export function asksForAll({ query, tags, paths }: Question): boolean {
  return wordsOf(query).length === 0 && tags.length === 0 && paths.length === 0;
}

/** The same path, or a folder of it. */
function isNear(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

function wordsOf(text: string): string[] {
  return [
    ...new Set(
      text
        .normalize('NFKC')
        .toLowerCase()
        .match(/[\p{L}\p{N}]+/gu) ?? [],
    ),
  ];
}
