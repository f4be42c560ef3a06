/** How each task of the demo stands, as its events tell. */
import type { Event } from '../../contract/index.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import type { Part } from './plan.ts';

export interface Row {
  part: Part;
  id: string;
  state: string;
  agent: string;
  attempt: number;
  /** What happened last, in words. */
  note: string;
  /** All that was told about the task and its changes. */
  events: Event[];
  /** By attempt: the last of what the next one was told. */
  told: Map<number, string>;
}

export const ENDED = ['done', 'failed', 'dead', 'cancelled'];

export function openRow(part: Part, id: string): Row {
  return {
    part,
    id,
    state: 'queued',
    agent: '',
    attempt: 0,
    note: part.shows,
    events: [],
    told: new Map(),
  };
}

/** Takes what an event says; answers the row that it is about, if it is about one. */
export function take(rows: readonly Row[], event: Event): Row | undefined {
  const row = rows.find(({ id }) => id === event.subject || id === event.data.taskId);
  if (row === undefined) return undefined;
  row.events.push(event);
  const { agent, attempt } = event.data;
  const [noun, word = ''] = event.type.split('.');
  if (noun === 'task') row.state = word === 'orphaned' ? row.state : word;
  if (agent !== undefined) row.agent = agent;
  if (attempt !== undefined) row.attempt = attempt;
  row.note = noteOf(event) ?? row.note;
  return row;
}

function noteOf({ type, data }: Event): string | undefined {
  switch (type) {
    case 'task.blocked':
      return 'waits for other tasks';
    case 'task.accepted':
    case 'task.running':
      return data.attempt === 1 ? 'works in its own worktree' : 'again, told what went wrong';
    case 'task.queued':
      return data.outcome === undefined ? undefined : `again after: ${data.outcome}`;
    case 'change.submitted':
      return data.reason === undefined ? 'handed in' : 'main moved on: tested again';
    case 'change.verifying':
      return 'tested in a clean checkout';
    case 'change.awaiting':
      return 'passed; a human must approve';
    case 'change.approved':
      return 'approved';
    case 'change.landing':
      return 'passed; landing';
    case 'change.landed':
      return `landed as ${data.commit?.slice(0, 9) ?? ''}`;
    case 'change.rejected':
      return 'a check failed: goes back with its output';
    case 'change.conflicted':
      return 'a conflict: goes back to be done on top';
    case 'task.failed':
    case 'task.dead':
    case 'task.cancelled':
      return lastLine(data.reason);
    default:
      return undefined;
  }
}

/** The last line that says something: a log closes with how its command ended, in brackets. */
export function lastLine(text = ''): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('['));
  return harmlessLine(lines.at(-1) ?? '');
}
