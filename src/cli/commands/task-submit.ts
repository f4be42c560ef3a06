/** Puts a task into the queue and, where asked, stays with it until it has ended. */
import { type Input, SignalboxError } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { tellNoRepository } from '../task/no-repository.ts';
import { planLines } from '../batch/plan.ts';
import { repositoryUrl } from '../task/repository-url.ts';
import { fromFlags, readOrder, readStanding } from '../task/task-order.ts';
import { stayWith } from './task-wait.ts';

export async function submitTask(context: Context): Promise<number> {
  const { options, output, clock } = context;
  const file = options.text('file');
  if (file !== undefined) return (await import('./task-submit-file.ts')).submitFile(context, file);
  const input: Input<'task.submit'> = {
    ...(await readTask(context, titleOf(context))),
    ...readOrder(fromFlags(options), clock.nowMs()),
  };
  if (options.has('dryRun')) {
    output.give(input, () => planLines(output, [input]));
    tellNoRepository(context, input);
    return 0;
  }
  if (options.has('wait')) return submitAndWait(context, input);
  const hub = await context.hub();
  const task = await hub.task.submit(input);
  // The id alone, so that a script can take it: id=$(signalbox task submit …)
  output.give(task, () => [task.id]);
  if (task.isExisting) output.note('It was there already: its key is unique.', 'note');
  else {
    if (output.isTty) output.note(`${task.state}; signalbox why ${task.id} says more`, 'note');
    tellNoRepository(context, input);
  }
  return 0;
}

/** What the options say of a task, or of each one that a schedule submits. */
export async function readTask(
  context: Context,
  title: string,
): Promise<Input<'schedule.add'>['task']> {
  const { options } = context;
  const repo = options.text('repo');
  const body = options.text('body');
  return {
    ...readStanding(fromFlags(options)),
    title,
    body: body === '-' ? await context.readStdin() : body,
    repository: repo === undefined ? undefined : await repositoryUrl(context, repo),
  };
}

function titleOf({ args: [title] }: Context): string {
  if (title !== undefined) return title;
  throw new SignalboxError('invalid_input', 'The task has no title.', {
    hint: 'Say what is to be done: signalbox task submit "Fix the login"; or give a --file.',
  });
}

/** Exit code 0 only where the task is done. */
async function submitAndWait(context: Context, input: Input<'task.submit'>): Promise<number> {
  const { output } = context;
  const interruption = context.interruption();
  const hub = await context.live();
  const signal = interruption;
  const { headCursor: after } = await hub.event.list({ limit: 1 }, { signal });
  const { id } = await hub.task.submit(input, { signal });
  if (!output.isJson) output.line(id);
  tellNoRepository(context, input);
  return stayWith(context, { hub, id, after, interruption });
}
