import { expect, test } from 'vitest';
import { manualClock } from '../core/clock.ts';
import { progressOf } from './workspace.ts';

test('a fetch is told of when it takes longer than a second, each step once', () => {
  const clock = manualClock();
  const told: unknown[] = [];
  const log = (event: unknown): void => void told.push(event);
  const progress = progressOf({ change: { id: 'chg_1' }, tools: { clock, log } });
  const phase = 'Receiving objects';
  clock.advance(999);
  progress({ phase, percent: 1 });
  expect(told).toEqual([]);
  clock.advance(1);
  progress({ phase, percent: 2 });
  progress({ phase, percent: 2 });
  progress({ phase, percent: 3 });
  expect(told).toMatchObject([{ percent: 2 }, { percent: 3 }]);
});
