import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../../contract/index.ts';
import { rankMs } from './assign.ts';
import { byTurn, type Head, levelOf, turnOf } from './turns.ts';

const step = limits.agingStepMs;

test('a task stands in its lane, and one lane higher for each step that it has waited', () => {
  const queued = 1_000_000_000;
  const at = (lane: 'urgent' | 'high' | 'normal' | 'low', waitedMs: number): number =>
    levelOf(rankMs(lane, queued), queued + waitedMs);
  expect([at('urgent', 0), at('high', 0), at('normal', 0), at('low', 0)]).toEqual([0, 1, 2, 3]);
  expect([at('low', step - 1), at('low', step), at('low', 3 * step)]).toEqual([3, 2, 0]);
  expect(at('urgent', 9 * step)).toBe(0);
});

interface Submitter {
  weight: number;
  taken: number;
  pass: number;
}

/** Hands out for a while among submitters that all have tasks waiting. */
function play(submitters: Submitter[], turns: number, reached: number): number {
  let place = reached;
  for (let turn = 0; turn < turns; turn++) {
    const heads = submitters.map(({ pass, weight }, index): Head => ({
      submitter_key: `submitter ${index}`,
      rank_ms: index - 1_000,
      pass,
      weight,
      reached: place,
    }));
    const [next] = heads.toSorted(byTurn(0));
    if (next === undefined) throw new Error('nobody waits');
    const taken = turnOf(next);
    const submitter = submitters[heads.indexOf(next)];
    if (submitter === undefined) throw new Error('nobody waits');
    submitter.pass = taken.pass;
    submitter.taken += 1;
    place = taken.reached;
  }
  return place;
}

test('whoever waits has had its share after every turn, give or take a turn of each', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 200 }), (given, turns) => {
      const submitters = given.map((weight) => ({ weight, taken: 0, pass: 0 }));
      play(submitters, turns, 0);
      const all = given.reduce((sum, weight) => sum + weight, 0);
      for (const { weight, taken } of submitters) {
        expect(Math.abs(taken - (turns * weight) / all)).toBeLessThanOrEqual(given.length);
      }
    }),
  );
});

test('who was away for long saves no turns up, and loses none', () => {
  const ada = { weight: 1, taken: 0, pass: 0 };
  const bob = { weight: 1, taken: 0, pass: 0 };
  const reached = play([ada], 1_000, 0);
  play([ada, bob], 20, reached);
  expect([ada.taken - 1_000, bob.taken]).toEqual([10, 10]);
});
