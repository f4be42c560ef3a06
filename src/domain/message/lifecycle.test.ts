/** The life of a delivery as a table: each state and each command. */
import { describe, expect, test } from 'vitest';
import { type DeliveryState, limits } from '../../contract/index.ts';
import { decideDelivery, type DeliveryCommand, type DeliveryFacts } from './lifecycle.ts';

const NOW_MS = 1_000_000;
const STATES: DeliveryState[] = ['pending', 'leased', 'acked', 'expired', 'dead'];
type Command = DeliveryCommand['type'];

function facts(state: DeliveryState, more: Partial<DeliveryFacts> = {}): DeliveryFacts {
  return {
    state,
    isSignal: true,
    handOuts: 1,
    failures: 0,
    availableAtMs: 0,
    leaseUntilMs: state === 'leased' ? NOW_MS + 1 : null,
    expiresAtMs: null,
    ...more,
  };
}

const decided = (row: DeliveryFacts, type: Command): string => {
  const verdict = decideDelivery(row, { type }, NOW_MS);
  if (verdict.is !== 'move') return verdict.is;
  return verdict.isFailure ? `${verdict.to}, failed` : verdict.to;
};

const TABLE: [Command, string[]][] = [
  ['lease', ['leased', 'refuse', 'refuse', 'refuse', 'refuse']],
  ['ack', ['acked', 'acked', 'same', 'same', 'same']],
  ['nack', ['refuse', 'pending, failed', 'refuse', 'refuse', 'refuse']],
  ['progress', ['refuse', 'leased', 'refuse', 'refuse', 'refuse']],
  ['term', ['dead', 'dead', 'refuse', 'refuse', 'same']],
  ['check', ['same', 'same', 'same', 'same', 'same']],
  ['redrive', ['refuse', 'refuse', 'refuse', 'refuse', 'pending']],
];

describe('each command in each state', () => {
  test.each(TABLE)('%s leads where the table says', (command, row) => {
    expect(STATES.map((state) => decided(facts(state), command))).toEqual(row);
  });
});

test('a refusal names the state', () => {
  const verdict = decideDelivery(facts('expired'), { type: 'nack' }, NOW_MS);
  expect(verdict).toEqual({
    is: 'refuse',
    message: 'a message that is expired cannot be given back',
  });
});

test('what is delayed is not handed out before its time', () => {
  expect(decided(facts('pending', { availableAtMs: NOW_MS + 1 }), 'lease')).toBe('refuse');
  expect(decided(facts('pending', { availableAtMs: NOW_MS }), 'lease')).toBe('leased');
});

test('a lease ends at its time, and not before', () => {
  expect(decided(facts('leased', { leaseUntilMs: NOW_MS + 1 }), 'check')).toBe('same');
  expect(decided(facts('leased', { leaseUntilMs: NOW_MS }), 'check')).toBe('pending, failed');
});

test('a time to live ends what waits and what is in hand, and nothing that has ended', () => {
  const over = STATES.map((state) => decided(facts(state, { expiresAtMs: NOW_MS }), 'check'));
  expect(over).toEqual(['expired', 'expired', 'same', 'same', 'same']);
  const later = STATES.map((state) => decided(facts(state, { expiresAtMs: NOW_MS + 1 }), 'check'));
  expect(later).toEqual(['same', 'same', 'same', 'same', 'same']);
});

describe('a signal that failed too often is dead, a plain message never', () => {
  const last = { failures: limits.messageFailuresMax - 1 };
  const often = { handOuts: limits.messageHandOutsMax };
  for (const [what, spent] of [
    ['failures', last],
    ['hand-outs', often],
  ] as const) {
    test(`${what} are counted up to their bound`, () => {
      const due = { leaseUntilMs: NOW_MS };
      expect(decided(facts('leased', spent), 'nack')).toBe('dead, failed');
      expect(decided(facts('leased', { ...spent, ...due }), 'check')).toBe('dead, failed');
      const plain = { ...spent, ...due, isSignal: false };
      expect(decided(facts('leased', plain), 'nack')).toBe('pending, failed');
      expect(decided(facts('leased', plain), 'check')).toBe('pending, failed');
    });
  }

  test('one failure and one hand-out less leave it alive', () => {
    const alive = {
      failures: limits.messageFailuresMax - 2,
      handOuts: limits.messageHandOutsMax - 1,
    };
    expect(decided(facts('leased', alive), 'nack')).toBe('pending, failed');
  });
});
