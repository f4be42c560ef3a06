/** The bucket of an actor: a burst is fine, a flood is told how long to wait. */
import { expect, test } from 'vitest';
import { SignalboxError } from '../contract/index.ts';
import { Rate } from './rate.ts';

/** Undefined where it may go on, else the time that it is told to wait. */
function waitOf(rate: Rate, actor: string, nowMs: number): number | undefined {
  try {
    rate.take(actor, nowMs);
    return undefined;
  } catch (error) {
    if (error instanceof SignalboxError && error.code === 'rate_limited') return error.retryAfterMs;
    throw error;
  }
}

test('a burst passes, what follows waits until its bucket has filled', () => {
  const rate = new Rate({ perSecond: 10, burst: 3 });
  const waits = [1, 2, 3, 4].map(() => waitOf(rate, 'ada', 1_000));
  expect(waits).toEqual([undefined, undefined, undefined, 100]);
  expect(waitOf(rate, 'ada', 1_050)).toBe(50);
  expect(waitOf(rate, 'ada', 1_100)).toBeUndefined();
  expect(waitOf(rate, 'ada', 1_100)).toBe(100);
});

test('a flood of one actor costs the others nothing', () => {
  const rate = new Rate({ perSecond: 1, burst: 1 });
  expect(waitOf(rate, 'ada', 0)).toBeUndefined();
  expect(waitOf(rate, 'ada', 0)).toBe(1_000);
  expect(waitOf(rate, 'bob', 0)).toBeUndefined();
});

test('a long rest saves up no more than one burst', () => {
  const rate = new Rate({ perSecond: 10, burst: 2 });
  waitOf(rate, 'ada', 0);
  const waits = [1, 2, 3].map(() => waitOf(rate, 'ada', 3_600_000));
  expect(waits).toEqual([undefined, undefined, 100]);
});
