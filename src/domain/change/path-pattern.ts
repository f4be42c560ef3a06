/**
 * Patterns of paths as a policy writes them: `infra/**`, `*.{ts,tsx}`, `package{,-lock}.json`,
 * `v?.txt`.
 *
 * The paths come from the change itself, so its author chooses them; one regular expression for a
 * whole path could be made to run for hours. Therefore a path is matched part by part: picomatch
 * judges one part, in which at most two `*` stand and which is at most 255 characters long, and
 * `**` is found by a walk that never goes back more than one star. The language is small on
 * purpose: what picomatch would read as something else than most people mean (brackets, negation,
 * escapes) is refused with a hint, and `{a,b}` is written out before it gets there, because a
 * pattern that silently matches nothing guards nothing.
 */
import picomatch from 'picomatch';

const PATTERN_CHARS_MAX = 256;
const STARS_PER_PART_MAX = 2;
const ALTERNATIVES_MAX = 32;
/** The longest name that a file can have on the file systems that a check runs on. */
export const PART_CHARS_MAX = 255;

type Part = '**' | ((part: string) => boolean);

/** What is wrong with a pattern, or null. */
export function patternProblem(pattern: string): string | null {
  if (pattern.length > PATTERN_CHARS_MAX) return `is longer than ${PATTERN_CHARS_MAX} characters`;
  if (/[\p{Cc}\p{Cs}]/u.test(pattern)) return 'holds a control character';
  if (pattern.startsWith('/')) return 'starts with /: paths begin at the top of the repository';
  if (pattern.startsWith('!')) return 'starts with !: name what raises the tier, not what does not';
  if (pattern.endsWith('/')) return 'ends with /: write folder/** for all that a folder holds';
  if (pattern.includes('..')) return 'holds ..: a path cannot lead out of the repository';
  if (/["\\()[\]|]/.test(pattern)) return 'holds one of " \\ ( ) [ ] |: write ? in its place';
  return bracesProblem(pattern) ?? partsProblem(pattern.split('/'));
}

function bracesProblem(pattern: string): string | null {
  const groups = pattern.match(/\{[^{}/]*,[^{}/]*\}/g) ?? [];
  const rest = groups.reduce((text, group) => text.replace(group, ''), pattern);
  if (/[{}]/.test(rest)) return 'has braces that are not of the form {a,b}, without / inside';
  const count = groups.reduce((product, group) => product * group.split(',').length, 1);
  return count > ALTERNATIVES_MAX ? `stands for more than ${ALTERNATIVES_MAX} patterns` : null;
}

function partsProblem(parts: readonly string[]): string | null {
  for (const part of parts) {
    if (part === '' || part === '.') return 'has an empty part: write a/b, without // or /./';
    if (part === '**') continue;
    if (part.includes('**')) return 'has ** beside other text: ** stands alone between two /';
    const stars = Math.max(...expanded(part).map((each) => each.split('*').length - 1));
    if (stars > STARS_PER_PART_MAX) return `has more than ${STARS_PER_PART_MAX} * in one part`;
  }
  return null;
}

/** `a{b,c}d` as `abd` and `acd`. */
function expanded(part: string): string[] {
  const [whole, before = '', group = '', after = ''] = /^(.*?)\{(.*?)\}(.*)$/s.exec(part) ?? [];
  if (whole === undefined) return [part];
  return group.split(',').flatMap((each) => expanded(before + each + after));
}

export interface PathMatcher {
  pattern: string;
  matches: (path: string) => boolean;
}

/** For a pattern without a problem. Composed and decomposed accents are the same letter. */
export function pathMatcher(pattern: string, isCaseBlind = false): PathMatcher {
  const parts = pattern
    .normalize('NFC')
    .split('/')
    .map((part) => partMatcher(part, isCaseBlind));
  return { pattern, matches: (path) => walk(parts, path.normalize('NFC').split('/')) };
}

function partMatcher(part: string, isCaseBlind: boolean): Part {
  if (part === '**') return part;
  const matchers = expanded(part).map((each) => wildcardMatcher(each, isCaseBlind));
  return (name) => matchers.some((matches) => matches(name));
}

function wildcardMatcher(text: string, isCaseBlind: boolean): (name: string) => boolean {
  if (!/[*?]/.test(text) && !isCaseBlind) return (name) => name === text;
  // Without the flag s a name with a line break in it would slip through every pattern.
  const flags = isCaseBlind ? 'is' : 's';
  // All other signs stand for themselves; some of them, such as `+`, would mean something to it.
  const literal = text.replace(/[^\w*?]/g, String.raw`\$&`);
  return picomatch(literal, { dot: true, noextglob: true, nonegate: true, flags });
}

/** Parts between two `**` are found at their first place: that leaves most to those that follow. */
function walk(parts: readonly Part[], names: readonly string[]): boolean {
  let [part, name, starPart, starName] = [0, 0, -1, 0];
  while (name < names.length) {
    const wanted = parts[part];
    if (wanted === '**') {
      [starPart, starName] = [part, name];
      part += 1;
    } else if (wanted?.(names[name] ?? '') === true) {
      part += 1;
      name += 1;
    } else if (starPart >= 0) {
      starName += 1;
      [part, name] = [starPart + 1, starName];
    } else return false;
  }
  return parts.slice(part).every((rest) => rest === '**');
}
