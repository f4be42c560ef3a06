/** Puts a task into the queue and, where asked, stays with it until it has ended. */
import { Lane, limits, type Input } from '../../contract/index.ts';
import { attend } from '../attend.ts';
import type { Context } from '../context.ts';
import { INTERRUPTED_EXIT } from '../interruption.ts';
import { theOne } from '../paging.ts';
import { repositoryUrl } from '../repository-url.ts';
import { stateWord } from '../states.ts';
import { heading } from './task-show.ts';

export async function submitTask(context: Context): Promise<number> {
  const { options, output } = context;
  const input = await readTask(context);
  if (options.has('wait')) return submitAndWait(context, input);
  const hub = await context.hub();
  const task = await hub.task.submit(input);
  output.give(task, () => [`${task.id}  ${stateWord(output, task.state)}`]);
  return 0;
}

async function readTask(context: Context): Promise<Input<'task.submit'>> {
  const { options } = context;
  const repo = options.text('repo');
  const body = options.text('body');
  const retries = options.integer('retries', { min: 0, max: limits.failuresMaxMost - 1 });
  return {
    title: theOne(context),
    body: body === '-' ? await context.readStdin() : body,
    repository: repo === undefined ? undefined : await repositoryUrl(context, repo),
    baseBranch: options.text('base'),
    checks: options.list('check'),
    paths: options.list('path'),
    lane: options.choice('lane', Lane.options),
    needs: options.list('needs'),
    after: options.list('after'),
    failuresMax: retries === undefined ? undefined : retries + 1,
    timeoutMs: options.durationMs('timeout'),
  };
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
  if (!(await attend({ hub, id, after, interruption, context }))) {
    output.note(`It goes on without us: signalbox task show ${id}`, 'note');
    return INTERRUPTED_EXIT;
  }
  const answer = await hub.task.show({ id });
  output.give(answer, () => ['', ...heading(context, answer.task)]);
  const { state } = answer.task;
  if (state === 'dead' || state === 'failed') {
    output.note(`Put it back with all its retries: signalbox task retry ${id}`, 'hint');
  }
  return state === 'done' ? 0 : 1;
}
