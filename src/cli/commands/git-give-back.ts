/** Gives the task of a clone back. Branch, commits and what is uncommitted stay as they are. */
import { keepWork } from '../../clone/work.ts';
import type { Context } from '../context.ts';
import { atWork, hubOf, keptOn, refuseInAttempt } from '../git/agent.ts';
import { stateWord } from '../terminal/states.ts';

export async function giveBack(context: Context): Promise<void> {
  const { options, output } = context;
  refuseInAttempt(context);
  const { clone, work } = await atWork(context);
  const hub = await hubOf(context, work);
  const { taskId, fence, branch } = work;
  const reason = options.text('reason');
  const task = await hub.task.decline({ taskId, fence, reason }).catch(keptOn(branch));
  await keepWork(clone, { ...work, state: 'given_back' });
  output.give({ task, branch }, () => [
    `${task.id}  ${stateWord(output, task.state)}`,
    `Your work stays on ${branch}. To throw it away, leave the branch and delete it.`,
  ]);
}
