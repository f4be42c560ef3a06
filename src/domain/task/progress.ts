/** How an attempt goes on, in the words of its agent. */
import { limits, type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import { keepLongLease } from '../agent/index.ts';
import { type CommandContext, record } from '../event/index.ts';
import { carryOut, hear } from './report-verdict.ts';
import { stopOverspent } from './overspent.ts';
import type { TaskRow } from './queries.ts';
import { toProgress } from './view.ts';
import { countUse } from './use.ts';
import { saveProgress } from './write-queries.ts';

export async function progress(
  context: CommandContext,
  input: Parsed<'task.progress'>,
): Promise<Output<'task.progress'> | SignalboxError> {
  await countUse(context, input);
  const heard = await hear(context, input.taskId, { type: 'progress', fence: input.fence });
  if (heard instanceof SignalboxError) return heard;
  const row = await carryOut(context, heard);
  const next: TaskRow = {
    ...row,
    note: input.note ?? row.note,
    blocked_by: input.blockedBy === undefined ? row.blocked_by : input.blockedBy,
    progressed_at_ms: context.nowMs,
  };
  await saveProgress(context.tx, next);
  await keepHold(context);
  const isNews = next.note !== row.note || next.blocked_by !== row.blocked_by;
  if (isNews) await tell(context, next);
  if (input.use === undefined) return { ...toProgress(row), stop: null };
  const stopped = await stopOverspent(context, next);
  return { ...toProgress(stopped ?? row), stop: stopped?.reason ?? null };
}

/** An agent without a process beside it has no other way to say that it is still there. */
async function keepHold({ tx, actor, nowMs }: CommandContext): Promise<void> {
  const { project, key } = actor;
  const leaseUntilMs = nowMs + limits.pullLeaseMs;
  const shortMs = limits.agentLeaseMs;
  await keepLongLease(tx, { project, key, nowMs, leaseUntilMs, shortMs });
}

async function tell(context: CommandContext, row: TaskRow): Promise<void> {
  const { agent, note, blocked_by: blockedBy } = row;
  await record(context, {
    type: 'task.progressed',
    subject: row.id,
    data: {
      attempt: row.attempt,
      ...(agent !== null && { agent }),
      ...(note !== null && { note }),
      ...(blockedBy !== null && { reason: blockedBy }),
    },
  });
}
