/** A path is the same lock whichever door it comes through. */
import { expect, test } from 'vitest';
import { escapePath as asPattern, parsePattern } from '../../src/domain/lock/pattern.ts';
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
