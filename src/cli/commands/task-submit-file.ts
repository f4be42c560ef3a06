/** Submits all tasks of a file, or none; or only shows them; or stays until all have ended. */
import { type Output as Answer, SignalboxError } from '../../contract/index.ts';
import type { Client } from '../../client/index.ts';
import { type Attended, attendMany } from '../task/attend-many.ts';
import { planLines } from '../batch/plan.ts';
import { type Order, readTasks } from '../batch/tasks.ts';
import type { Context } from '../context.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { INTERRUPTED_EXIT } from '../terminal/interruption.ts';
import { table } from '../terminal/layout.ts';
import { tellNoRepository } from '../task/no-repository.ts';
import { stateColour, stateCounts, stateText } from '../terminal/states.ts';
import { counted } from '../words/time.ts';

/** Many tasks are one transaction, and a disk may be slow. */
const TIMEOUT_MS = 120_000;

type Submitted = Answer<'batch.submit'>['tasks'][number];

export async function submitFile(context: Context, file: string): Promise<number> {
  const { args, options, output } = context;
  for (const [name, isGiven] of [
    ['a title', args.length > 0],
    ['--body', options.text('body') !== undefined],
    ['--unique', options.text('unique') !== undefined],
    ['--unique-ever', options.text('uniqueEver') !== undefined],
  ] as const) {
    if (isGiven) throw misfit(name);
  }
  const tasks = await readTasks(context, file);
  if (options.has('dryRun')) {
    output.give({ tasks }, () => planLines(output, tasks));
    tellNoRepository(context, tasks);
    return 0;
  }
  if (options.has('wait')) return submitAndWait(context, tasks);
  const hub = await context.hub();
  const answer = await submit(hub, tasks);
  output.give(answer, () => [...rows(context, tasks, answer.tasks), '', summary(context, answer)]);
  tellNoRepository(context, tasks);
  return 0;
}

function misfit(name: string): SignalboxError {
  return new SignalboxError('invalid_input', `--file does not go together with ${name}.`, {
    hint: 'Say it in the file, for each task.',
  });
}

function submit(hub: Client, tasks: Order[]): Promise<Answer<'batch.submit'>> {
  return hub.batch.submit({ tasks }, { timeoutMs: TIMEOUT_MS });
}

interface Row extends Submitted {
  title: string;
}

function rows({ output }: Context, orders: readonly Order[], tasks: Submitted[]): string[] {
  const all = tasks.map((task, at): Row => ({ ...task, title: orders[at]?.title ?? '' }));
  const hasRefs = all.some(({ ref }) => ref !== null);
  const columns = [
    { title: 'ID', text: ({ id }: Row) => id },
    {
      title: 'STATE',
      text: ({ state }: Row) => stateText(output, state),
      dress: (text: string, { state }: Row) => output.paint(stateColour(state), text),
    },
    ...(hasRefs ? [{ title: 'REF', text: ({ ref }: Row) => ref ?? '-' }] : []),
    {
      title: 'TITLE',
      text: ({ title, isExisting }: Row) =>
        `${harmlessLine(title)}${isExisting ? ' (was there)' : ''}`,
    },
  ];
  return table(output, columns, all);
}

function summary({ output }: Context, { tasks }: Answer<'batch.submit'>): string {
  const old = tasks.filter(({ isExisting }) => isExisting).length;
  const there = old === 0 ? '' : `; ${counted(old, 'was', 'were')} there already`;
  return `${counted(tasks.length, 'task')}: ${stateCounts(output, countStates(tasks))}${there}`;
}

function countStates(tasks: readonly { state: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { state } of tasks) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** Exit code 0 only where every task is done. */
async function submitAndWait(context: Context, orders: Order[]): Promise<number> {
  const { output } = context;
  const interruption = context.interruption();
  const hub = await context.live();
  const { headCursor: after } = await hub.event.list({ limit: 1 }, { signal: interruption });
  const answer = await submit(hub, orders);
  if (!output.isJson) rows(context, orders, answer.tasks).forEach((line) => output.line(line));
  tellNoRepository(context, orders);
  const start = answer.tasks.map(({ id, state }): Attended => ({ id, state, reason: undefined }));
  const heldUpBy = dependents(orders, answer.tasks);
  const attended = { hub, tasks: start, heldUpBy, after, interruption, context };
  const { tasks, isOver } = await attendMany(attended);
  if (!isOver) {
    output.note('They go on without us: signalbox task list', 'note');
    return INTERRUPTED_EXIT;
  }
  const states = new Map(tasks.map((task) => [task.id, task.state]));
  const ended = answer.tasks.map((task) => ({ ...task, state: states.get(task.id) ?? task.state }));
  output.give({ tasks: ended }, () => [
    '',
    ...failures(context, tasks),
    summary(context, { tasks: ended }),
  ]);
  const failed = tasks.find(({ state }) => state === 'dead' || state === 'failed');
  if (failed !== undefined) {
    output.note(`Put one back with all its retries: signalbox task retry ${failed.id}`, 'hint');
  }
  return tasks.every(({ state }) => state === 'done') ? 0 : 1;
}

function failures({ output }: Context, tasks: readonly Attended[]): string[] {
  const lines = tasks
    .filter(({ state }) => state !== 'done')
    .map(({ id, state, reason }) => {
      const word = output.paint(stateColour(state), stateText(output, state));
      return `${id}  ${word}${reason === undefined ? '' : `  ${harmlessLine(reason)}`}`;
    });
  return lines.length === 0 ? [] : [...lines, ''];
}

/**
 * Which tasks of the file wait for a person when one of them has failed: those that are not
 * cancelled with it, and whatever comes after those.
 */
function dependents(
  orders: readonly Order[],
  tasks: readonly Submitted[],
): (id: string) => string[] {
  const idOf = new Map(tasks.map(({ ref, id }) => [ref ?? id, id]));
  const following = new Map<string, { id: string; isHeld: boolean }[]>();
  orders.forEach(({ after = [], onNeededFailure = 'block' }, at) => {
    const id = tasks[at]?.id ?? '';
    for (const name of after) {
      const before = idOf.get(name) ?? name;
      const next = { id, isHeld: onNeededFailure === 'block' };
      following.set(before, [...(following.get(before) ?? []), next]);
    }
  });
  return (failed) => {
    const first = (following.get(failed) ?? []).filter(({ isHeld }) => isHeld);
    const held = new Set(first.map(({ id }) => id));
    for (const id of held) for (const next of following.get(id) ?? []) held.add(next.id);
    return [...held];
  };
}
