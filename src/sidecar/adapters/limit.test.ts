import { expect, test } from 'vitest';
import { limitIn } from './limit.ts';

/** 2026-11-21, 11:10:30 in UTC. */
const NOW_MS = Date.UTC(2026, 10, 21, 11, 10, 30);
const at = (hour: number, minute: number, day = 21): number =>
  Date.UTC(2026, 10, day, hour, minute);

test.each([
  ['Claude AI usage limit reached|1795262400', 1_795_262_400_000],
  ["You've hit your limit · resets 1pm (Europe/Rome)", at(12, 0)],
  ["You've hit your session limit · resets 4:50am (Europe/Rome)", at(3, 50, 22)],
  ['You’ve hit your usage limit. Upgrade or try again at 12:10 PM (UTC).', at(12, 10)],
  ["You've hit your usage limit. Try again in 2 days 17 hours 14 minutes.", NOW_MS + 234_840_000],
  ['Rate limit reached. Please try again in 1.5s.', NOW_MS + 1_500],
  ['Your quota will reset after 18h31m10s.', NOW_MS + 66_670_000],
  ['429: retry after 30 seconds', NOW_MS + 30_000],
  ['{"type":"usage_limit_reached","resets_at":1777936568}', 1_777_936_568_000],
  ['API Error: 529 {"error":{"type":"overloaded_error"}}', null],
  ['You have exhausted your daily quota on this model.', null],
  ["This request would exceed your account's rate limit. Please try again later.", null],
  ['rate limit; resets at 25:99 (Nowhere/Else)', null],
])('is a limit, with the end that it names: %s', (text, untilMs) => {
  expect(limitIn(text, NOW_MS)).toEqual({ untilMs });
});

test.each([
  'API Error: 400 Bad thing.',
  'The file has 4290 lines.',
  'Authentication failed: run the login command again in 5 minutes.',
])('is no limit: %s', (text) => {
  expect(limitIn(text, NOW_MS)).toBeNull();
});
