/** An agent puts a task off: for a time, or until its children have ended. Nothing is burnt. */
import { type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import { lockProject } from '../agent/index.ts';
import type { CommandContext } from '../event/index.ts';
import { countUnmet } from './dependents.ts';
import { requireTask } from './facts.ts';
import { carryOut, hear } from './report-verdict.ts';
import { matchFreed, matchTask } from './schedule.ts';
import { countUse } from './use.ts';
import { toProgress } from './view.ts';

export async function snooze(
  context: CommandContext,
  input: Parsed<'task.snooze'>,
): Promise<Output<'task.snooze'> | SignalboxError> {
  const { fence, forMs, untilChildrenEnd, reason, log } = input;
  if ((forMs === undefined) === (untilChildrenEnd === undefined)) {
    throw new SignalboxError(
      'invalid_input',
      'it is snoozed for a time, or until its children end',
      {
        hint: 'Give forMs or untilChildrenEnd, and not both.',
      },
    );
  }
  const { tx, actor, nowMs } = context;
  await lockProject(tx, actor.project);
  await countUse(context, input);
  const row = await requireTask(context, input.taskId);
  const waiting = { ...row, waits_for_children: untilChildrenEnd === undefined ? 0 : 1 };
  const unmet = await countUnmet(context, waiting);
  const heard = await hear(context, row.id, { type: 'snooze', fence, unmet });
  if (heard instanceof SignalboxError) return heard;
  const next = await carryOut(context, heard, {
    reason,
    log,
    fields: {
      preferred_key: actor.key,
      attempts_max: row.attempts_max + 1,
      waits_for_children: unmet === 0 ? 0 : waiting.waits_for_children,
      available_at_ms: nowMs + (forMs ?? 0),
    },
  });
  await matchTask(context, next);
  await matchFreed(context, actor.key);
  return toProgress(next);
}
