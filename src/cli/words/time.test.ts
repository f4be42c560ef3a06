import { expect, test } from 'vitest';
import { parseDurationMs } from './duration.ts';
import { lengthInWords } from '../../contract/length.ts';
import { bytesInWords, counted, timeInWords, timeInZone } from './time.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

test('a length of time has its two units that tell most', () => {
  const lengths = [
    0,
    850,
    999.6,
    12_300,
    200_000,
    HOUR,
    90 * MINUTE,
    11 * HOUR + MINUTE,
    51 * HOUR,
    15 * MINUTE - 100,
    59_700,
    9 * HOUR + 59 * MINUTE + 45_000,
    1_900,
  ];
  expect(lengths.map(lengthInWords)).toEqual([
    '0 ms',
    '850 ms',
    '1 s',
    '12 s',
    '3 m 20 s',
    '1 h',
    '1 h 30 m',
    '11 h',
    '2 d 3 h',
    '15 m',
    '1 m',
    '10 h',
    '2 s',
  ]);
});

test('a time is told from now', () => {
  expect(timeInWords(1_000, 181_000)).toBe('3 m ago');
  expect(timeInWords(13_000, 1_000)).toBe('in 12 s');
  expect(timeInWords(1_900, 1_000)).toBe('now');
});

test('amounts are told in the unit that fits', () => {
  expect([0, 512, 1_536, 50 * 1024 ** 2, 2.5 * 1024 ** 4].map(bytesInWords)).toEqual([
    '0 bytes',
    '512 bytes',
    '1.5 KiB',
    '50 MiB',
    '2.5 TiB',
  ]);
  expect([counted(1, 'check'), counted(0, 'check')]).toEqual(['1 check', '0 checks']);
});

test('durations are understood as people type them', () => {
  expect(['500ms', '90s', '30m', '12h', '7d', '2w', '1h30m'].map(parseDurationMs)).toEqual([
    500,
    90_000,
    30 * MINUTE,
    12 * HOUR,
    7 * 24 * HOUR,
    14 * 24 * HOUR,
    90 * MINUTE,
  ]);
});

test('what is no duration is none', () => {
  const texts = ['', '5', 'm', '-5m', '5 m', '1.5h', '5mm', '99999999999h', 'soon'];
  expect(texts.map(parseDurationMs)).toEqual(texts.map(() => undefined));
});

test('a time is shown as clocks in a time zone show it', () => {
  const atMs = Date.parse('2026-03-29T01:00Z');
  expect(timeInZone(atMs, 'UTC')).toBe('Sun 2026-03-29 01:00 UTC');
  expect(timeInZone(atMs, 'Europe/Berlin')).toBe('Sun 2026-03-29 03:00 CEST');
  expect(timeInZone(atMs, 'Asia/Kathmandu')).toBe('Sun 2026-03-29 06:45 GMT+5:45');
  expect(timeInZone(Date.parse('2026-01-01T00:00Z'), 'UTC')).toBe('Thu 2026-01-01 00:00 UTC');
});
