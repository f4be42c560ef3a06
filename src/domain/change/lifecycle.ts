/**
 * May a change move? Pure: state and command in, a verdict out.
 *
 *   submitted ─► verifying ─► landing ─► landed
 *       ▲            │  └───► awaiting (a human) ─ approve ─► submitted
 *       └─ release, expire ◄──┘                └─ decline ─► rejected
 *
 * A verifier holds a change by its lease. `landing` is recorded before the push: whoever claims
 * such a change next reads the base branch first, because the push may have arrived.
 */
import type { ChangeState } from '../../contract/index.ts';

export interface ChangeFacts {
  state: ChangeState;
  lease: number | null;
  needsHuman: boolean;
  isApproved: boolean;
}

export type ChangeCommand =
  | { type: 'claim' }
  | { type: 'assess'; lease: number }
  | { type: 'pass'; lease: number }
  | { type: 'reject'; lease: number }
  | { type: 'conflict'; lease: number }
  | { type: 'release'; lease: number }
  | { type: 'land'; lease: number }
  | { type: 'expire' }
  | { type: 'approve' }
  | { type: 'decline' }
  | { type: 'drop' };

export type ChangeVerdict =
  | { is: 'move'; to: ChangeState }
  | { is: 'same' }
  | { is: 'stale' }
  | { is: 'refuse'; message: string };

const endedStates: readonly ChangeState[] = ['landed', 'rejected', 'conflicted', 'dropped'];

export function isEndedChange(state: ChangeState): boolean {
  return endedStates.includes(state);
}

export function decideChange(change: ChangeFacts, command: ChangeCommand): ChangeVerdict {
  if ('lease' in command) {
    return change.lease === command.lease ? decideReport(change, command) : { is: 'stale' };
  }
  const { state } = change;
  switch (command.type) {
    case 'claim':
      if (change.lease !== null) return refuse(change, 'claimed twice');
      if (state === 'landing') return to('landing');
      return state === 'submitted' ? to('verifying') : refuse(change, 'claimed');
    case 'expire':
      if (change.lease === null) return { is: 'same' };
      return to(state === 'landing' ? 'landing' : 'submitted');
    case 'approve':
      if (change.isApproved && !isEndedChange(state)) return { is: 'same' };
      return state === 'awaiting' ? to('submitted') : refuse(change, 'approved');
    case 'decline':
      return state === 'awaiting' ? to('rejected') : refuse(change, 'declined');
    case 'drop':
      if (isEndedChange(state)) return { is: 'same' };
      return state === 'landing' ? refuse(change, 'dropped') : to('dropped');
  }
}

type Report = Extract<ChangeCommand, { lease: number }>;

/** What the verifier that holds it says. */
function decideReport(change: ChangeFacts, report: Report): ChangeVerdict {
  const { state } = change;
  switch (report.type) {
    case 'assess':
      return state === 'verifying' ? { is: 'same' } : refuse(change, 'assessed');
    case 'pass':
      if (state !== 'verifying') return refuse(change, 'passed');
      return to(change.needsHuman && !change.isApproved ? 'awaiting' : 'landing');
    case 'reject':
      return state === 'verifying' ? to('rejected') : refuse(change, 'rejected');
    case 'conflict':
      return state === 'verifying' ? to('conflicted') : refuse(change, 'sent back');
    case 'release':
      return to('submitted');
    case 'land':
      return state === 'landing' ? to('landed') : refuse(change, 'landed');
  }
}

function to(state: ChangeState): ChangeVerdict {
  return { is: 'move', to: state };
}

function refuse(change: ChangeFacts, verb: string): ChangeVerdict {
  return { is: 'refuse', message: `a change that is ${change.state} cannot be ${verb}` };
}
