/** Backoff, ids, clocks, chance and the bound on nesting. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TaskId } from '../contract/index.ts';
import { backoffMs } from './backoff.ts';
import { manualClock, systemClock } from './clock.ts';
import { newId, newSecret } from './ids.ts';
import { parseBounded } from './json.ts';
import { seededRandom, systemRandom } from './random.ts';

test('a backoff doubles up to its most, and chance takes at most half of it away', () => {
  const backoff = { firstMs: 1_000, mostMs: 60_000 };
  const ceilings = [1, 2, 3, 7, 1_000].map((retry) => backoffMs(backoff, retry, 1));
  expect(ceilings).toEqual([1_000, 2_000, 4_000, 60_000, 60_000]);
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (retry, chance) => {
        const ceiling = backoffMs(backoff, retry, 1);
        const waitMs = backoffMs(backoff, retry, chance);
        expect(waitMs).toBeGreaterThanOrEqual(ceiling / 2);
        expect(waitMs).toBeLessThanOrEqual(ceiling);
      },
    ),
  );
});

test('ids sort by the time they were made, and are what the contract says', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 2 ** 44 }),
      fc.integer({ min: 1, max: 2 ** 40 }),
      fc.integer(),
      (atMs, laterMs, seed) => {
        const random = seededRandom(seed);
        const first = newId('tsk', atMs, random);
        expect(TaskId.safeParse(first).success).toBe(true);
        expect(newId('tsk', atMs + laterMs, random) > first).toBe(true);
      },
    ),
  );
});

test('ids and secrets of one moment differ', () => {
  const random = systemRandom();
  const ids = Array.from({ length: 1_000 }, () => newId('tsk', 1, random));
  expect(new Set(ids).size).toBe(1_000);
  const secret = newSecret('sbx', random);
  expect(secret).toMatch(/^sbx_[A-Za-z0-9_-]{43}$/);
  expect(newSecret('sbx', random)).not.toBe(secret);
});

test('the same seed gives the same chance', () => {
  const [one, two] = [seededRandom(7), seededRandom(7)];
  expect(one.bytes(8)).toEqual(two.bytes(8));
  expect(one.fraction()).toBe(two.fraction());
  expect(one.fraction()).not.toBe(seededRandom(8).fraction());
});

function nested(depth: number): string {
  return '[{"a":'.repeat(depth / 2) + '1' + '}]'.repeat(depth / 2);
}

test('JSON may nest up to its bound and no deeper', () => {
  expect(parseBounded(nested(64), 64)).toBeDefined();
  expect(parseBounded(nested(66), 64)).toBeUndefined();
  expect(parseBounded('['.repeat(10_000), 64)).toBeUndefined();
  expect(parseBounded('{"a":'.repeat(1_000_000), 64)).toBeUndefined();
});

test('brackets in strings are not nesting', () => {
  const text = JSON.stringify({ text: `${'['.repeat(500)}"\\"${'{'.repeat(500)}` });
  expect(parseBounded(text, 2)).toEqual({ value: JSON.parse(text) });
});

test('what is bounded is read as JSON.parse reads it', () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 5 }), (value) => {
      const text = JSON.stringify(value);
      expect(parseBounded(text, 64)).toEqual({ value: JSON.parse(text) });
    }),
  );
  expect(() => parseBounded('{', 64)).toThrow(SyntaxError);
});

test('a manual clock calls what falls due in order, also what is set while it moves', () => {
  const clock = manualClock(0);
  const called: string[] = [];
  clock.after(20, () => called.push(`b ${clock.nowMs()}`));
  clock.after(10, () => {
    called.push(`a ${clock.nowMs()}`);
    clock.after(5, () => called.push(`c ${clock.nowMs()}`));
  });
  const cancel = clock.after(12, () => called.push('never'));
  cancel();
  clock.advance(25);
  expect(called).toEqual(['a 10', 'c 15', 'b 20']);
  expect(clock.nowMs()).toBe(25);
});

test('the clock of the system does not go back, and a sleep ends when it is told to', async () => {
  const clock = systemClock();
  const before = clock.nowMs();
  const stop = new AbortController();
  const sleeping = clock.sleep(60_000, stop.signal);
  stop.abort();
  await sleeping;
  await clock.sleep(60_000, stop.signal);
  expect(clock.nowMs()).toBeGreaterThanOrEqual(before);
  expect(clock.nowMs() - before).toBeLessThan(10_000);
});
