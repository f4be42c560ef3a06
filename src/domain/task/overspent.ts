/** A task that has used more than it may is stopped. */
import { overBudget } from '../budget/index.ts';
import type { CommandContext } from '../event/index.ts';
import { settle } from './dependents.ts';
import { factsOf } from './facts.ts';
import { decide } from './lifecycle.ts';
import type { TaskRow } from './queries.ts';
import { matchFreed } from './schedule.ts';

/** Ends it where it is over its budget, whoever has it; undefined where it is not. */
export async function stopOverspent(
  context: CommandContext,
  row: TaskRow,
): Promise<TaskRow | undefined> {
  const over = overBudget(row);
  const verdict = decide(factsOf(row), { type: 'overspend' });
  if (over === null || verdict.is !== 'move') return undefined;
  const next = await settle(context, row, { ...verdict, reason: over, failure: over });
  if (row.agent_key !== null) await matchFreed(context, row.agent_key);
  return next;
}
