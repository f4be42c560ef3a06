/**
 * May a task move? Pure: state, command and time in, a verdict out.
 *
 *   blocked ─► queued ─► offered ─► accepted ─► running ─► verifying ─► done
 *                ▲          │lapse      │ decline, lose, fail   │ reject, conflict
 *                └──────────┴───────────┴───────────────────────┘      (else dead, failed)
 *
 * The fence tells hand-outs apart. An agent that is only *presumed* gone (its offer lapsed, its
 * lease ran out) stays named on the queued task: until the next hand-out raises the fence, what it
 * reports is taken. Once it has reported an end it is named no more: what it says to hold after
 * that is a word that was overtaken on its way. `failures` counts what the agents did wrong,
 * `conflicts` what the base branch did to them, and each has a bound of its own; a lost agent, a
 * restarted hub and a snooze count as neither. Only a task that ends its agents again and again is
 * stopped, by the bound of all hand-outs. One that stalls said nothing for longer than it may,
 * which is a failure; one that expires was not handed in by its deadline.
 */
import { limits, type Outcome, type TaskState } from '../../contract/index.ts';

export interface TaskFacts {
  state: TaskState;
  fence: number;
  attempt: number;
  /** The last attempt there is; putting a task back by hand raises it. */
  attemptsMax: number;
  /** Who holds it, or held it last and is only presumed gone. */
  agentKey: string | null;
  isStarted: boolean;
  hasRepository: boolean;
  failures: number;
  failuresMax: number;
  conflicts: number;
  /** What it waits for: tasks that come before it, and its children where it waits for those. */
  unmetDependencies: number;
}

interface Held {
  agentKey: string;
  fence: number;
}

export type TaskCommand =
  | { type: 'unblock' }
  | { type: 'offer' }
  | ({ type: 'accept' } & Held)
  | ({ type: 'start' } & Held)
  | ({ type: 'decline' } & Held)
  | ({ type: 'complete'; hasChange: boolean } & Held)
  | ({ type: 'fail'; outcome: 'failed' | 'no_change'; isRetryable: boolean } & Held)
  | ({ type: 'resume' } & Held)
  | ({ type: 'progress' } & Held)
  | ({ type: 'snooze' } & Held)
  | { type: 'stall' }
  | { type: 'expire' }
  | { type: 'overspend' }
  | { type: 'lapse' }
  | { type: 'lose' }
  | { type: 'land' }
  | { type: 'reject' }
  | { type: 'conflict' }
  | { type: 'cancel' }
  | { type: 'retry' };

export type Verdict =
  | { is: 'move'; to: TaskState; outcome: Outcome | null; counts: 'failure' | 'conflict' | null }
  /** It is so already: the same report a second time does no harm. */
  | { is: 'same' }
  /** The fence has moved on: refuse, and keep what came as an orphan. */
  | { is: 'stale' }
  | { is: 'refuse'; message: string };

export const ended: readonly TaskState[] = ['done', 'cancelled', 'failed', 'dead'];
export const inHand: readonly TaskState[] = ['offered', 'accepted', 'running'];

export function isEnded(state: TaskState): boolean {
  return ended.includes(state);
}

export function decide(task: TaskFacts, command: TaskCommand): Verdict {
  if (!('fence' in command)) return decideOrder(task, command);
  if (!holds(task, command)) return { is: 'stale' };
  switch (command.type) {
    case 'accept':
    case 'start':
    case 'resume':
    case 'progress':
      return decideGoingOn(task, command);
    case 'decline':
    case 'snooze':
    case 'complete':
    case 'fail':
      return decideEnd(task, command);
  }
}

type Report = Extract<TaskCommand, Held>;
type Order = Exclude<TaskCommand, Held>;

/** What the hub finds, and what people say. */
function decideOrder(task: TaskFacts, command: Order): Verdict {
  switch (command.type) {
    case 'unblock':
      if (task.state !== 'blocked') return { is: 'same' };
      return task.unmetDependencies === 0 ? move('queued') : { is: 'same' };
    case 'offer':
      return task.state === 'queued' ? move('offered') : refuse(task, 'offered');
    case 'lapse':
      return task.state === 'offered' ? move('queued', 'lapsed') : { is: 'same' };
    case 'lose':
      if (!inHand.includes(task.state)) return { is: 'same' };
      return move(task.attempt < task.attemptsMax ? 'queued' : 'dead', 'lost');
    case 'stall':
      return isBegun(task) ? again(task, 'failure', 'stalled') : { is: 'same' };
    case 'expire':
      return decideStop(task, 'cancelled');
    case 'overspend':
      return decideStop(task, 'over_budget');
    case 'land':
      return task.state === 'verifying' ? move('done') : refuse(task, 'landed');
    case 'reject':
      return task.state === 'verifying' ? again(task, 'failure') : refuse(task, 'rejected');
    case 'conflict':
      return task.state === 'verifying' ? again(task, 'conflict') : refuse(task, 'sent back');
    case 'cancel':
      return decideCancel(task);
    case 'retry':
      if (!isEnded(task.state) || task.state === 'done') return refuse(task, 'retried');
      return move(task.unmetDependencies === 0 ? 'queued' : 'blocked');
  }
}

/** What is handed in already is not stopped any more. */
function decideStop(task: TaskFacts, outcome: Outcome): Verdict {
  if (task.state === 'verifying' || isEnded(task.state)) return { is: 'same' };
  return move('failed', inHand.includes(task.state) ? outcome : null);
}

function decideCancel(task: TaskFacts): Verdict {
  if (task.state === 'cancelled') return { is: 'same' };
  if (isEnded(task.state)) return refuse(task, 'cancelled');
  return move('cancelled', inHand.includes(task.state) ? 'cancelled' : null);
}

/** A report counts while its fence is the current one and its attempt was not ended by a report. */
function holds(task: TaskFacts, report: Held): boolean {
  return task.fence === report.fence && task.agentKey === report.agentKey;
}

type GoingOn = Extract<Report, { type: 'accept' | 'start' | 'resume' | 'progress' }>;

function decideGoingOn(task: TaskFacts, report: GoingOn): Verdict {
  const isLate = task.state === 'queued';
  switch (report.type) {
    case 'accept':
      if (isBegun(task)) return { is: 'same' };
      return task.state === 'offered' || isLate ? move('accepted') : refuse(task, 'accepted');
    case 'start':
      if (task.state === 'running') return { is: 'same' };
      return isLate || inHand.includes(task.state) ? move('running') : refuse(task, 'started');
    case 'resume':
      return isLate ? move(task.isStarted ? 'running' : 'accepted') : { is: 'same' };
    case 'progress':
      if (isBegun(task)) return { is: 'same' };
      return isLate ? move(task.isStarted ? 'running' : 'accepted') : refuse(task, 'reported on');
  }
}

function decideEnd(task: TaskFacts, report: Exclude<Report, GoingOn>): Verdict {
  const isLate = task.state === 'queued';
  switch (report.type) {
    case 'decline':
      if (!isLate && !inHand.includes(task.state)) return refuse(task, 'given back');
      return move('queued', 'released');
    case 'snooze':
      if (!isLate && !isBegun(task)) return refuse(task, 'snoozed');
      return move(task.unmetDependencies === 0 ? 'queued' : 'blocked', 'snoozed');
    case 'complete':
      return decideComplete(task, report);
    case 'fail':
      if (task.state === 'offered') return refuse(task, 'failed before it was accepted');
      if (!isLate && !inHand.includes(task.state)) return refuse(task, 'failed');
      if (!report.isRetryable) return move('failed', report.outcome, 'failure');
      return again(task, 'failure', report.outcome);
  }
}

function decideComplete(task: TaskFacts, report: Extract<Report, { type: 'complete' }>): Verdict {
  if (task.state === 'verifying') return { is: 'same' };
  if (!isBegun(task) && task.state !== 'queued') return refuse(task, 'completed');
  if (!task.hasRepository) return move('done', 'done');
  if (report.hasChange) return move('verifying', 'handed_in');
  return {
    is: 'refuse',
    message: 'the task has a repository: it is completed with a pushed change, or failed',
  };
}

function isBegun(task: TaskFacts): boolean {
  return task.state === 'accepted' || task.state === 'running';
}

/** Back to the queue, or to the dead letters when the bound of its count is reached. */
function again(
  task: TaskFacts,
  counts: 'failure' | 'conflict',
  outcome: Outcome | null = null,
): Verdict {
  const isSpent =
    counts === 'failure'
      ? task.failures + 1 >= task.failuresMax
      : task.conflicts + 1 >= limits.conflictsMax;
  const isOver = isSpent || task.attempt >= task.attemptsMax;
  return { is: 'move', to: isOver ? 'dead' : 'queued', outcome, counts };
}

function move(
  to: TaskState,
  outcome: Outcome | null = null,
  counts: 'failure' | 'conflict' | null = null,
): Verdict {
  return { is: 'move', to, outcome, counts };
}

function refuse(task: TaskFacts, verb: string): Verdict {
  return { is: 'refuse', message: `a task that is ${task.state} cannot be ${verb}` };
}
