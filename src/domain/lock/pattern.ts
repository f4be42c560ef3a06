/**
 * Patterns of paths, as locks use them.
 *
 * - `*` stands for any run of characters within one name, the empty one too; `?` for one of them.
 * - `**` between slashes stands for any number of folders, also none: `src/**` is all that lies
 *   below `src`, and `src` itself. `src/` is written for the same.
 * - `{ts,tsx}` stands for either; it may be nested and hold slashes.
 * - `\` before one of `* ? { } , \` takes it as it stands. Everything else is itself, brackets and
 *   parentheses too, so that `app/[id]/page.tsx` is that file.
 * - A name that begins with a dot is a name like any other.
 *
 * Paths are those of git: from the top of the repository, with `/`, case counting, compared in
 * Unicode's NFC. A path need not exist. Whether two patterns meet is decided exactly, in
 * `overlap.ts`.
 */
import { limits } from '../../contract/index.ts';

export interface Pattern {
  /** As it is kept and shown: no `./` in front, no slash at the end, in NFC. */
  text: string;
  isLiteral: boolean;
  /** The path itself, or the folder in which all that it meets lies; '' is the top. */
  base: string;
}

/** A name as its characters and wildcards; or any number of folders. */
export type Segment = readonly Token[] | '**';
export type Token = { char: string } | '?' | '*';

const MAGIC = /[*?{}\\]/;
const ESCAPABLE = new Set(['*', '?', '{', '}', ',', '\\']);
// eslint-disable-next-line no-control-regex -- they are what is looked for
const CONTROL = /[\u0000-\u001f\u007f]/;

/** The pattern, or in words why it is none. */
export function parsePattern(written: string): Pattern | string {
  const text = tidied(written);
  const problem = problemOf(text);
  if (problem !== undefined) return problem;
  const alternatives = MAGIC.test(text) ? expand(text) : [text];
  if (typeof alternatives === 'string') return alternatives;
  const parsed = alternatives.map(segmentsOf);
  const refused = parsed.find((one) => typeof one === 'string');
  if (refused !== undefined) return refused;
  const ways = parsed.filter((one) => typeof one !== 'string');
  const tokens = ways.flat().reduce((sum, one) => sum + one.length, 0);
  const [first] = ways;
  const path = first === undefined || ways.length > 1 ? undefined : pathOf(first);
  if (path !== undefined) return { text, isLiteral: true, base: path };
  if (tokens > limits.lockPatternTokensMax) {
    return `it says too much at once (${tokens} signs): take several patterns, or a wider one`;
  }
  return { text, isLiteral: false, base: commonFolder(ways) };
}

/** A path as a pattern that means just that path. */
export function escapePath(path: string): string {
  return path.replace(/[*?{}\\]/g, String.raw`\$&`);
}

/** What the pattern stands for: any of these. Only for what `parsePattern` took. */
export function waysOf(pattern: Pattern): Segment[][] {
  if (pattern.isLiteral) return [pattern.base.split('/').map(plain)];
  const alternatives = expand(pattern.text);
  if (typeof alternatives === 'string') return [];
  return alternatives.map(segmentsOf).filter((one) => typeof one !== 'string');
}

export function plain(name: string): Segment {
  return Array.from(name, (char) => ({ char }));
}

function tidied(written: string): string {
  const text = written
    .normalize('NFC')
    .replace(/^(\.\/+)+/, '')
    .replace(/\/{2,}/g, '/');
  return text.endsWith('/') && text !== '/' ? `${text}**` : text;
}

function problemOf(text: string): string | undefined {
  if (text === '' || text === '.') return 'it is empty; ** is the whole repository';
  if (text.length > limits.lockPathCharsMax) return 'it is too long';
  if (CONTROL.test(text)) return 'it holds a control character';
  if (text.startsWith('/') || /^[A-Za-z]:[\\/]/.test(text)) {
    return 'it is absolute; give the path from the top of the repository';
  }
  if (text.startsWith('!')) return 'a pattern cannot exclude; name what you need';
  return undefined;
}

/** The texts without braces that the braces stand for, each with its escapes. */
function expand(text: string): string[] | string {
  const rest: string[] = [text];
  const done: string[] = [];
  while (rest.length > 0) {
    if (rest.length + done.length > limits.lockPatternWaysMax) {
      return `its braces stand for more than ${limits.lockPatternWaysMax} patterns`;
    }
    const next = rest.pop() ?? '';
    const brace = firstBrace(next);
    if (typeof brace === 'string') return brace;
    if (brace === undefined) done.push(next);
    else rest.push(...brace.choices.map((one) => brace.before + one + brace.after).toReversed());
  }
  return done;
}

interface Brace {
  before: string;
  choices: string[];
  after: string;
}

function firstBrace(text: string): Brace | string | undefined {
  let [depth, from, at] = [0, 0, 0];
  let start = -1;
  const choices: string[] = [];
  for (; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') {
      if (!ESCAPABLE.has(text[at + 1] ?? '')) {
        return String.raw`a backslash only stands before * ? { } , \ ; folders are parted by /`;
      }
      at++;
    } else if (char === '{') {
      if (depth++ === 0) [start, from] = [at, at + 1];
    } else if (char === ',' && depth === 1) {
      choices.push(text.slice(from, at));
      from = at + 1;
    } else if (char === '}') {
      if (--depth < 0) return String.raw`a } without its {; \} is the sign itself`;
      if (depth > 0) continue;
      choices.push(text.slice(from, at));
      return { before: text.slice(0, start), choices, after: text.slice(at + 1) };
    }
  }
  return depth > 0 ? String.raw`a { without its }; \{ is the sign itself` : undefined;
}

function segmentsOf(text: string): Segment[] | string {
  const segments: Segment[] = [];
  for (const name of text.split('/')) {
    if (name === '**') {
      if (segments.at(-1) !== '**') segments.push('**');
      continue;
    }
    if (name.includes('**')) return '** stands alone between slashes, as in src/**/test.ts';
    if (name === '') return 'one of its names is empty';
    if (name === '.' || name === '..') return 'it holds "." or "..", which lead elsewhere';
    segments.push(tokensOf(name));
  }
  return segments;
}

function tokensOf(name: string): Token[] {
  const tokens: Token[] = [];
  let isEscaped = false;
  for (const char of name) {
    if (!isEscaped && char === '\\') {
      isEscaped = true;
      continue;
    }
    if (isEscaped || (char !== '*' && char !== '?')) tokens.push({ char });
    else tokens.push(char);
    isEscaped = false;
  }
  return tokens;
}

/** The one path that it stands for, or undefined where it is more than one. */
function pathOf(segments: readonly Segment[]): string | undefined {
  const names = segments.map(nameOf);
  return names.includes(undefined) ? undefined : names.join('/');
}

function nameOf(segment: Segment): string | undefined {
  if (segment === '**') return undefined;
  const chars = segment.map((token) => (typeof token === 'string' ? undefined : token.char));
  return chars.includes(undefined) ? undefined : chars.join('');
}

/** The folder that all of them lie in; what a way ends with is no folder of it. */
function commonFolder(ways: readonly (readonly Segment[])[]): string {
  const folders = ways.map((segments) => {
    const names = segments.map(nameOf);
    const firstMagic = names.indexOf(undefined);
    return firstMagic === -1 ? names.slice(0, -1) : names.slice(0, firstMagic);
  });
  const [first = []] = folders;
  const length = first.findIndex((name, at) => folders.some((folder) => folder[at] !== name));
  return (length === -1 ? first : first.slice(0, length)).join('/');
}
