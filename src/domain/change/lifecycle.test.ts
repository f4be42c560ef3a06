/** Every command in every state of a change, as a table. */
import { expect, test } from 'vitest';
import { ChangeState } from '../../contract/index.ts';
import {
  type ChangeCommand,
  type ChangeFacts,
  type ChangeVerdict,
  decideChange,
  isEndedChange,
} from './lifecycle.ts';

const LEASE = 5;
const held: readonly ChangeState[] = ['verifying', 'landing'];

/** A change under tier 0, with a lease where it is held. */
function facts(state: ChangeState, changed: Partial<ChangeFacts> = {}): ChangeFacts {
  const lease = held.includes(state) ? LEASE : null;
  return { state, lease, needsHuman: false, isApproved: false, ...changed };
}

const commands: Record<string, ChangeCommand> = {
  claim: { type: 'claim' },
  assess: { type: 'assess', lease: LEASE },
  pass: { type: 'pass', lease: LEASE },
  reject: { type: 'reject', lease: LEASE },
  conflict: { type: 'conflict', lease: LEASE },
  release: { type: 'release', lease: LEASE },
  land: { type: 'land', lease: LEASE },
  expire: { type: 'expire' },
  approve: { type: 'approve' },
  decline: { type: 'decline' },
  drop: { type: 'drop' },
};

/** `-` is refused, `=` is so already, `stale` has no lease on it, a state is where it goes. */
const TABLE = `
          submitted verifying  awaiting  landing   landed  rejected conflicted dropped
claim     verifying -          -         -         -       -        -          -
assess    stale     =          stale     -         stale   stale    stale      stale
pass      stale     landing    stale     -         stale   stale    stale      stale
reject    stale     rejected   stale     -         stale   stale    stale      stale
conflict  stale     conflicted stale     -         stale   stale    stale      stale
release   stale     submitted  stale     submitted stale   stale    stale      stale
land      stale     -          stale     landed    stale   stale    stale      stale
expire    =         submitted  =         landing   =       =        =          =
approve   -         -          submitted -         -       -        -          -
decline   -         -          rejected  -         -       -        -          -
drop      dropped   dropped    dropped   -         =       =        =          =
`;

const [head = '', ...lines] = TABLE.trim().split('\n');
const rows = lines.map((line) => line.split(/ +/));

test('the table has every state and every command', () => {
  expect(head.trim().split(/ +/)).toEqual(ChangeState.options);
  expect(rows.map(([name]) => name)).toEqual(Object.keys(commands));
});

for (const [name = '', ...cells] of rows) {
  test(`in each state, ${name} does what the table says`, () => {
    const command = commands[name];
    if (command === undefined) throw new Error(`no command ${name}`);
    const verdicts = ChangeState.options.map((state) =>
      inShort(decideChange(facts(state), command)),
    );
    expect(verdicts).toEqual(cells);
  });
}

function inShort(verdict: ChangeVerdict): string {
  switch (verdict.is) {
    case 'move':
      return verdict.to;
    case 'same':
      return '=';
    case 'stale':
      return 'stale';
    case 'refuse':
      return '-';
  }
}

test('another lease is stale in every state', () => {
  for (const state of ChangeState.options) {
    for (const command of Object.values(commands)) {
      if (!('lease' in command)) continue;
      expect(decideChange(facts(state), { ...command, lease: 4 })).toEqual({ is: 'stale' });
    }
  }
});

test('tier 4 waits for a human once, and lands when it has been approved', () => {
  const pass: ChangeCommand = { type: 'pass', lease: LEASE };
  const manual = { needsHuman: true };
  expect(inShort(decideChange(facts('verifying', manual), pass))).toBe('awaiting');
  const approved = { needsHuman: true, isApproved: true };
  expect(inShort(decideChange(facts('verifying', approved), pass))).toBe('landing');
  expect(inShort(decideChange(facts('submitted', approved), { type: 'approve' }))).toBe('=');
  expect(inShort(decideChange(facts('landed', approved), { type: 'approve' }))).toBe('-');
});

test('a landing whose verifier died can be claimed, to be confirmed', () => {
  expect(inShort(decideChange(facts('landing', { lease: null }), { type: 'claim' }))).toBe(
    'landing',
  );
});

test('four states are the end', () => {
  expect(ChangeState.options.filter(isEndedChange)).toEqual([
    'landed',
    'rejected',
    'conflicted',
    'dropped',
  ]);
});
