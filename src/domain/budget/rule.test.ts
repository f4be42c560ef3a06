/** What is over, what is spent, and which window it is. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dollars, spendingInWords } from '../../contract/money.ts';
import { BudgetWindow, Use } from '../../contract/index.ts';
import { fullPercent, leftOf, mergeUse, overBudget, tokensOf, usedUp } from './rule.ts';
import { EVER, spanOf } from './window.ts';

const free = { tokens_max: null, cost_micros_max: null };
const task = { ...free, tokens_used: 10, cost_micros_used: 2_500_000 };

test('a task is over its budget when it has used more than that', () => {
  expect(overBudget(task)).toBeNull();
  expect(overBudget({ ...task, tokens_max: 10 })).toBeNull();
  expect(overBudget({ ...task, tokens_max: 9 })).toBe('over its budget: 10 tokens used of 9');
  expect(overBudget({ ...task, cost_micros_max: 2_500_000 })).toBeNull();
  expect(overBudget({ ...task, cost_micros_max: 2_400_000 })).toBe(
    'over its budget: $2.50 used of $2.40',
  );
});

test('a budget is spent when nothing is left of it', () => {
  const used = { tokens: 10, costMicros: 5 };
  expect(usedUp(free, used)).toBeNull();
  expect(usedUp({ ...free, tokens_max: 11 }, used)).toBeNull();
  expect(usedUp({ ...free, tokens_max: 10 }, used)).toBe('10 tokens used of 10');
  expect(usedUp({ ...free, tokens_max: 0 }, { tokens: 0, costMicros: 0 })).not.toBeNull();
  expect(usedUp({ ...free, cost_micros_max: 5 }, used)).toBe('$0.0000 used of $0.0000');
  expect(leftOf({ tokens_max: 4, cost_micros_max: null }, used)).toEqual({
    tokens: 0,
    costMicros: null,
  });
});

test('tokens that came from a cache are left out', () => {
  const use = Use.parse({ inputTokens: 100, cachedInputTokens: 90, outputTokens: 7 });
  expect(tokensOf(use)).toBe(17);
  expect(tokensOf({ ...use, cachedInputTokens: 200 })).toBe(7);
});

test('a total that comes late or begins anew takes nothing back', () => {
  const whole = Use.parse({ model: 'm', inputTokens: 9, outputTokens: 4, costMicros: 3 });
  const late = Use.parse({ inputTokens: 2, outputTokens: 5 });
  const merged = { ...whole, outputTokens: 5 };
  expect(mergeUse(whole, late)).toEqual(merged);
  expect(mergeUse(late, whole)).toEqual(merged);
  expect(mergeUse(null, late)).toEqual(late);
});

test('how full a context is counts where both figures are known', () => {
  const use = Use.parse({ inputTokens: 0, outputTokens: 0, contextTokens: 899 });
  expect(fullPercent(use)).toBeUndefined();
  expect(fullPercent({ ...use, contextTokensMax: 1_000 })).toBe(89);
  expect(fullPercent({ ...use, contextTokensMax: 10 })).toBe(100);
});

test('windows begin with the hour, the day and the Monday of UTC', () => {
  const nowMs = Date.parse('2026-11-21T14:03:09Z');
  const spans = BudgetWindow.options.map((window) => spanOf(window, nowMs));
  const times = ['2026-11-21T14:00Z', '2026-11-21T00:00Z', '2026-11-16T00:00Z'];
  expect(spans.map(({ fromMs }) => fromMs)).toEqual([EVER, ...times.map((at) => Date.parse(at))]);
  expect(spans.map(({ toMs }) => toMs)).toEqual([
    null,
    ...['2026-11-21T15:00Z', '2026-11-22T00:00Z', '2026-11-23T00:00Z'].map((at) => Date.parse(at)),
  ]);
});

test('every moment is in its window, and the next begins where that ends', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 4_000_000_000_000 }),
      fc.constantFrom('hour', 'day', 'week'),
      (nowMs, window) => {
        const { fromMs, toMs } = spanOf(window, nowMs);
        expect(fromMs).toBeLessThanOrEqual(nowMs);
        expect(toMs).toBeGreaterThan(nowMs);
        expect(spanOf(window, toMs ?? 0).fromMs).toBe(toMs);
        expect(spanOf(window, fromMs)).toEqual({ fromMs, toMs });
      },
    ),
  );
});

test('money and tokens read as people say them', () => {
  expect(dollars(2_500_000)).toBe('$2.50');
  expect(dollars(3_100)).toBe('$0.0031');
  expect(dollars(0)).toBe('$0.00');
  expect(spendingInWords({ tokens: 12_400, costMicros: 310_000 })).toBe('12,400 tokens, $0.31');
  expect(spendingInWords({ tokens: 1, costMicros: 0 })).toBe('1 token');
  expect(spendingInWords({ tokens: 0, costMicros: 0 })).toBeUndefined();
});
