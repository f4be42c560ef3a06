/**
 * Stays with many tasks until each has ended or can end no more without a person: what came after
 * a task that failed waits for somebody to put that one back.
 */
import type { Client } from '../../client/index.ts';
import { eventTypes, TaskState, type Event } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { eventLine } from '../words/event.ts';
import { follow } from './follow.ts';
import { isEnded } from '../terminal/states.ts';
import { whenQuiet } from '../terminal/quiet.ts';
import { waitingLines } from '../words/waiting-line.ts';

const WAY = eventTypes.filter((type) => type.startsWith('task.') || type.startsWith('change.'));

export interface Attended {
  id: string;
  state: TaskState;
  /** Why it is in that state, as far as it was told. */
  reason: string | undefined;
}

export interface AttendedMany {
  hub: Client;
  tasks: readonly Attended[];
  /** Which of them wait for ever when this one ends without being done. */
  heldUpBy: (id: string) => readonly string[];
  /** The cursor from before the tasks were there. */
  after: number;
  interruption: AbortSignal;
  context: Pick<Context, 'output' | 'clock'>;
}

export interface Attendance {
  /** How each of them stands. */
  tasks: Attended[];
  /** False where Ctrl-C came before the end. */
  isOver: boolean;
}

export async function attendMany(many: AttendedMany): Promise<Attendance> {
  const { hub, after, interruption, context } = many;
  const { output, clock } = context;
  const { tasks, open, take } = roll(many);
  if (open.size === 0) return { tasks: [...tasks.values()], isOver: true };
  const say = (line: string): void => (output.isJson ? output.note(line) : output.line(line));
  const waiting = waitingLines();
  const tellWhy = async (id: string): Promise<void> => {
    const { state, facts } = await hub.why({ id }, { signal: interruption });
    const [fact] = facts;
    if (fact === undefined || !open.has(id)) return;
    const line = waiting.next(state, fact);
    if (line !== undefined) say(output.paint('dim', `  ${id} waits: ${line}`));
  };
  const quiet = whenQuiet(clock, () => {
    const [id] = open;
    // It is beside the point: what cannot be had is left out.
    if (id !== undefined) tellWhy(id).catch(() => {});
  });
  await follow({
    hub,
    after,
    filter: { types: WAY },
    interruption,
    onEvent(event) {
      const task = tasks.get(event.subject) ?? tasks.get(event.data.taskId ?? '');
      if (task === undefined) return false;
      quiet.restart();
      const state = stateOf(event);
      if (state !== undefined) take({ ...task, state, reason: event.data.reason });
      const left = state !== undefined && isEnded(state) ? `  (${open.size} to go)` : '';
      say(`${eventLine(output, event)}${output.paint('dim', left)}`);
      return open.size === 0;
    },
  });
  quiet.end();
  return { tasks: [...tasks.values()], isOver: open.size === 0 };
}

interface Roll {
  tasks: ReadonlyMap<string, Attended>;
  /** Those that have not ended and still can without a person. */
  open: ReadonlySet<string>;
  take: (moved: Attended) => void;
}

function roll({ tasks: all, heldUpBy }: AttendedMany): Roll {
  const tasks = new Map<string, Attended>();
  const open = new Set(all.map(({ id }) => id));
  const take = (task: Attended): void => {
    tasks.set(task.id, task);
    if (!isEnded(task.state)) return;
    open.delete(task.id);
    if (task.state !== 'done') for (const held of heldUpBy(task.id)) open.delete(held);
  };
  all.forEach(take);
  return { tasks, open, take };
}

/** The state that an event of a task tells of: each is named after it. */
function stateOf({ type }: Event): TaskState | undefined {
  const [noun, word] = type.split('.');
  return noun === 'task' ? TaskState.options.find((state) => state === word) : undefined;
}
