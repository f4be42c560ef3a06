/** A path is the same lock whichever door it comes through. */
import { expect, test } from 'vitest';
import { escapePath as asPattern, parsePattern } from '../../src/domain/lock/pattern.ts';
import { pathInWords } from '../../src/contract/path-words.ts';
import { pathInWords as hookPathInWords } from '../../src/hooks/entry/data.ts';
import { escapePath } from '../../src/hooks/entry/repository.ts';

test('hooks and hub write a path as a pattern alike, and each means just that path', () => {
  const odd = [
    '!x',
    'a!b',
    'C:/x',
    'c:',
    'ab:c',
    'a*?b',
    '{a,b}',
    'a\\b',
    'app/[id]/x',
    'é',
    '!C:/*',
  ];
  for (const path of odd) {
    expect(escapePath(path), path).toBe(asPattern(path));
    expect(parsePattern(escapePath(path)), path).toMatchObject({ isLiteral: true, base: path });
  }
});

test('hooks and hub show a path alike, in quotes where it could be words', () => {
  const odd = [
    'a b',
    '"',
    '<a>',
    'a\u202eb',
    'a\u{e0041}',
    '\u00a0',
    '\ud800',
    'x'.repeat(201),
    '',
  ];
  for (const path of odd) {
    const shown = pathInWords(path);
    expect(shown, path).toMatch(/^"([^"<>\\\p{C}]|\\.)*"$/u);
    if (path.length <= 200) expect(JSON.parse(shown)).toBe(path);
    expect(hookPathInWords(path)).toBe(shown);
  }
  for (const path of ['src/a.ts', 'src/**/{a,b}[!x]?.ts', 'a\\*', 'db:schema', '世界/ü', "it's"]) {
    expect(pathInWords(path)).toBe(path);
    expect(hookPathInWords(path)).toBe(path);
  }
});
