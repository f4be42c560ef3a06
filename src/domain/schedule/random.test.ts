/**
 * Whatever the expression, the zone and the moments at which a hub looks: each time is run, skipped
 * or missed, once. Which times there are is said by the calendar of the platform, minute by minute,
 * and not by what is tested.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextTimeMs, type Times } from './cron.ts';
import { decideDue, type Verdict } from './lifecycle.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const zone = fc.constantFrom(
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Asia/Kathmandu',
  'Africa/Casablanca',
  'Pacific/Apia',
);
/** Days on which one of the zones changes its clocks, and others. */
const day = fc.constantFrom(
  '2026-03-08',
  '2026-03-29',
  '2026-04-05',
  '2026-10-04',
  '2026-10-25',
  '2026-11-01',
  '2027-12-31',
  '2028-02-28',
);
const place = fc.record({ timeZone: zone, on: day });
const list = (max: number, count: number) =>
  fc.uniqueArray(fc.integer({ min: 0, max }), { minLength: 1, maxLength: count });

interface Wall {
  day: string;
  hour: number;
  minute: number;
}

/** What clocks on walls show. */
function wallOf(timeZone: string): (atMs: number) => Wall {
  const two = '2-digit';
  const parts = { year: 'numeric', month: two, day: two, hour: two, minute: two } as const;
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, hourCycle: 'h23', ...parts });
  return (atMs) => {
    const found = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
    const of = (type: Intl.DateTimeFormatPartTypes) => found.get(type) ?? '';
    const date = `${of('year')}-${of('month')}-${of('day')}`;
    return { day: date, hour: Number(of('hour')), minute: Number(of('minute')) };
  };
}

function minutesOf(fromMs: number, untilMs: number, fits: (atMs: number) => boolean): number[] {
  const found: number[] = [];
  for (let atMs = fromMs; atMs <= untilMs; atMs += MINUTE) if (fits(atMs)) found.push(atMs);
  return found;
}

/** What a hub does that looks at these moments only. */
function follow(times: Times, fromMs: number, looks: readonly number[]): Verdict[] {
  const verdicts: Verdict[] = [];
  let dueMs = nextTimeMs(times, fromMs);
  for (const nowMs of looks) {
    if (dueMs === null || dueMs > nowMs) continue;
    const rules = { overlap: 'skip', missedRule: 'one', openTaskId: null } as const;
    verdicts.push(decideDue({ ...times, ...rules, dueMs, nowMs }));
    dueMs = nextTimeMs(times, nowMs);
  }
  return verdicts;
}

const counted = (verdicts: readonly Verdict[]): number =>
  verdicts.reduce((sum, { do: what, missed }) => sum + missed + (what === 'miss' ? 0 : 1), 0);

test('by the clock on the wall, no time is lost and none is counted twice', () => {
  fc.assert(
    fc.property(
      place,
      list(59, 3),
      fc.array(fc.integer({ min: 1, max: 5 * HOUR }), { minLength: 1, maxLength: 30 }),
      ({ timeZone, on }, minutes, steps) => {
        const times = { cron: `${minutes.join(',')} * * * *`, timeZone };
        const fromMs = Date.parse(`${on}T00:00Z`) - 6 * HOUR;
        const looks = steps.map((_, at) =>
          steps.slice(0, at + 1).reduce((sum, step) => sum + step, fromMs),
        );
        const untilMs = looks.at(-1) ?? fromMs;
        const wall = wallOf(timeZone);
        const wanted = new Set(minutes);
        const all = minutesOf(fromMs + MINUTE, untilMs, (at) => wanted.has(wall(at).minute));
        const verdicts = follow(times, fromMs, looks);
        expect(counted(verdicts)).toBe(all.length);
        const stepless = follow(times, fromMs, all);
        expect(stepless).toEqual(all.map(() => ({ do: 'run', missed: 0 })));
      },
    ),
    { numRuns: 150 },
  );
});

test('a fixed time runs once on each day, whatever clocks do on it', () => {
  fc.assert(
    fc.property(
      place,
      fc.integer({ min: 0, max: 23 }),
      fc.integer({ min: 0, max: 59 }),
      ({ timeZone, on }, hour, minute) => {
        const times = { cron: `${minute} ${hour} * * *`, timeZone };
        const fromMs = Date.parse(`${on}T00:00Z`) - 3 * DAY;
        const wall = wallOf(timeZone);
        const days: string[] = [];
        let atMs = nextTimeMs(times, fromMs) ?? 0;
        for (let count = 0; count < 7; count++) {
          days.push(wall(atMs).day);
          const shown = wall(atMs);
          const isWanted = shown.hour === hour && shown.minute === minute;
          // In a gap it is the first minute behind it, before which clocks showed less.
          const before = wall(atMs - MINUTE);
          const isAfterGap = before.hour * 60 + before.minute < hour * 60 + minute;
          expect(isWanted || isAfterGap, `${days.at(-1)} ${shown.hour}:${shown.minute}`).toBe(true);
          atMs = nextTimeMs(times, atMs) ?? 0;
        }
        const [first = ''] = days;
        const asked = days.map((_, at) =>
          new Date(Date.parse(first) + at * DAY).toISOString().slice(0, 10),
        );
        expect(days).toEqual(asked);
      },
    ),
    { numRuns: 300 },
  );
});

test('from wherever it is reckoned, the next time is the same', () => {
  const field = (max: number) =>
    fc.oneof(fc.constant('*'), list(max, 3).map(String), fc.constant('*/7'));
  const dayField = fc.constantFrom('*', '1', '15', '28,29', 'L', '*/10');
  fc.assert(
    fc.property(
      place,
      fc.tuple(field(59), field(23), dayField),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      ({ timeZone, on }, fields, share) => {
        const times = { cron: `${fields.join(' ')} * *`, timeZone };
        const fromMs = Date.parse(`${on}T01:00Z`) - DAY;
        for (let count = 0, atMs = fromMs; count < 5; count++) {
          const nextMs = nextTimeMs(times, atMs) ?? 0;
          expect(nextMs).toBeGreaterThan(atMs);
          const betweenMs = Math.floor(atMs + (nextMs - 1 - atMs) * share);
          expect(nextTimeMs(times, betweenMs)).toBe(nextMs);
          expect(nextTimeMs(times, nextMs - 1)).toBe(nextMs);
          atMs = nextMs;
        }
      },
    ),
    { numRuns: 200 },
  );
});
