import { expect, test } from 'vitest';
import { parseMomentMs } from './words/duration.ts';
import { readOptions } from './options.ts';

const AT = 1_700_000_000_000;
const bounds = { min: 1, max: 20 };

test('options are read with their types', () => {
  const values = {
    body: 'text',
    wait: true,
    verifier: false,
    check: ['a', 'b'],
    retries: '3',
    expires: '12h',
    lane: 'high',
  };
  const options = readOptions(values);
  expect(options.text('body')).toBe('text');
  expect(options.has('wait')).toBe(true);
  expect(options.isOff('verifier')).toBe(true);
  expect(options.list('check')).toEqual(['a', 'b']);
  expect(options.integer('retries', bounds)).toBe(3);
  expect(options.durationMs('expires')).toBe(12 * 60 * 60_000);
  expect(options.choice('lane', ['high', 'low'])).toBe('high');
});

test('options that were not given are undefined, off or empty', () => {
  const options = readOptions({});
  expect(options.text('body')).toBeUndefined();
  expect(options.has('wait')).toBe(false);
  expect(options.isOff('verifier')).toBe(false);
  expect(options.list('check')).toEqual([]);
  expect(options.integer('retries', bounds)).toBeUndefined();
  expect(options.durationMs('expires')).toBeUndefined();
  expect(options.choice('lane', ['high'])).toBeUndefined();
});

test.each(['0', '21', '-1', '1.5', '0x3', 'many', ''])('%o is no number of retries', (retries) => {
  expect(() => readOptions({ retries }).integer('retries', bounds)).toThrow(
    `--retries does not take \`${retries}\`.`,
  );
});

test('what does not fit is refused by the name it was given under', () => {
  const options = readOptions({ logLevel: 'loud', expires: '3' });
  expect(() => options.choice('logLevel', ['info', 'warn'])).toThrow(
    expect.objectContaining({
      message: '--log-level does not take `loud`.',
      hint: 'Give one of: info, warn.',
      code: 'invalid_input',
    }),
  );
  expect(() => options.durationMs('expires')).toThrow('--expires does not take `3`.');
});

test.each([
  ['2h', AT + 2 * 60 * 60_000],
  ['2026-12-24T18:00Z', Date.UTC(2026, 11, 24, 18)],
  ['2026-12-24T18:00:30+01:00', Date.UTC(2026, 11, 24, 17, 0, 30)],
  ['2028-02-29T00:00Z', Date.UTC(2028, 1, 29)],
  ['2026-12-24', new Date(2026, 11, 24).getTime()],
  ['2026-12-24 18:00', new Date(2026, 11, 24, 18).getTime()],
  ['2026-02-29', undefined],
  ['2026-02-31T00:00Z', undefined],
  ['2026-13-01T00:00Z', undefined],
  ['2026-12-24T25:00Z', undefined],
  ['2026-12-24T18:00+1', undefined],
  ['tomorrow', undefined],
  ['', undefined],
])('the moment `%s` is %s', (text, momentMs) => {
  expect(parseMomentMs(text, AT)).toBe(momentMs);
});
