/** What happened, in a sentence: for `watch`, for `task submit --wait` and for timelines. */
import type { Event, EventData } from '../contract/index.ts';
import { harmlessLine } from './harmless.ts';
import type { Colour, Output } from './output.ts';
import { stateColour } from './states.ts';
import { clockTime, timeInWords } from './words.ts';
import { padded } from './width.ts';

const REASON_CHARS_MAX = 200;
const TYPE_COLUMNS = 17;

/** `14:03:09  task.offered      tsk_…  to ada, attempt 1` */
export function eventLine(output: Output, event: Event): string {
  const type = output.paint(eventColour(event), padded(event.type, TYPE_COLUMNS));
  const time = output.paint('dim', clockTime(event.atMs));
  return [time, type, harmlessLine(event.subject), eventWords(event)].join('  ').trimEnd();
}

export function eventColour({ type, data }: Event): Colour {
  const [noun, word = ''] = type.split('.');
  if (word === 'queued' && data.outcome !== undefined) return 'red';
  if (noun === 'agent') return word === 'online' ? 'green' : 'dim';
  if (noun === 'task' || noun === 'change') return stateColour(word);
  return 'dim';
}

/** What the type and the subject do not say. Never more than one line. */
export function eventWords(event: Event): string {
  const { type, actor, data } = event;
  const why = data.reason === undefined ? undefined : shortened(data.reason);
  const [noun] = type.split('.');
  if (noun === 'task') return sentence([...taskWords(event), why]);
  if (noun === 'change') return sentence([data.taskId, changeWords(event), why]);
  if (type === 'token.created') return sentence([`for ${data.agent ?? actor}`, data.role, why]);
  return sentence([data.url, why]);
}

function taskWords({ type, atMs, actor, data }: Event): (string | undefined)[] {
  const agent = data.agent ?? actor;
  switch (type) {
    case 'task.blocked':
    case 'task.queued':
      return [data.title ?? back(data), lane(data), next(data, atMs), by(actor, data)];
    case 'task.offered':
      return [`to ${agent}`, attempt(data)];
    case 'task.verifying':
      return [attempt(data), 'its change is tested'];
    case 'task.orphaned':
      return [`late from ${agent}, kept`, attempt(data)];
    case 'task.accepted':
    case 'task.running':
    case 'task.done':
      return [`by ${agent}`, attempt(data)];
    default:
      return [data.outcome];
  }
}

function changeWords({ type, actor, data }: Event): string | undefined {
  switch (type) {
    case 'change.submitted':
      return data.branch;
    case 'change.assessed':
      return data.tier === undefined ? undefined : `tier ${data.tier}`;
    case 'change.approved':
      return `by ${actor}`;
    case 'change.landing':
    case 'change.landed':
      return data.commit?.slice(0, 12);
    default:
      return undefined;
  }
}

function sentence(parts: readonly (string | undefined)[]): string {
  return harmlessLine(parts.filter((part) => part !== undefined && part !== '').join(', '));
}

/** A task that was there before says how its last attempt ended. */
function back({ outcome }: EventData): string | undefined {
  return outcome === undefined ? undefined : `again after ${outcome.replaceAll('_', ' ')}`;
}

function lane({ lane: name }: EventData): string | undefined {
  return name === undefined || name === 'normal' ? undefined : `lane ${name}`;
}

function next({ availableAtMs }: EventData, atMs: number): string | undefined {
  return availableAtMs === undefined ? undefined : `next try ${timeInWords(availableAtMs, atMs)}`;
}

function by(actor: string, { title }: EventData): string | undefined {
  return title === undefined ? undefined : `by ${actor}`;
}

function attempt({ attempt: number }: EventData): string | undefined {
  return number === undefined ? undefined : `attempt ${number}`;
}

function shortened(reason: string): string {
  const line = harmlessLine(reason);
  return line.length <= REASON_CHARS_MAX ? line : `${line.slice(0, REASON_CHARS_MAX)}…`;
}
