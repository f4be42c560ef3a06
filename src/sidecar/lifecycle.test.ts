import { expect, test } from 'vitest';
import { endings, happenings, move, nextStep, stages, verdict, type Stage } from './lifecycle.ts';

/** Every move there is; whatever is not here says nothing new. */
const moves = `
  accepted  prepared    prepared
  accepted  ended       exited
  accepted  restarted   exited
  prepared  started     running
  prepared  ended       exited
  prepared  restarted   exited
  running   ended       exited
  running   restarted   exited
  exited    committed   committed
  committed pushed      pushed
  committed push_failed kept
  pushed    reported    reported
  kept      reported    parked
  parked    pushed      reported
  reported  cleaned     gone
`;

test('every stage and every happening lead where the table says, and nowhere else', () => {
  const table = new Map(
    moves
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .map(([from, happening, to]) => [`${from} ${happening}`, to]),
  );
  for (const stage of stages) {
    for (const happening of happenings) {
      const expected = table.get(`${stage} ${happening}`) ?? null;
      expect.soft(move(stage, happening), `${stage} ${happening}`).toBe(expected);
    }
  }
});

test('from every stage the steps, done one after the other, lead to the end', () => {
  const done = {
    prepare: 'prepared',
    run: 'ended',
    commit: 'committed',
    push: 'pushed',
    report: 'reported',
    clean: 'cleaned',
  } as const;
  for (const from of stages) {
    let at: Stage | 'gone' = from;
    for (let count = 0; at !== 'gone'; count++) {
      expect(count, `${from} is still at ${at}`).toBeLessThan(stages.length);
      const to: Stage | 'gone' | null = move(at, done[nextStep(at)]);
      expect(to, `${done[nextStep(at)]} at ${at}`).not.toBeNull();
      at = to ?? 'gone';
    }
  }
});

test('a restart ends what cannot be finished without its command, and nothing else', () => {
  const ended = stages.filter((stage) => move(stage, 'restarted') === 'exited');
  expect(ended).toEqual(['accepted', 'prepared', 'running']);
});

/** hasRepository, work, isPushed, hasAnswer → what is said when the command succeeded. */
test.each([
  [false, 'none', true, true, 'complete'],
  [false, 'none', true, false, 'no_change'],
  [true, 'none', true, true, 'no_change'],
  [true, 'change', true, true, 'complete'],
  [true, 'change', true, false, 'complete'],
  [true, 'change', false, true, 'fail'],
  [true, 'broken', true, true, 'fail'],
  [true, 'broken', false, true, 'fail'],
] as const)('success with repository %s, work %s, pushed %s, answer %s is told as %s', (...row) => {
  const [hasRepository, work, isPushed, hasAnswer, expected] = row;
  const facts = { hasRepository, work, isPushed, hasAnswer };
  expect(verdict({ ending: 'succeeded', ...facts })).toBe(expected);
});

test('any other ending is told alike, whatever it left behind', () => {
  const expected = {
    failed: 'fail',
    timed_out: 'fail',
    unprepared: 'fail',
    unfit: 'decline',
    stopped: 'decline',
    interrupted: 'decline',
    cancelled: 'silent',
    fenced: 'silent',
    limited: 'decline',
    over_budget: 'decline',
  };
  for (const ending of endings) {
    if (ending === 'succeeded') continue;
    for (const work of ['none', 'change', 'broken'] as const) {
      for (const isPushed of [true, false]) {
        const facts = { ending, work, isPushed, hasRepository: true, hasAnswer: true };
        expect(verdict(facts)).toBe(expected[ending]);
      }
    }
  }
});
