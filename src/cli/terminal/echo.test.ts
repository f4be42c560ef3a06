import { expect, test } from 'vitest';
import { createEcho, type Echo } from './echo.ts';

function echo(): { lines: string[]; said: Echo } {
  const lines: string[] = [];
  return { lines, said: createEcho({ note: (line) => lines.push(line) }) };
}

test('lines are shown as they come, whole characters and harmless', () => {
  const { lines, said } = echo();
  const bytes = Buffer.from('one\ntw✓o\u001b[2J\nthr');
  said.push(bytes.subarray(0, 7));
  expect(lines).toEqual(['  │ one']);
  said.push(bytes.subarray(7));
  expect(lines).toEqual(['  │ one', '  │ tw✓o␛[2J']);
  said.flush();
  said.flush();
  expect(lines.slice(2)).toEqual(['  │ thr']);
});

test('a line without end is shown in pieces', () => {
  const { lines, said } = echo();
  for (let round = 0; round < 10; round++) said.push(Buffer.from('x'.repeat(1_000)));
  said.flush();
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.join('').replaceAll('  │ ', '')).toBe('x'.repeat(10_000));
});
