import { expect, test } from 'vitest';
import { asksForAll, scoreOf } from './rank.ts';

const about = {
  text: 'The parser needs a second pass for macros.',
  type: 'LESSON',
  tags: ['parser'],
  paths: ['src/parser/main.ts'],
};
const ask = (query: string, more: { tags?: string[]; paths?: string[] } = {}) => ({
  query,
  tags: [],
  paths: [],
  ...more,
});

test.each([
  [ask('parser macros'), 1],
  [ask('PARSER, and lexers'), 1 / 3],
  [ask('nothing of it'), 0],
  [ask('lesson'), 1],
  [ask('', { tags: ['parser', 'x'] }), 1],
  [ask('', { paths: ['src/parser'] }), 1],
  [ask('', { paths: ['src/parser/main.ts/x', 'src/par'] }), 1],
  [ask('macros', { tags: ['parser'], paths: ['src'] }), 3],
])('%j scores %d', (question, score) => {
  expect(scoreOf(question, about)).toBeCloseTo(score);
});

test('a question without words, tags and paths asks for all', () => {
  expect(asksForAll(ask(' .,! '))).toBe(true);
  expect(asksForAll(ask('x'))).toBe(false);
});
