/** How each task of the demo stands, as its events tell. */
import type { Event } from '../../contract/index.ts';
import { harmlessLine } from '../harmless.ts';
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
}

export const ENDED = ['done', 'failed', 'dead', 'cancelled'];

export function openRow(part: Part, id: string): Row {
  return { part, id, state: 'queued', agent: '', attempt: 0, note: part.shows, events: [] };
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
      return data.attempt === 1 ? 'works in its own worktree' : undefined;
    case 'task.queued':
      return data.attempt === undefined ? undefined : backWords(data.outcome);
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
      return `check failed: ${lastLine(data.reason)}`;
    case 'change.conflicted':
      return 'conflict with what landed before';
    case 'task.failed':
    case 'task.dead':
    case 'task.cancelled':
      return lastLine(data.reason);
    default:
      return undefined;
  }
}

function backWords(outcome: string | undefined): string {
  if (outcome === 'check_failed') return 'check failed: again, told what it printed';
  if (outcome === 'conflict') return 'conflict: again, on top of what landed';
  return `again after: ${outcome ?? 'an attempt'}`.replaceAll('_', ' ');
}

function lastLine(text = ''): string {
  return harmlessLine(text.trimEnd().split('\n').at(-1) ?? '');
}
