/** What is in hand in a clone: the task, its fence, how far the base has moved, what is locked. */
import { fetchBase } from '../../clone/remote.ts';
import { type CloneState, waysOn } from '../../clone/state.ts';
import { distance, type Distance } from '../../clone/sync.ts';
import type { Work } from '../../clone/work.ts';
import type { Lock, Task, TaskState } from '../../contract/index.ts';
import { toSignalboxError } from '../failure.ts';
import type { Context } from '../context.ts';
import { type AtWork, atWork, beHeard, hubOf } from '../git/agent.ts';
import { commits } from '../words/git.ts';
import { harmless, harmlessLine } from '../terminal/harmless.ts';
import { fields } from '../terminal/layout.ts';
import { stateWord } from '../terminal/states.ts';

interface Hub {
  task: Task;
  locks: Lock[];
}

interface Behind extends Distance {
  branch: string;
}

export async function gitStatus(context: Context): Promise<number> {
  const { output } = context;
  const here = await atWork(context);
  const [hub, behind] = await Promise.all([
    orNote(context, () => askHub(context, here.work)),
    orNote(context, () => askRemote(here)),
  ]);
  const { work, state } = here;
  const isHeld = hub === null ? null : holds(hub.task, work);
  const told = { work, state, isHeld, task: hub?.task ?? null, locks: hub?.locks ?? null, behind };
  output.give(told, () => inWords(context, { work, state, hub, behind }));
  return hub === null || behind === null ? 69 : 0;
}

const HELD: readonly TaskState[] = ['accepted', 'running', 'verifying'];

function holds(task: Task, work: Work): boolean {
  return task.fence === work.fence && HELD.includes(task.state);
}

/** What cannot be had is told, and the rest is shown all the same. */
async function orNote<T>({ output }: Context, ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    const { message, hint } = toSignalboxError(error);
    output.note(harmless(`${message} ${hint}`), 'warning');
    return null;
  }
}

async function askHub(context: Context, work: Work): Promise<Hub> {
  const hub = await hubOf(context, work);
  await beHeard(hub, work);
  const { task } = await hub.task.show({ id: work.taskId });
  const { items: locks } = await hub.lock.list({ taskId: work.taskId });
  return { task, locks };
}

async function askRemote({ clone, state, work, remote }: AtWork): Promise<Behind | null> {
  const { branch, commit } = await fetchBase(clone, remote, work.baseBranch);
  const apart = await distance(clone, { base: commit, head: state.head ?? '' });
  return apart === null ? null : { ...apart, branch: `${remote.name}/${branch}` };
}

interface Standing {
  work: Work;
  state: CloneState;
  hub: Hub | null;
  behind: Behind | null;
}

function inWords({ output }: Context, { work, state, hub, behind }: Standing): string[] {
  const { task, locks = [] } = hub ?? {};
  return [
    ...fields(output, [
      ['task', `${work.taskId}, ${harmlessLine(work.title)}`],
      ['attempt', `${work.attempt}, fence ${work.fence}, ${work.agent}`],
      ['state', task === undefined ? undefined : stateWord(output, task.state)],
      ['branch', work.branch],
      ['base', behind === null ? undefined : apartInWords(behind)],
      ['uncommitted', counted(state)],
      ['unfinished', state.unfinished === null ? undefined : waysOn(state.unfinished)],
      ...locks.map((lock) => ['locked', whatOf(lock)] as const),
    ]),
    ...(task === undefined ? [] : nextStep(task, work)),
  ];
}

function apartInWords({ branch, behind, ahead }: Behind): string {
  const moved = behind === 0 ? 'all of it is in here' : `${commits(behind)} behind: git sync`;
  return `${branch}, ${moved}; ${commits(ahead)} of your own`;
}

function counted({ uncommitted }: CloneState): string | undefined {
  if (uncommitted.length === 0) return undefined;
  return uncommitted.length === 1 ? '1 path' : `${uncommitted.length} paths`;
}

function whatOf({ items }: Lock): string {
  return harmlessLine(items.map((item) => ('name' in item ? item.name : item.path)).join(', '));
}

function nextStep(task: Task, work: Work): string[] {
  if (task.fence !== work.fence) {
    const holder = `${task.agent ?? 'nobody'} holds it with fence ${task.fence}`;
    return ['', `The task has moved on: ${holder}. Your work is kept on ${work.branch}.`];
  }
  if (task.state !== 'queued' || work.state === 'given_back') return [];
  if (work.state === 'handed_in') {
    return ['', `It came back, for another attempt: signalbox git start ${task.id}`];
  }
  return ['', 'You were not heard of for too long. Hand it in before another one takes it up.'];
}
