/** What becomes of a delivery, and which events a webhook carries, as tables. */
import { expect, test } from 'vitest';
import { limits } from '../../contract/index.ts';
import { decideDelivery, mayCarry, type Outcome, reasonToPause } from './lifecycle.ts';

const MOST = limits.webhookRetryMostMs;
const failed: Outcome = { status: 500, reason: 'it answered 500', retryAfterMs: null };
const asking = (status: number, retryAfterMs: number): Outcome => ({
  ...failed,
  status,
  retryAfterMs,
});

test.each<[string, Outcome, number, object]>([
  ['an answer of 2xx', { status: 204, reason: null, retryAfterMs: null }, 1, { to: 'delivered' }],
  ['a first failure', failed, 1, { to: 'pending', waitMs: 5_000 }],
  ['a second one', failed, 2, { to: 'pending', waitMs: 30_000 }],
  ['a third one', failed, 3, { to: 'pending', waitMs: 180_000 }],
  ['a seventh one', failed, 7, { to: 'pending', waitMs: MOST }],
  ['the last one', failed, limits.webhookTriesMax, { to: 'dead', isGone: false }],
  ['no answer', { ...failed, status: null }, 1, { to: 'pending', waitMs: 5_000 }],
  ['410 Gone', { ...failed, status: 410 }, 1, { to: 'dead', isGone: true }],
  ['429 that asks for a minute', asking(429, 60_000), 1, { to: 'pending', waitMs: 60_000 }],
  ['503 that asks for less than the backoff', asking(503, 1), 2, { to: 'pending', waitMs: 30_000 }],
  ['503 that asks for a year', asking(503, 3e10), 1, { to: 'pending', waitMs: MOST }],
  ['500 that asks for a minute', asking(500, 60_000), 1, { to: 'pending', waitMs: 5_000 }],
])('after %s comes what the table says', (...[, outcome, attempts, verdict]) => {
  expect(decideDelivery(outcome, attempts, 1)).toEqual(verdict);
});

test('chance takes at most half of a wait away', () => {
  expect(decideDelivery(failed, 1, 0)).toEqual({ to: 'pending', waitMs: 2_500 });
});

test('the tries of a delivery are spread over hours', () => {
  let sumMs = 0;
  for (let attempts = 1; attempts < limits.webhookTriesMax; attempts++) {
    const verdict = decideDelivery(failed, attempts, 0);
    sumMs += verdict.to === 'pending' ? verdict.waitMs : 0;
  }
  expect(sumMs).toBeGreaterThan(6 * 60 * 60_000);
});

test('a receiver that is gone, or lets one after the other die, is left alone', () => {
  const dead = { to: 'dead', isGone: false } as const;
  const most = limits.webhookDeadInRowMax;
  expect(reasonToPause({ to: 'dead', isGone: true }, 1, 'x')).toContain('410 Gone');
  expect(reasonToPause(dead, most - 1, 'x')).toBeUndefined();
  expect(reasonToPause(dead, most, 'it hangs')).toContain('the last one: it hangs');
  expect(reasonToPause({ to: 'delivered' }, most, '')).toBeUndefined();
  expect(reasonToPause({ to: 'pending', waitMs: 1 }, most, '')).toBeUndefined();
});

test('a letter to an agent is carried for people only, and a webhook never tells of itself', () => {
  const dead = { type: 'webhook.dead', subject: 'whd_1', audience: null } as const;
  const letter = { ...dead, type: 'message.stored', data: {}, audience: 'ada' } as const;
  expect(mayCarry('whk_1', letter, { role: 'operator' })).toBe(true);
  expect(mayCarry('whk_1', letter, { role: 'agent' })).toBe(false);
  expect(mayCarry('whk_1', { ...letter, audience: null }, { role: 'agent' })).toBe(true);
  expect(mayCarry('whk_1', { ...dead, data: { webhookId: 'whk_1' } }, { role: 'admin' })).toBe(
    false,
  );
  expect(mayCarry('whk_2', { ...dead, data: { webhookId: 'whk_1' } }, { role: 'admin' })).toBe(
    true,
  );
  expect(mayCarry('whd_1', { ...dead, data: {} }, { role: 'admin' })).toBe(false);
});
