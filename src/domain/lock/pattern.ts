/**
 * Patterns of paths, as locks use them.
 *
 * - `*` stands for any run of characters within one name, the empty one too; `?` for one of them.
 * - `**` between slashes stands for any number of folders, also none: `src/**` is all that lies
 *   below `src`, and `src` itself. `src/` is written for the same.
 * - `{ts,tsx}` stands for either; it may be nested and hold slashes.
 * - `\` before one of `* ? { } , \ ! :` takes it as it stands. Everything else is itself, brackets
 *   and parentheses too, so that `app/[id]/page.tsx` is that file. `!` in front, and a drive as in
 *   `C:/`, are refused: `\!x` and `C\:/x` are files of these names.
 * - A name that begins with a dot is a name like any other.
 *
 * Paths are those of git: from the top of the repository, with `/`, case counting, compared in
 * Unicode's NFC. A path need not exist. Whether two patterns meet is decided exactly, in
 * `overlap.ts`.
 */
import { limits } from '../../contract/index.ts';

export type Pattern = LiteralPattern | WildPattern;

interface LiteralPattern {
  /** As it is kept and shown: no `./` in front, no slash at the end, in NFC. */
  text: string;
  isLiteral: true;
  /** The path itself. */
  base: string;
}

interface WildPattern {
  text: string;
  isLiteral: false;
  /** The folder in which all that it meets lies; '' is the top. */
  base: string;
  /** What it stands for: any of these. */
  ways: readonly Way[];
}

export type Way = readonly Segment[];
export type Segment = Name | '**';

export interface Name {
  tokens: readonly Token[];
  /** The name itself, where it has no wildcard. */
  plain: string | undefined;
}

/** The code point of a character, or one of the two wildcards. */
export type Token = number;
export const RUN = -1;
export const ONE = -2;

const MAGIC = /[*?{}\\]/;
const PIECE = /\\(.?)|[{},]|[^\\{},]+/gs;
const ESCAPABLE = new Set(['*', '?', '{', '}', ',', '\\', '!', ':']);

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
  const [first] = ways;
  const path = first === undefined || ways.length > 1 ? undefined : pathOf(first);
  if (path !== undefined) return { text, isLiteral: true, base: path };
  const tokens = ways.flat().reduce((sum, one) => sum + weightOf(one), 0);
  if (tokens > limits.lockPatternTokensMax) {
    return `it says too much at once (${tokens} signs): take several patterns, or a wider one`;
  }
  return { text, isLiteral: false, base: commonFolder(ways), ways };
}

/** A path as a pattern that means just that path. */
export function escapePath(path: string): string {
  return path.replace(/[*?{}\\]|^!|(?<=^[A-Za-z]):/g, String.raw`\$&`);
}

/** The names of a path, in NFC as patterns are. */
export function wayOf(path: string): Name[] {
  return path.split('/').map((name) => ({ tokens: codesOf(name), plain: name }));
}

function codesOf(name: string): Token[] {
  return Array.from(name, (char) => char.codePointAt(0) ?? 0);
}

/** A name without wildcards is compared as a whole, whatever its length. */
function weightOf(segment: Segment): number {
  return segment === '**' || segment.plain !== undefined ? 1 : segment.tokens.length;
}

function tidied(written: string): string {
  const text = written
    .normalize('NFC')
    .replace(/^(\.\/+)+/, '')
    .replace(/\/{2,}/g, '/');
  const whole = text.endsWith('/') && text !== '/' ? `${text}**` : text;
  return whole.replace(/(^|\/)\*\*(\/\*\*)+(?=\/|$)/g, '$1**');
}

function problemOf(text: string): string | undefined {
  if (text === '' || text === '.') return 'it is empty; ** is the whole repository';
  if (text.length > limits.lockPathCharsMax) return 'it is too long';
  if (/\p{Cc}/u.test(text)) return 'it holds a control character';
  if (text.startsWith('/') || /^[A-Za-z]:[\\/]/.test(text)) {
    return 'it is absolute; give the path from the top of the repository';
  }
  if (text.startsWith('!')) return 'a pattern cannot exclude; name what you need';
  return undefined;
}

/**
 * The texts without braces that the braces stand for, each with its escapes. Read once from left to
 * right; what would be too many is refused before it is made. Characters that become neighbours
 * only here may combine, so each text is brought to NFC again.
 */
function expand(text: string): string[] | string {
  const open: { before: string[]; choices: string[] }[] = [];
  let ways = [''];
  for (const [piece, escaped] of text.matchAll(PIECE)) {
    const brace = open.at(-1);
    if (escaped !== undefined && !ESCAPABLE.has(escaped)) {
      return String.raw`a backslash only stands before * ? { } , \ ! : ; folders are parted by /`;
    }
    if (piece === '{') {
      open.push({ before: ways, choices: [] });
      ways = [''];
    } else if (piece === ',' && brace !== undefined) {
      brace.choices.push(...ways);
      ways = [''];
    } else if (piece === '}') {
      if (brace === undefined) return String.raw`a } without its {; \} is the sign itself`;
      const choices = [...brace.choices, ...ways];
      if (choices.length * brace.before.length > limits.lockPatternWaysMax) return TOO_MANY;
      ways = brace.before.flatMap((before) => choices.map((choice) => before + choice));
      open.pop();
    } else ways = ways.map((way) => way + piece);
  }
  if (open.length > 0) return String.raw`a { without its }; \{ is the sign itself`;
  return [...new Set(ways.map((way) => way.normalize('NFC')))];
}

const TOO_MANY = `its braces stand for more than ${limits.lockPatternWaysMax} patterns`;

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
    segments.push(nameOf(name));
  }
  return segments;
}

function nameOf(written: string): Name {
  if (!/[*?\\]/.test(written)) return { tokens: codesOf(written), plain: written };
  const tokens: Token[] = [];
  let plain: string | undefined = '';
  for (const [sign, escaped] of written.matchAll(/\\(.)|./gsu)) {
    const isWild = sign === '*' || sign === '?';
    if (isWild) tokens.push(sign === '*' ? RUN : ONE);
    else tokens.push(...codesOf(escaped ?? sign));
    plain = isWild || plain === undefined ? undefined : plain + (escaped ?? sign);
  }
  return { tokens, plain };
}

/** The one path that it stands for, or undefined where it is more than one. */
function pathOf(way: Way): string | undefined {
  const names = way.map(plainOf);
  return names.includes(undefined) ? undefined : names.join('/');
}

function plainOf(segment: Segment): string | undefined {
  return segment === '**' ? undefined : segment.plain;
}

/** The folder that all of them lie in; what a way ends with is no folder of it. */
function commonFolder(ways: readonly Way[]): string {
  const folders = ways.map((way) => {
    const names = way.map(plainOf);
    const firstMagic = names.indexOf(undefined);
    return firstMagic === -1 ? names.slice(0, -1) : names.slice(0, firstMagic);
  });
  const [first = []] = folders;
  const length = first.findIndex((name, at) => folders.some((folder) => folder[at] !== name));
  return (length === -1 ? first : first.slice(0, length)).join('/');
}
