/** What becomes of a time that has come, as a table. */
import { expect, test } from 'vitest';
import { limits } from '../../contract/index.ts';
import { decideDue, type Due, type Verdict } from './lifecycle.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const dueMs = Date.parse('2026-03-02T12:00:00Z');
const open = 'tsk_1';

const hourly: Due = {
  cron: '0 * * * *',
  timeZone: 'UTC',
  overlap: 'skip',
  missedRule: 'one',
  dueMs,
  nowMs: dueMs,
  openTaskId: null,
};
const run = (missed: number): Verdict => ({ do: 'run', missed });
const miss = (missed: number): Verdict => ({ do: 'miss', missed });
const skip = (missed: number): Verdict => ({ do: 'skip', missed, openTaskId: open });

const none = { missedRule: 'none' } as const;
const allow = { overlap: 'allow' } as const;
const late = (byMs: number) => ({ nowMs: dueMs + byMs });

test.each<[string, Partial<Due>, Verdict]>([
  ['that has just come', {}, run(0)],
  ['while the task before is open', { openTaskId: open }, skip(0)],
  ['while it is open and may be', { openTaskId: open, ...allow }, run(0)],
  ['that is a minute old', late(MINUTE), run(0)],
  ['that is an hour less a tick old', late(HOUR - 1), run(0)],
  ['with the next one come too', late(HOUR), run(1)],
  ['that is a day old', late(24 * HOUR + 5 * MINUTE), run(24)],
  ['that is years old', late(10 * 365 * 24 * HOUR), run(limits.scheduleMissedCounted)],
  [
    'that is a day old, while the task before is open',
    { ...late(24 * HOUR), openTaskId: open },
    skip(24),
  ],
  ['that has just come, with nothing made up for', none, run(0)],
  ['that is as late as may be', { ...none, ...late(MINUTE) }, run(0)],
  ['that is later', { ...none, ...late(MINUTE + 1) }, miss(1)],
  ['that is a day old, the newest being too late', { ...none, ...late(25.5 * HOUR) }, miss(26)],
  ['that is a day old, the newest being in time', { ...none, ...late(24 * HOUR + 10) }, run(24)],
  ['that is missed, whatever is open', { ...none, ...late(2 * MINUTE), openTaskId: open }, miss(1)],
  ['that was in time, while the task before is open', { ...none, openTaskId: open }, skip(0)],
])('of a time %s comes what the table says', (...[, more, verdict]) => {
  expect(decideDue({ ...hourly, ...more })).toEqual(verdict);
});
