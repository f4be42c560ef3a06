import { expect, test } from 'vitest';
import { harmless, harmlessJson, harmlessLine, printable } from './harmless.ts';

const ESC = '\u001b';

test('ordinary text of any language stays as it is', () => {
  const text = 'Grüße, 世界 👩‍💻\n\tindented\n';
  expect(harmless(text)).toBe(text);
});

test('colours are dropped and other escape sequences are shown', () => {
  expect(harmless(`${ESC}[1;31mred${ESC}[0m`)).toBe('red');
  expect(harmless(`${ESC}[2J${ESC}]0;title\u0007`)).toBe('␛[2J␛]0;title␇');
  expect(harmless('a\u007fb\u009b2J')).toBe('a␡b\\u{9b}2J');
});

test('a carriage return cannot overwrite what stands before it', () => {
  expect(harmless('all checks passed\rfailed\r\n')).toBe('all checks passed\nfailed\n');
});

test('signs that turn the direction or hide text are shown', () => {
  expect(harmless('a\u202eb\u2066c\u{e0041}')).toBe('a\\u{202e}b\\u{2066}c\\u{e0041}');
});

test('a line is one line', () => {
  expect(harmlessLine('  first\n\n second\u2028third\t!')).toBe('first ⏎ second\\u{2028}third !');
});

test('what is printed keeps its colours and lines, and nothing else that a terminal obeys', () => {
  const ours = `${ESC}[1;31mred${ESC}[0m\n\tplain`;
  expect(printable(ours)).toBe(ours);
  expect(printable(`${ESC}]0;title\u0007${ESC}[2J\r\u009b2J\u202e`)).toBe(
    '␛]0;title␇␛[2J␍\\u{9b}2J\\u{202e}',
  );
});

test('JSON keeps its meaning and loses its control characters', () => {
  const value = { a: `${ESC}[2J\u009b\u007f`, b: '\u202e\u{e0041}', c: 'ü\n' };
  const json = harmlessJson(JSON.stringify(value, null, 2));
  expect(JSON.parse(json)).toEqual(value);
  expect(json).not.toMatch(/[^\P{Cc}\n]|[\u202e\u{e0041}]/u);
});
