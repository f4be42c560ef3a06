import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limits } from '../../contract/index.ts';
import { rankMs } from './assign.ts';
import { levelOf, risesAtMs, turnOf } from './turns.ts';

const step = limits.agingStepMs;

test('a task stands in its lane, and one lane higher for each step that it has waited', () => {
  const queued = 1_000_000_000;
  const at = (lane: 'urgent' | 'high' | 'normal' | 'low', waitedMs: number): number =>
    levelOf(rankMs(lane, queued), queued + waitedMs);
  expect([at('urgent', 0), at('high', 0), at('normal', 0), at('low', 0)]).toEqual([0, 1, 2, 3]);
  expect([at('low', step - 1), at('low', step), at('low', 3 * step)]).toEqual([3, 2, 0]);
  expect(at('urgent', 9 * step)).toBe(0);
  expect(risesAtMs(rankMs('low', queued), 3)).toBe(queued + step);
  expect(risesAtMs(rankMs('low', queued), 1)).toBe(queued + 3 * step);
  expect(risesAtMs(rankMs('low', queued), 0)).toBeNull();
});

interface Submitter {
  weight: number;
  taken: number;
  /** The turns of what it has in line. */
  turns: number[];
  pass: number;
}

function submitter(weight: number): Submitter {
  return { weight, taken: 0, turns: [], pass: 0 };
}

function submit(to: Submitter, tasks: number, reached: number): void {
  for (let task = 0; task < tasks; task++) {
    const { turn, pass } = turnOf({ pass: to.pass, reached, weight: to.weight });
    to.turns.push(turn);
    to.pass = pass;
  }
}

/** Hands out for a while; returns the place up to which turns were given. */
function play(submitters: readonly Submitter[], handOuts: number, reached: number): number {
  let place = reached;
  for (let handOut = 0; handOut < handOuts; handOut++) {
    const waiting = submitters.filter(({ turns }) => turns.length > 0);
    const next = waiting.toSorted((a, b) => (a.turns[0] ?? 0) - (b.turns[0] ?? 0))[0];
    if (next === undefined) throw new Error('nobody waits');
    place = next.turns.shift() ?? place;
    next.taken += 1;
  }
  return place;
}

test('whoever waits has had its share after every hand-out, give or take one of each', () => {
  const weights = fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 2, maxLength: 6 });
  fc.assert(
    fc.property(weights, fc.integer({ min: 1, max: 200 }), (given, handOuts) => {
      const submitters = given.map((weight) => submitter(weight));
      for (const each of submitters) submit(each, handOuts, 0);
      play(submitters, handOuts, 0);
      const all = given.reduce((sum, weight) => sum + weight, 0);
      for (const { weight, taken } of submitters) {
        expect(Math.abs(taken - (handOuts * weight) / all)).toBeLessThanOrEqual(given.length);
      }
    }),
  );
});

test('who was away for long saves no turns up, and loses none', () => {
  const [ada, bob] = [submitter(1), submitter(1)];
  submit(ada, 2_000, 0);
  const reached = play([ada], 1_000, 0);
  submit(bob, 100, reached);
  play([ada, bob], 20, reached);
  expect([ada.taken - 1_000, bob.taken]).toEqual([10, 10]);
});

test('who comes to an empty line begins where the others have come to', () => {
  const [ada, bob] = [submitter(1), submitter(1)];
  submit(ada, 1_000, 0);
  const reached = play([ada], 1_000, 0);
  submit(bob, 20, reached);
  submit(ada, 20, reached);
  play([ada, bob], 20, reached);
  expect(Math.abs(ada.taken - 1_000 - bob.taken)).toBeLessThanOrEqual(2);
});
