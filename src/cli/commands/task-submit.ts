/** Puts a task into the queue and, where asked, stays with it until it has ended. */
import { Lane, limits, type Input, SignalboxError } from '../../contract/index.ts';
import { attend } from '../attend.ts';
import type { Context } from '../context.ts';
import { INTERRUPTED_EXIT } from '../interruption.ts';
import type { Options } from '../options.ts';
import { theOne } from '../paging.ts';
import { repositoryUrl } from '../repository-url.ts';
import { stateWord } from '../states.ts';
import { heading } from './task-show.ts';

type TaskInput = Input<'schedule.add'>['task'];

export async function submitTask(context: Context): Promise<number> {
  const { options, output, clock } = context;
  const nowMs = clock.nowMs();
  const input: Input<'task.submit'> = {
    ...(await readTask(context, theOne(context))),
    after: options.list('after'),
    onNeededFailure: options.has('cancelWithout') ? 'cancel' : undefined,
    parent: options.text('parent'),
    notBeforeMs: options.momentMs('notBefore', nowMs),
    deadlineMs: options.momentMs('deadline', nowMs),
  };
  if (options.has('wait')) return submitAndWait(context, input);
  const hub = await context.hub();
  const task = await hub.task.submit(input);
  output.give(task, () => [`${task.id}  ${stateWord(output, task.state)}`]);
  if (task.isExisting) output.note('It was there already: its key is unique.', 'note');
  return 0;
}

/** What the options say of a task, or of each one that a schedule submits. */
export async function readTask(context: Context, title: string): Promise<TaskInput> {
  const { options } = context;
  const repo = options.text('repo');
  const body = options.text('body');
  const retries = options.integer('retries', { min: 0, max: limits.failuresMaxMost - 1 });
  return {
    title,
    body: body === '-' ? await context.readStdin() : body,
    repository: repo === undefined ? undefined : await repositoryUrl(context, repo),
    baseBranch: options.text('base'),
    checks: options.list('check'),
    paths: options.list('path'),
    lane: options.choice('lane', Lane.options),
    needs: options.list('needs'),
    prefers: options.list('prefers'),
    trust: options.integer('trust', { min: 0, max: limits.trustMax }),
    concurrencyKey: options.text('key'),
    unique: uniqueOf(options),
    progressTimeoutMs: options.durationMs('silence'),
    failuresMax: retries === undefined ? undefined : retries + 1,
    timeoutMs: options.durationMs('timeout'),
  };
}

function uniqueOf(options: Options): Input<'task.submit'>['unique'] {
  const open = options.text('unique');
  const ever = options.text('uniqueEver');
  if (open !== undefined && ever !== undefined) {
    throw new SignalboxError('invalid_input', 'One of --unique and --unique-ever is enough.');
  }
  if (ever !== undefined) return { key: ever, scope: 'ever' };
  return open === undefined ? undefined : { key: open };
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
