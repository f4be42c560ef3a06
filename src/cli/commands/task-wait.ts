/** Stays with a task that is there already until it has ended. */
import type { Client } from '../../client/index.ts';
import { attend, type Attended } from '../task/attend.ts';
import type { Context } from '../context.ts';
import { INTERRUPTED_EXIT } from '../terminal/interruption.ts';
import { folded } from '../terminal/layout.ts';
import { theOne } from '../terminal/paging.ts';
import { isEnded } from '../terminal/states.ts';
import { heading } from './task-show.ts';

export async function waitForTask(context: Context): Promise<number> {
  const id = theOne(context);
  const interruption = context.interruption();
  const hub = await context.live();
  const ask = { signal: interruption };
  const { headCursor: after } = await hub.event.list({ limit: 1 }, ask);
  const { task } = await hub.task.show({ id }, ask);
  if (isEnded(task.state)) return tellEnd(context, hub, id);
  return stayWith(context, { hub, id, after, interruption });
}

/** Answers the exit code: 0 only where the task is done. */
export async function stayWith(
  context: Context,
  attended: Omit<Attended, 'context'>,
): Promise<number> {
  const { hub, id } = attended;
  if (await attend({ ...attended, context })) return tellEnd(context, hub, id);
  context.output.note(`It goes on without us: signalbox task wait ${id}`, 'note');
  return INTERRUPTED_EXIT;
}

async function tellEnd(context: Context, hub: Client, id: string): Promise<number> {
  const { output } = context;
  const answer = await hub.task.show({ id });
  output.give(answer, () => folded(output, ['', ...heading(context, answer.task)]));
  const { state } = answer.task;
  if (state === 'dead' || state === 'failed') {
    output.note(`Put it back with all its retries: signalbox task retry ${id}`, 'hint');
  }
  if (!isEnded(state)) output.note(`It came back: signalbox git start ${id}`, 'hint');
  return state === 'done' ? 0 : 1;
}
