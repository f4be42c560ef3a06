/** Reading tasks, and what a person does to them. */
import { limits, TaskState, type Task } from '../../contract/index.ts';
import type { Client } from '../../client/index.ts';
import { changeOf } from '../task/change-of.ts';
import type { Context } from '../context.ts';
import { harmless, harmlessLine } from '../terminal/harmless.ts';
import { table } from '../terminal/layout.ts';
import { pageOf, nextPage, theOne } from '../terminal/paging.ts';
import { stateColour, stateText, stateWord } from '../terminal/states.ts';
import { timeInWords } from '../words/time.ts';

export async function listTasks(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const state = options.choice('state', TaskState.options);
  const hub = await context.hub();
  const page = await hub.task.list({ ...pageOf(options), state, agent: options.text('agent') });
  const nowMs = clock.nowMs();
  const columns = [
    { title: 'ID', text: (task: Task) => task.id },
    {
      title: 'STATE',
      text: (task: Task) => stateText(output, task.state),
      dress: (text: string, task: Task) => output.paint(stateColour(task.state), text),
    },
    { title: 'LANE', text: ({ lane }: Task) => lane, spare: 2 },
    { title: 'AGENT', text: ({ agent }: Task) => agent ?? '-' },
    { title: 'TRY', text: ({ attempt }: Task) => String(attempt), spare: 1 },
    {
      title: 'MADE',
      text: ({ createdAtMs }: Task) => timeInWords(createdAtMs, nowMs),
      spare: 3,
    },
    { title: 'TITLE', text: ({ title }: Task) => harmlessLine(title) },
  ];
  output.give(page, () =>
    page.items.length === 0
      ? ['No tasks.']
      : [...table(output, columns, page.items), ...nextPage(page, 'task list')],
  );
}

const NOTHING = 'The command printed nothing.';

export async function showLog(context: Context): Promise<void> {
  const { options, output } = context;
  const attempt = options.integer('attempt', { min: 1, max: limits.attemptsMax });
  const hub = await context.hub();
  const id = theOne(context);
  const answer = await hub.task.log({ id, attempt });
  const text = harmless(answer.log).trimEnd();
  const hint = output.isJson ? undefined : await hintOfLog(hub, id, answer.attempt);
  output.give(answer, () => (text === '' && hint !== undefined ? [] : [text || NOTHING]));
  if (hint !== undefined) output.note(hint, 'note');
}

/** What is not in the log of the command, and where it is. */
async function hintOfLog(hub: Client, id: string, number: number): Promise<string | undefined> {
  const { attempts } = await hub.task.show({ id });
  const attempt = attempts.find((one) => one.number === number);
  if (attempt?.endedAtMs === null) {
    return `attempt ${number} goes on; its log comes with its end (agent run --echo shows it live)`;
  }
  if (attempt?.outcome !== 'check_failed') return undefined;
  const changeId = await changeOf(hub, { taskId: id, attempt: number });
  return `what its check printed: signalbox change show ${changeId}`;
}

export async function cancelTask(context: Context): Promise<void> {
  const { options, output } = context;
  const hub = await context.hub();
  const task = await hub.task.cancel({ id: theOne(context), reason: options.text('reason') });
  output.give(task, () => [`${task.id}  ${stateWord(output, task.state)}`]);
}

export async function retryTask(context: Context): Promise<void> {
  const hub = await context.hub();
  const task = await hub.task.retry({ id: theOne(context) });
  context.output.give(task, () => [`${task.id}  ${stateWord(context.output, task.state)}`]);
}
