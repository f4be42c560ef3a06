/** The life of a lock as a table: every state, every command. */
import { describe, expect, test } from 'vitest';
import { LockState } from '../../contract/index.ts';
import { decideLock, type LockCommand } from './lifecycle.ts';

const commands: readonly LockCommand[] = ['grant', 'release', 'expire', 'steal'];

//                    grant      release      expire     steal
const table: Record<LockState, readonly string[]> = {
  waiting: ['granted', 'withdrawn', 'expired', 'refuse'],
  granted: ['same', 'released', 'expired', 'stolen'],
  released: ['refuse', 'same', 'same', 'refuse'],
  expired: ['refuse', 'same', 'same', 'refuse'],
  stolen: ['refuse', 'same', 'same', 'refuse'],
  withdrawn: ['refuse', 'same', 'same', 'refuse'],
};

describe.each(LockState.options)('a lock that is %s', (state) => {
  test.each(commands.map((command, at) => [command, table[state][at]]))(
    '%s leads to %s',
    (command, to) => {
      const verdict = decideLock(state, command);
      expect(verdict.is === 'move' ? verdict.to : verdict.is).toBe(to);
    },
  );
});
