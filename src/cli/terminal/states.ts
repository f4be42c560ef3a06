/** The states of tasks, changes, agents and webhooks at a glance: a glyph and a colour. */
import type { AgentState, ChangeState, LockState, TaskState } from '../../contract/index.ts';
import type { WebhookDeliveryState, WebhookState } from '../../contract/index.ts';
import type { Colour, Output } from './output.ts';

type Look = readonly [glyph: string, colour: Colour];

type State = LockState | TaskState | ChangeState | AgentState | WebhookState | WebhookDeliveryState;

const LOOKS: Readonly<Record<State, Look>> = {
  blocked: ['◌', 'yellow'],
  queued: ['○', 'yellow'],
  offered: ['◔', 'blue'],
  accepted: ['◑', 'blue'],
  running: ['●', 'cyan'],
  verifying: ['◕', 'magenta'],
  done: ['✓', 'green'],
  cancelled: ['⊘', 'dim'],
  failed: ['✗', 'red'],
  dead: ['✗', 'red'],
  submitted: ['○', 'yellow'],
  awaiting: ['?', 'yellow'],
  landing: ['↑', 'magenta'],
  landed: ['✓', 'green'],
  rejected: ['✗', 'red'],
  conflicted: ['≠', 'red'],
  dropped: ['⊘', 'dim'],
  offline: ['◌', 'dim'],
  idle: ['○', 'green'],
  assigned: ['◑', 'blue'],
  working: ['●', 'cyan'],
  draining: ['◍', 'yellow'],
  active: ['●', 'green'],
  paused: ['◌', 'yellow'],
  pending: ['○', 'yellow'],
  delivered: ['✓', 'green'],
  waiting: ['○', 'yellow'],
  granted: ['●', 'green'],
  released: ['✓', 'dim'],
  expired: ['⊘', 'red'],
  stolen: ['✗', 'red'],
  withdrawn: ['⊘', 'dim'],
};

const ENDS: readonly string[] = ['done', 'cancelled', 'failed', 'dead'];

/** Has a task in this state come to its end? A person may put it back all the same. */
export function isEnded(state: TaskState): boolean {
  return ENDS.includes(state);
}

const UNKNOWN: Look = ['·', 'dim'];

/** The word alone in a pipe; on a terminal with its glyph. */
export function stateText(output: Output, state: string): string {
  return output.isTty ? `${lookOf(state)[0]} ${state}` : state;
}

export function stateWord(output: Output, state: string): string {
  return output.paint(stateColour(state), stateText(output, state));
}

export function stateColour(state: string): Colour {
  return lookOf(state)[1];
}

/** `2 queued · 1 running`, in the order of a life; states that nobody is in are left out. */
export function stateCounts(output: Output, counts: Readonly<Record<string, number>>): string {
  const order = Object.keys(LOOKS);
  const parts = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .toSorted(([one], [other]) => order.indexOf(one) - order.indexOf(other))
    .map(([state, count]) => output.paint(stateColour(state), `${count} ${state}`));
  return parts.length === 0 ? output.paint('dim', 'none') : parts.join(' · ');
}

function lookOf(state: string): Look {
  return Object.entries(LOOKS).find(([name]) => name === state)?.[1] ?? UNKNOWN;
}
