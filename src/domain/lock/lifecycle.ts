/**
 * Whether a lock may move, pure.
 *
 *     waiting ─► granted ─► released · expired · stolen
 *        └► withdrawn · expired
 *
 * What has ended stays as it ended: to end it again changes nothing.
 */
import type { LockState } from '../../contract/index.ts';

export type LockCommand = 'grant' | 'release' | 'expire' | 'steal';

export type LockVerdict = { is: 'move'; to: LockState } | { is: 'same' } | { is: 'refuse' };

const moves: Record<'waiting' | 'granted', Partial<Record<LockCommand, LockState>>> = {
  waiting: { grant: 'granted', release: 'withdrawn', expire: 'expired' },
  granted: { release: 'released', expire: 'expired', steal: 'stolen' },
};

export function decideLock(state: LockState, command: LockCommand): LockVerdict {
  if (state !== 'waiting' && state !== 'granted') {
    return command === 'grant' || command === 'steal' ? { is: 'refuse' } : { is: 'same' };
  }
  const to = moves[state][command];
  if (to !== undefined) return { is: 'move', to };
  return command === 'grant' ? { is: 'same' } : { is: 'refuse' };
}
