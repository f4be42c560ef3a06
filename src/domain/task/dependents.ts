/** What waits for a task to be done. */
import type { CommandContext } from '../event/index.ts';
import { rankMs } from './assign.ts';
import { factsOf, requireTask } from './facts.ts';
import { decide } from './lifecycle.ts';
import { moveTask } from './move.ts';
import { listDependents, listNeeded } from './queries.ts';
import { matchTask } from './schedule.ts';

/** Lets go the tasks that waited for this one and wait for nothing else. */
export async function releaseDependents(context: CommandContext, neededId: string): Promise<void> {
  for (const { task_id: id } of await listDependents(context.tx, neededId)) {
    const row = await requireTask(context, id);
    const needed = await listNeeded(context.tx, id);
    const unmet = needed.filter((task) => task.state !== 'done').length;
    const verdict = decide(factsOf(row, unmet), { type: 'unblock' });
    if (verdict.is !== 'move') continue;
    const fields = { rank_ms: rankMs(row.lane, context.nowMs) };
    await matchTask(context, await moveTask(context, row, { ...verdict, fields }));
  }
}
