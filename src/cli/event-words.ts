/** What happened, in a sentence: for `watch`, for `task submit --wait` and for timelines. */
import type { Event, EventData } from '../contract/index.ts';
import { harmlessLine } from './harmless.ts';
import type { Colour, Output } from './output.ts';
import { stateColour } from './states.ts';
import { clockTime, lengthInWords } from './words.ts';
import { padded } from './width.ts';

const REASON_CHARS_MAX = 200;
const TYPE_COLUMNS = 17;

/** `14:03:09  task.offered      tsk_…  to ada, attempt 1` */
export function eventLine(output: Output, event: Event, about?: string): string {
  const type = output.paint(eventColour(event), padded(event.type, TYPE_COLUMNS));
  const time = output.paint('dim', clockTime(event.atMs));
  return [time, type, harmlessLine(event.subject), eventWords(event, about)].join('  ').trimEnd();
}

export function eventColour({ type, data }: Event): Colour {
  const [noun, word = ''] = type.split('.');
  if (word === 'queued' && data.attempt !== undefined) return 'red';
  if (noun === 'agent') return word === 'online' ? 'green' : 'dim';
  if (noun === 'task' || noun === 'change') return stateColour(word);
  return 'dim';
}

/**
 * What the type and the subject do not say. Never more than one line. `about`: the task that is
 * spoken of anyway, which need not be named.
 */
export function eventWords(event: Event, about?: string): string {
  const { type, actor, data } = event;
  const why = data.reason === undefined ? undefined : shortened(data.reason);
  const [noun] = type.split('.');
  if (noun === 'task') return sentence([...taskWords(event), why]);
  const task = data.taskId === about ? undefined : data.taskId;
  if (noun === 'change') {
    const what = changeWords(event);
    // The reason of an assessment begins with the tier itself.
    const isSaid = what !== undefined && why?.startsWith(`${what}:`) === true;
    return sentence([task, isSaid ? undefined : what, why]);
  }
  if (noun === 'case') return sentence(caseWords(event));
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

function caseWords({ type, actor, data }: Event): (string | undefined)[] {
  const version = data.version === undefined ? undefined : `version ${data.version}`;
  switch (type) {
    case 'case.uploaded':
      return [`${data.stage ?? ''}/${data.name ?? ''}`, version, `by ${actor}`];
    case 'case.advanced':
      return [`to ${data.stage ?? ''}`, version, `by ${actor}`];
    default:
      return [version, `by ${actor}`];
  }
}

function sentence(parts: readonly (string | undefined)[]): string {
  return harmlessLine(parts.filter((part) => part !== undefined && part !== '').join(', '));
}

/** A task that was handed out before says so, and how that ended. */
function back({ attempt: number, outcome }: EventData): string | undefined {
  if (number === undefined) return undefined;
  const end = outcome === undefined ? '' : ` (${outcome.replaceAll('_', ' ')})`;
  return `again after attempt ${number}${end}`;
}

function lane({ lane: name }: EventData): string | undefined {
  return name === undefined || name === 'normal' ? undefined : `lane ${name}`;
}

function next({ availableAtMs }: EventData, atMs: number): string | undefined {
  if (availableAtMs === undefined) return undefined;
  return `next try in ${lengthInWords(availableAtMs - atMs)}`;
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
