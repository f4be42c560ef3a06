import { expect, test } from 'vitest';
import { momentOf } from './since.ts';

const AT_MS = Date.UTC(2025, 11, 4, 18, 30, 0);

test.each([
  ['1764873000', AT_MS],
  ['1764873000.25', AT_MS + 250],
  ['1764873000.9999', AT_MS + 999],
  ['2025-12-04T18:30:00Z', AT_MS],
  ['2025-12-04T18:30:00.123456Z', AT_MS + 123],
  ['2025-12-04T18:30:00', AT_MS],
  ['2025-12-04 18:30:00', AT_MS],
  ['2025-12-04T18:30', AT_MS],
  ['2025-12-04T20:30:00+02:00', AT_MS],
  ['2025-12-04T20:30:00 02:00', AT_MS],
  ['2025-12-04T13:30:00-0500', AT_MS],
  ['2025-12-04', Date.UTC(2025, 11, 4)],
])('%s is one moment wherever the hub stands', (text, expectedMs) => {
  expect(momentOf('since', text)).toBe(expectedMs);
});

test.each([
  'yesterday',
  '',
  '-1',
  '1e9',
  'NaN',
  '2025-13-04',
  '2025-12-04T25:00',
  '1969-12-31',
  '12/4/2025',
  '9999999999999',
])('%j is refused with a hint', (text) => {
  expect(() => momentOf('since', text)).toThrow(/neither an ISO time nor epoch seconds/);
});

test('a moment that is given twice is refused, and one that is not given is none', () => {
  expect(() => momentOf('since', ['1', '2'])).toThrow(/since/);
  expect(momentOf('since', undefined)).toBeUndefined();
});
