/** What the command of an attempt says of its task. */
import { SignalboxError } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { speaker } from '../place/speaker.ts';
import { stateWord } from '../terminal/states.ts';

export async function sayProgress(context: Context): Promise<void> {
  const { options, args, output } = context;
  const [note] = args;
  const blockedBy = options.has('unblocked') ? null : options.text('blockedBy');
  const hub = await context.hub(await speaker(context));
  const answer = await hub.task.progress({ ...attemptOf(context), note, blockedBy });
  output.give(answer, () => [`${answer.id}  ${stateWord(output, answer.state)}`]);
  if (answer.stop !== null) output.note(`Stop now: ${answer.stop}`, 'note');
}

export async function snooze(context: Context): Promise<void> {
  const { options, output } = context;
  const hub = await context.hub(await speaker(context));
  const answer = await hub.task.snooze({
    ...attemptOf(context),
    forMs: options.durationMs('for'),
    untilChildrenEnd: options.has('untilChildrenEnd') ? true : undefined,
    reason: options.text('reason'),
  });
  output.give(answer, () => [`${answer.id}  ${stateWord(output, answer.state)}`]);
}

/** The task that was named, or that of the attempt in which this is typed. */
function attemptOf({ options, env }: Context): { taskId: string; fence: number } {
  const taskId = options.text('task') ?? env['SIGNALBOX_TASK_ID'];
  const max = Number.MAX_SAFE_INTEGER;
  const fence = options.integer('fence', { min: 1, max }) ?? Number(env['SIGNALBOX_FENCE']);
  if (taskId !== undefined && Number.isSafeInteger(fence) && fence >= 1) return { taskId, fence };
  throw new SignalboxError('invalid_input', 'It is not said of which attempt this is.', {
    hint: 'Type it in the command of an agent, or name --task and --fence as `task show` has them.',
  });
}
