/** A task that has used more than it may does not go back to the queue. */
import { overBudget } from '../budget/index.ts';
import type { Move, MoveDetails } from './move.ts';
import type { TaskRow } from './queries.ts';

/** What would wait for another attempt has failed instead, and says both. */
export function withinBudget(row: TaskRow, move: Move & MoveDetails): Move & MoveDetails {
  const over = move.to === 'queued' || move.to === 'blocked' ? overBudget(row) : null;
  if (over === null) return move;
  const { reason = null } = move;
  return {
    ...move,
    to: 'failed',
    reason: reason === null ? over : `${over}; ${reason}`,
    fields: { ...move.fields, next_check_ms: null },
  };
}
