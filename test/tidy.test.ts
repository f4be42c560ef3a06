/**
 * Holds the borders and habits of the house for every file. Each rule is shown files that break it
 * and files that do not, since a rule that can never fire would go unnoticed. Sizes of functions,
 * cycles of imports, types and promises are held by the linter, see .oxlintrc.json.
 */
import { describe, expect, test } from 'vitest';
import { borders } from './tidy/borders.ts';
import { files } from './tidy/files.ts';
import { madeUp, type Breach } from './tidy/rule.ts';
import { readTree } from './tidy/source.ts';
import { words } from './tidy/words.ts';

const tree = readTree(process.cwd());

function inWords({ path, line, what }: Breach): string {
  return `${path}:${line}  ${what.trim().slice(0, 120)}`;
}

function pathsOf(breaches: Breach[]): string[] {
  return [...new Set(breaches.map(({ path }) => path))].toSorted();
}

test('the whole tree is looked at', () => {
  const paths = tree.map(({ path }) => path);
  for (const path of [
    'src/core/clock.ts',
    'bin/signalbox',
    'test/tidy.test.ts',
    'package-lock.json',
  ]) {
    expect(paths).toContain(path);
  }
  expect(tree.flatMap(({ imports }) => imports).length).toBeGreaterThan(100);
});

describe.each([...borders, ...words, ...files])('$says', ({ breaches, because, broken, sound }) => {
  test('everywhere in this tree', () => {
    expect(breaches(tree).map(inWords), because).toEqual([]);
  });

  test('or else it is found', () => {
    expect(pathsOf(breaches(madeUp({ ...sound, ...broken })))).toEqual(
      Object.keys(broken).toSorted(),
    );
    expect(breaches(madeUp(sound))).toEqual([]);
  });
});
