/** The language of patterns: what it takes, what it means, and that overlap is exact. */
import fc from 'fast-check';
import picomatch from 'picomatch';
import { describe, expect, test } from 'vitest';
import { limits } from '../../contract/index.ts';
import { matches, overlaps } from './overlap.ts';
import { escapePath, parsePattern, type Pattern } from './pattern.ts';

function pattern(text: string): Pattern {
  const parsed = parsePattern(text);
  if (typeof parsed === 'string') throw new Error(`${text}: ${parsed}`);
  return parsed;
}

describe('a pattern', () => {
  test.each([
    ['src/a.ts', { text: 'src/a.ts', isLiteral: true, base: 'src/a.ts' }],
    ['./src//a.ts', { text: 'src/a.ts', isLiteral: true, base: 'src/a.ts' }],
    ['src/', { text: 'src/**', isLiteral: false, base: 'src' }],
    ['**', { text: '**', isLiteral: false, base: '' }],
    ['*.{ts,tsx}', { text: '*.{ts,tsx}', isLiteral: false, base: '' }],
    ['src/{a,b}/c', { text: 'src/{a,b}/c', isLiteral: false, base: 'src' }],
    ['src/{a/x,a/y}', { text: 'src/{a/x,a/y}', isLiteral: false, base: 'src/a' }],
    ['app/[id]/page.tsx', { isLiteral: true, base: 'app/[id]/page.tsx' }],
    [String.raw`a\*b`, { isLiteral: true, base: 'a*b' }],
    [String.raw`\!x`, { isLiteral: true, base: '!x' }],
    [String.raw`C\:/x`, { isLiteral: true, base: 'C:/x' }],
    ['e\u0301', { text: '\u00e9', isLiteral: true, base: '\u00e9' }],
    ['{a}', { isLiteral: true, base: 'a' }],
    ['{e}\u0301', { isLiteral: true, base: '\u00e9' }],
    ['src/**/', { text: 'src/**', isLiteral: false, base: 'src' }],
    ['a/**/**/b', { text: 'a/**/b', isLiteral: false, base: 'a' }],
  ])('%s is read as it is meant', (text, expected) => {
    expect(pattern(text)).toMatchObject(expected);
  });

  test.each([
    ['', 'empty'],
    ['.', 'empty'],
    ['/etc/passwd', 'absolute'],
    ['C:\\x', 'absolute'],
    ['C:/x', 'absolute'],
    ['src\\a.ts', 'backslash'],
    ['a/../b', 'lead elsewhere'],
    ['a/./b', 'lead elsewhere'],
    ['a/{..,b}', 'lead elsewhere'],
    ['..', 'lead elsewhere'],
    ['a\0b', 'control'],
    ['a\nb', 'control'],
    ['a\u0085b', 'control'],
    ['a\\', 'backslash'],
    ['!a', 'exclude'],
    ['a**b', 'alone'],
    ['{a', 'without its }'],
    ['a}', 'without its {'],
    ['{/a,b}', 'name is empty'],
    ['a/{b/,c}/d', 'names is empty'],
    ['x'.repeat(limits.lockPathCharsMax + 1), 'too long'],
    ['{a,b}'.repeat(20), 'braces stand for more'],
    ['{a,b}'.repeat(199), 'braces stand for more'],
    [`{${','.repeat(limits.lockPatternWaysMax)}}`, 'braces stand for more'],
    [`{${'x*'.repeat(240)},${'y*'.repeat(200)},z}/{a,b,c}`, 'too much'],
  ])('%.40s is refused', (text, why) => {
    const said = parsePattern(text);
    expect(typeof said === 'string' ? said : '').toContain(why.replace('name is', 'names is'));
  });

  test.each([
    ['src/**', 'src/a/b.ts', true],
    ['src/**', 'src', true],
    ['src/**', 'srcs/a', false],
    ['**/*.ts', 'a.ts', true],
    ['**/*.ts', 'x/y/a.ts', true],
    ['*.ts', 'x/a.ts', false],
    ['*', '.hidden', true],
    ['a?c', 'abc', true],
    ['a?c', 'a/c', false],
    ['a/**/b', 'a/b', true],
    ['a{,.bak}', 'a.bak', true],
    ['a{b,{c,d/e}}', 'ad/e', true],
    ['A', 'a', false],
  ])('%s and the path %s', (text, path, expected) => {
    expect(matches(pattern(text), path)).toBe(expected);
    expect(overlaps(pattern(text), pattern(escapePath(path)))).toBe(expected);
  });

  test.each([
    ['src/**', '**/*.ts', true],
    ['src/*.ts', 'src/*.js', false],
    ['*a', 'a*', true],
    ['a*b', '*c*', true],
    ['a/*/c', 'a/b/*', true],
    ['a/**', 'b/**', false],
    ['**/a', '**/b', false],
    ['?.', '.?', false],
    ['?.*', '.?*', true],
    ['{a,b}/x', '{b,c}/x', true],
    ['a/**/z', '**/y/*', true],
    ['{a,e}\u0301/b', '\u00e9/b', true],
    ['{a,e}\u0301', '\u00e9/*', false],
  ])('%s and %s overlap: %s', (a, b, expected) => {
    expect(overlaps(pattern(a), pattern(b))).toBe(expected);
    expect(overlaps(pattern(b), pattern(a))).toBe(expected);
  });

  // What two patterns cost is the product of their signs, so these are counted and not the time.
  test.each([
    ['stars', '*a'.repeat(499)],
    ['stars in many folders', '**/*a/'.repeat(160)],
    ['braces', `{${Array.from({ length: 60 }, (_, at) => `*a*b${at}`).join()}}`],
    ['braces beside each other', `${'{a,b}'.repeat(6)}${'*?'.repeat(300)}`],
    ['braces in braces', `{a,b}*${'{'.repeat(400)}a${'}'.repeat(400)}`],
    ['long folders', `${`${'x'.repeat(200)}/`.repeat(4)}*`],
  ])('is bounded in what it costs: %s', (_, text) => {
    const parsed = parsePattern(text);
    if (typeof parsed === 'string') return expect(parsed).toContain('too much');
    if (parsed.isLiteral) throw new Error('no wildcard in it');
    const wild = parsed.ways.flat().filter((one) => one === '**' || one.plain === undefined);
    const signs = wild.reduce((sum, one) => sum + (one === '**' ? 1 : one.tokens.length), 0);
    return expect(signs).toBeLessThanOrEqual(limits.lockPatternTokensMax);
  });

  test('a name without a wildcard counts as one sign, however long it is', () => {
    expect(pattern(`${`${'x'.repeat(200)}/`.repeat(4)}*`).isLiteral).toBe(false);
  });

  test('escapes make every path mean itself alone', () => {
    const path = fc.stringMatching(/^[a-c*?{},\\[\]]{1,8}$/);
    fc.assert(
      fc.property(path, path, (a, b) => {
        expect(pattern(escapePath(a))).toMatchObject({ isLiteral: true, base: a });
        expect(overlaps(pattern(escapePath(a)), pattern(escapePath(b)))).toBe(a === b);
      }),
    );
  });
});

/** Every path of up to three names of up to three of these characters: some 52,000. */
const SIGNS = ['a', 'b', '.'];
const two = SIGNS.flatMap((a) => SIGNS.map((b) => a + b));
const three = two.flatMap((a) => SIGNS.map((b) => a + b));
const names = [...SIGNS, ...two, ...three].filter((one) => one !== '.' && one !== '..');
const pairs = names.flatMap((a) => names.map((b) => `${a}/${b}`));
const universe = [...names, ...pairs, ...pairs.flatMap((a) => names.map((b) => `${a}/${b}`))];

const name = fc.oneof(
  fc.constantFrom('a', 'b', '*', '?', 'a*', '*b', '*.a', '.*', '?.', '.?', 'a?', '?b', '**'),
  fc.constantFrom('{a,b}', '{a,.b}', '*.{a,b}', '{a,b/a}', '{,a}b'),
  fc.constantFrom(
    '*a*',
    '??',
    '?*',
    'a.*',
    '.??',
    '*..',
    'ab',
    'b.',
    '.a',
    '{a.,?b}',
    '{*a,.*}',
    'b*a',
  ),
);
const patterns = fc.array(name, { minLength: 1, maxLength: 2 }).map((some) => some.join('/'));

/** `SIGNALBOX_PATTERN_PAIRS=1000000` for the long run. */
const PAIRS = Number(process.env['SIGNALBOX_PATTERN_PAIRS'] ?? 20_000);
const POOL = Math.ceil(Math.sqrt(PAIRS) * 2.2);

describe('overlap', () => {
  // Each pattern's paths are found by the reference once; then every pair is a look at two sets.
  const written = [...new Set(fc.sample(patterns, { numRuns: POOL, seed: 7 }))].filter(
    (text) => typeof parsePattern(text) !== 'string',
  );
  const pool = written.map((text) => {
    const isMeant = reference(text);
    const met = new Uint32Array(Math.ceil(universe.length / 32));
    universe.forEach((path, at) => {
      if (isMeant(path)) met[at >> 5] = (met[at >> 5] ?? 0) | (1 << (at & 31));
    });
    return { text, parsed: pattern(text), met };
  });

  test('what a pattern means is what two other matchers say', () => {
    for (const { text, parsed, met } of pool) {
      const byPico = picomatch(text, { dot: true, strictSlashes: true });
      universe.forEach((path, at) => {
        if (at % 97 !== 0) return;
        const isMet = ((met[at >> 5] ?? 0) & (1 << (at & 31))) !== 0;
        expect(matches(parsed, path), `${text} ~ ${path}`).toBe(isMet);
        const isTrailing = text.endsWith('**');
        const hasOdd = /(^|[/{,])\{?,/.test(text);
        if (!isTrailing && !hasOdd) expect(byPico(path), `picomatch ${text} ~ ${path}`).toBe(isMet);
      });
    }
  });

  test(`is what brute force finds, for ${PAIRS} pairs`, { timeout: 1_800_000 }, () => {
    let [count, overlapping] = [0, 0];
    for (let round = 0; count < PAIRS; round++) {
      for (let n = 0; n < pool.length && count < PAIRS; n++, count++) {
        const [a, b] = [pool[n], pool[(n + round) % pool.length]];
        if (a === undefined || b === undefined) throw new Error('no pattern');
        const doMeet = a.met.some((word, at) => (word & (b.met[at] ?? 0)) !== 0);
        overlapping += Number(doMeet);
        if (overlaps(a.parsed, b.parsed) !== doMeet) {
          throw new Error(`${a.text} and ${b.text}: brute force says ${doMeet}`);
        }
      }
    }
    expect(overlapping).toBeGreaterThan(count / 20);
    expect(overlapping).toBeLessThan(count * 0.95);
  });
});

/** A matcher of its own, by regular expressions, slow and plain. */
function reference(text: string): (path: string) => boolean {
  const ways = texts(text).map((way) => {
    const body = way
      .split('/')
      .map((one) =>
        one === '**'
          ? '(?:[^/]+/)*'
          : `${one.replace(/[.]/g, '\\.').replace(/\*/g, '[^/]*').replace(/\?/g, '[^/]')}/`,
      )
      .join('');
    return new RegExp(`^${body}$`);
  });
  return (path) => ways.some((way) => way.test(`${path}/`));
}

function texts(text: string): string[] {
  const brace = /\{([^{}]*)\}/.exec(text);
  if (brace === null) return [text];
  return (brace[1] ?? '')
    .split(',')
    .flatMap((one) =>
      texts(text.slice(0, brace.index) + one + text.slice(brace.index + brace[0].length)),
    );
}
