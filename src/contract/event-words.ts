/**
 * What happened, in words: for the command line and for notices. The words hold text of others as
 * they wrote it; whoever shows them makes it safe for where it is shown.
 */
import type { Event, EventData } from './event.ts';
import { lengthInWords } from './length.ts';

const REASON_CHARS_MAX = 200;

/** What the words are made of. */
type Told = Pick<Event, 'type' | 'atMs' | 'actor' | 'data'>;

/**
 * What the type and the subject do not say. `about`: the task that is spoken of anyway, which need
 * not be named.
 */
export function eventInWords(event: Told, about?: string): string {
  const { type, actor, data } = event;
  const why = data.reason === undefined ? undefined : shortened(data.reason);
  const isNamed = data.taskId === about || data.branch?.includes(`/${data.taskId}/`) === true;
  const task = isNamed ? undefined : data.taskId;
  const [noun] = type.split('.');
  switch (noun) {
    case 'task':
      return sentence([...taskWords(event), why]);
    case 'change': {
      const what = changeWords(event);
      // The reason of an assessment begins with the tier itself.
      const isSaid = what !== undefined && why?.startsWith(`${what}:`) === true;
      return sentence([task, isSaid ? undefined : what, why]);
    }
    case 'memory':
      return sentence([data.name ?? `of ${data.agent ?? ''}`, `by ${actor}`]);
    case 'lock':
      return sentence([data.agent, data.items?.join(' '), why]);
    case 'case':
      return sentence(caseWords(event));
    case 'schedule':
      return sentence([data.name, task, why, nextRun(data, event.atMs)]);
    case 'message':
    case 'channel':
      return sentence([...messageWords(event), why]);
    case 'budget':
      return sentence([...budgetWords(event), why, until(event)]);
    case 'invite':
      return sentence([data.name, data.role, why]);
    case 'token':
      return sentence([...tokenWords(event), why, oldSecret(event)]);
    case 'webhook':
      return sentence([data.url, why, oldSecret(event)]);
    default:
      return sentence([data.url, why, until(event)]);
  }
}

function budgetWords({ type, actor, data }: Told): (string | undefined)[] {
  const isAsked = type === 'budget.set' || type === 'budget.removed';
  return [data.name, isAsked ? `by ${actor}` : undefined];
}

function tokenWords({ type, actor, data }: Told): (string | undefined)[] {
  return type === 'token.created' ? [`for ${data.agent ?? actor}`, data.role] : [];
}

function taskWords({ type, atMs, actor, data }: Told): (string | undefined)[] {
  const agent = data.agent ?? actor;
  switch (type) {
    case 'task.blocked':
    case 'task.queued':
      return [data.title ?? back(data), lane(data), next(data, atMs), by(actor, data)];
    case 'task.offered':
      return [`to ${agent}`, attempt(data)];
    case 'task.progressed':
      return [data.note, `says ${agent}`];
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

function changeWords({ type, actor, data }: Told): string | undefined {
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

/** Who said what to whom, as far as the event brings the message itself. */
function messageWords({ actor, data }: Told): (string | undefined)[] {
  const message = data.item?.message ?? data.posted?.message;
  if (message === undefined) return [data.agent ?? actor, many(data.ids)];
  const to = 'agent' in message.to ? ` to ${message.to.agent}` : '';
  return [message.type, `${message.from}${to}: ${shortened(message.text)}`];
}

function many(ids: readonly string[] = []): string | undefined {
  return ids.length > 1 ? `and ${ids.length - 1} more` : undefined;
}

function caseWords({ type, actor, data }: Told): (string | undefined)[] {
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
  return parts.filter((part) => part !== undefined && part !== '').join(', ');
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

function nextRun({ availableAtMs }: EventData, atMs: number): string | undefined {
  return availableAtMs === undefined ? undefined : `runs in ${lengthInWords(availableAtMs - atMs)}`;
}

function until({ atMs, data: { untilMs } }: Told): string | undefined {
  return untilMs === undefined ? undefined : `for ${lengthInWords(untilMs - atMs)}`;
}

/** Of a token or a webhook that got a new one. */
function oldSecret({ atMs, data: { untilMs = 0 } }: Told): string | undefined {
  if (untilMs <= atMs) return undefined;
  return `the old secret goes on for ${lengthInWords(untilMs - atMs)}`;
}

function by(actor: string, { title }: EventData): string | undefined {
  return title === undefined ? undefined : `by ${actor}`;
}

function attempt({ attempt: number }: EventData): string | undefined {
  return number === undefined ? undefined : `attempt ${number}`;
}

function shortened(reason: string): string {
  const said = reason.trim();
  return said.length <= REASON_CHARS_MAX ? said : `${said.slice(0, REASON_CHARS_MAX)}…`;
}
