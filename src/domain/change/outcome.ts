/** What becomes of a task when its change has landed, or goes back. */
import type { Outcome } from '../../contract/index.ts';
import { nameKey } from '../../contract/index.ts';
import type { CommandContext } from '../event/index.ts';
import { decide, factsOf, matchTask, requireTask, setOutcome, settle } from '../task/index.ts';
import type { ChangeRow } from './queries.ts';

/** A task that asks for code is done when its commit is on the base branch, and not before. */
export async function landTask(context: CommandContext, change: ChangeRow): Promise<void> {
  const task = await requireTask(context, change.task_id);
  if (task.change_id !== change.id) return;
  const verdict = decide(factsOf(task), { type: 'land' });
  if (verdict.is !== 'move') return;
  const end = { attempt: change.attempt, outcome: 'done' as const, failure: null };
  await setOutcome(context.tx, task, end);
  const fields = { landed_commit: change.landed_commit };
  await settle(context, task, { ...verdict, fields });
}

export interface SentBack {
  outcome: Extract<Outcome, 'check_failed' | 'conflict'>;
  reason: string;
  log: string;
}

/** A new attempt, told what went wrong, by its author rather than by somebody else. */
export async function sendBack(
  context: CommandContext,
  change: ChangeRow,
  back: SentBack,
): Promise<void> {
  const task = await requireTask(context, change.task_id);
  if (task.change_id !== change.id) return;
  const type = back.outcome === 'conflict' ? 'conflict' : 'reject';
  const verdict = decide(factsOf(task), { type });
  if (verdict.is !== 'move') return;
  const failure = back.log === '' ? back.reason : `${back.reason}\n\n${back.log}`;
  await setOutcome(context.tx, task, { attempt: change.attempt, outcome: back.outcome, failure });
  const row = await settle(context, task, {
    ...verdict,
    reason: back.reason,
    failure,
    fields: { preferred_key: nameKey(change.author) },
  });
  await matchTask(context, row);
}
