/** The times of cron expressions: where clocks change, on leap days, and where there is none. */
import { expect, test } from 'vitest';
import { countTimes, nextTimeMs, nextTimesMs, requireTimes, type Times } from './cron.ts';

const at = (cron: string, timeZone = 'UTC'): Times => ({ cron, timeZone });
const ms = (time: string): number => Date.parse(time);

function next(times: Times, after: string, count = 3): string[] {
  return nextTimesMs(times, ms(after), count).map((run) =>
    new Date(run).toISOString().replace(':00.000Z', 'Z'),
  );
}

test.each<[string, Times, string, string[]]>([
  ['each minute', at('* * * * *'), '2026-01-01T00:00:59.999Z', ['2026-01-01T00:01Z']],
  [
    'on the minute itself the one after it',
    at('* * * * *'),
    '2026-01-01T00:01Z',
    ['2026-01-01T00:02Z'],
  ],
  [
    'each leap day',
    at('0 0 29 2 *'),
    '2026-01-01T00:00Z',
    ['2028-02-29T00:00Z', '2032-02-29T00:00Z'],
  ],
  [
    'each leap day but the one of 2100',
    at('0 0 29 2 *'),
    '2095-01-01T00:00Z',
    ['2096-02-29T00:00Z', '2104-02-29T00:00Z'],
  ],
  [
    'each last day of a month',
    at('0 0 L * *'),
    '2028-01-31T00:00Z',
    ['2028-02-29T00:00Z', '2028-03-31T00:00Z'],
  ],
  ['each first Monday', at('0 9 1-7 * +MON'), '2026-03-03T00:00Z', ['2026-04-06T09:00Z']],
  ['each second Friday', at('0 9 * * FRI#2'), '2026-03-01T00:00Z', ['2026-03-13T09:00Z']],
  ['on the weekday next to a day', at('0 9 15W * *'), '2026-03-01T00:00Z', ['2026-03-16T09:00Z']],
  [
    'on a day or a weekday',
    at('0 0 3 * MON'),
    '2026-03-01T00:00Z',
    ['2026-03-02T00:00Z', '2026-03-03T00:00Z'],
  ],
  ['by a nickname', at('@daily'), '2026-01-01T00:00Z', ['2026-01-02T00:00Z']],
  [
    'by the time of its zone',
    at('0 9 * * *', 'Asia/Kathmandu'),
    '2026-01-01T00:00Z',
    ['2026-01-01T03:15Z'],
  ],
  [
    'a fixed time that a day leaves out, after the gap',
    at('30 2 * * *', 'Europe/Berlin'),
    '2026-03-28T12:00Z',
    ['2026-03-29T01:00Z', '2026-03-30T00:30Z'],
  ],
  [
    'a list of hours of which one is left out',
    at('30 2,14 * * *', 'Europe/Berlin'),
    '2026-03-28T20:00Z',
    ['2026-03-29T01:00Z', '2026-03-29T12:30Z', '2026-03-30T00:30Z'],
  ],
  [
    'a fixed time that comes twice, once',
    at('30 2 * * *', 'Europe/Berlin'),
    '2026-10-24T12:00Z',
    ['2026-10-25T00:30Z', '2026-10-26T01:30Z'],
  ],
  [
    'by the clock on the wall, nothing in the gap',
    at('*/30 * * * *', 'Europe/Berlin'),
    '2026-03-29T00:30Z',
    ['2026-03-29T01:00Z', '2026-03-29T01:30Z'],
  ],
  [
    'by the clock on the wall, both of an hour that comes twice',
    at('0,30 * * * *', 'Europe/Berlin'),
    '2026-10-25T00:00Z',
    ['2026-10-25T00:30Z', '2026-10-25T01:00Z', '2026-10-25T01:30Z', '2026-10-25T02:00Z'],
  ],
  [
    'where clocks change by half an hour',
    at('15 2 * * *', 'Australia/Lord_Howe'),
    '2026-10-02T20:00Z',
    ['2026-10-03T15:30Z', '2026-10-04T15:15Z'],
  ],
  [
    'where a whole day is left out',
    at('0 12 30 12 *', 'Pacific/Apia'),
    '2010-12-31T23:00Z',
    ['2012-12-29T22:00Z'],
  ],
])('it runs %s', (...[, times, after, runs]) => {
  expect(next(times, after, runs.length)).toEqual(runs);
});

test.each<[string, string, RegExp]>([
  ['0 0 30 2 *', 'UTC', /never fires/],
  ['0 0 31 4,6,9,11 *', 'UTC', /never fires/],
  ['0 0 30W 2 +SUN', 'UTC', /never fires/],
  ['60 * * * *', 'UTC', /no cron expression/],
  ['5/5 * * * *', 'UTC', /no cron expression/],
  ['* * * * * *', 'UTC', /no cron expression/],
  ['@fortnightly', 'UTC', /no cron expression: there are @hourly, @daily/],
  ['@reboot', 'UTC', /no cron expression/],
  ['a b c d e', 'UTC', /no cron expression/],
  ['2026-12-01T00:00:00 * * * *', 'UTC', /no cron expression/],
  ['00:00 * * * *', 'UTC', /no cron expression/],
  ['* * * * *', 'Nowhere/Land', /no time zone Nowhere\/Land/],
])('`%s` in %s is refused, and it is said why', (cron, timeZone, message) => {
  expect(() => requireTimes({ cron, timeZone }, ms('2026-01-01T00:00Z'))).toThrow(message);
});

test('an expression without a time is found out in a moment', () => {
  for (const cron of ['0 0 LW * +0,6', '* * 30 2 *', '*/7 */5 30W * +SAT,SUN', '0 0 31W 2 *']) {
    const beganMs = performance.now();
    nextTimeMs(at(cron, 'America/New_York'), ms('2026-01-01T00:00Z'));
    expect(performance.now() - beganMs, cron).toBeLessThan(1_000);
  }
});

test('times are counted up to a bound', () => {
  const day = { afterMs: ms('2026-01-01T00:00Z'), untilMs: ms('2026-01-02T00:00Z') };
  expect(countTimes(at('0 * * * *'), { ...day, countMax: 100 })).toBe(24);
  expect(countTimes(at('0 * * * *'), { ...day, countMax: 10 })).toBe(10);
  expect(countTimes(at('0 12 * * *'), { ...day, untilMs: day.afterMs, countMax: 9 })).toBe(0);
});
