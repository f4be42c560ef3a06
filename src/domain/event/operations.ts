/** Reading the log by cursor. */
import {
  type Event,
  EventData,
  type EventFilter,
  EventType,
  nameKey,
  type Output,
  type Parsed,
  SignalboxError,
} from '../../contract/index.ts';
import {
  earliestSeq,
  latestSeq,
  type Readable,
  readEvents,
  type StoredEvent,
} from '../../store/events.ts';
import { type Actor, type QueryContext, seesAll } from './context.ts';

export async function list(
  context: QueryContext,
  input: Parsed<'event.list'>,
): Promise<Output<'event.list'>> {
  const source = { read: context.db, dialect: context.dialect };
  await checkCursor(source, input.after);
  const { project } = context.actor;
  // Read before the page: what is committed in between is then read again, not passed over.
  const headCursor = await latestSeq(source);
  const stored = await readEvents(context.db, {
    afterSeq: input.after,
    project,
    limit: input.limit,
  });
  const wanted = stored.filter(
    (event) => isWanted(event, input.filter, context.actor) && isKnown(event),
  );
  const last = stored.at(-1)?.seq ?? input.after;
  const isWholePage = stored.length === input.limit;
  return {
    items: wanted.map(toEvent),
    nextCursor: isWholePage ? last : Math.max(last, headCursor),
    headCursor,
  };
}

/** A cursor must lie in what is kept, and not in the future. */
export async function checkCursor(source: Readable, after: number): Promise<void> {
  const latest = await latestSeq(source);
  const earliest = await earliestSeq(source);
  if (after > latest) {
    throw new SignalboxError('invalid_input', `the newest event is ${latest}, not ${after}`, {
      hint: `Go on from a cursor that this hub gave; the newest is ${latest}.`,
      details: { latest },
    });
  }
  if (after > 0 && after + 1 < earliest) {
    throw new SignalboxError('cursor_expired', `events up to ${earliest - 1} are no longer kept`, {
      details: { earliest: earliest - 1 },
    });
  }
}

/** An event as it lies in the store, its data as text, or as it is shown. */
type Told = Pick<StoredEvent, 'type' | 'subject' | 'actor' | 'audience'> & {
  data: string | Event['data'];
};

/**
 * A hub of a later version may share the database. What that one writes and this one does not know
 * is told by that one; here it is passed over.
 */
export function isKnown({ type }: Pick<StoredEvent, 'type'>): boolean {
  return TYPES.has(type);
}

const TYPES = new Set<string>(EventType.options);
const KnownData = EventData.strip();

/** Runs for each event and each reader: what is cheap and mostly says no comes first. */
export function isWanted(
  event: Told,
  filter: EventFilter,
  reader: Pick<Actor, 'key' | 'role' | 'scopes'>,
): boolean {
  const { mine, types, subject } = filter;
  if (mine === true && event.audience !== reader.key) return false;
  if (types !== undefined && !types.some((type) => type === event.type)) return false;
  if (event.type.startsWith('message.') && !isOfMessage(event, reader)) return false;
  if (/^(token|invite)\./.test(event.type) && !reader.scopes.has('admin')) return false;
  return subject === undefined || isAbout(event, subject);
}

/** One call may have moved several messages: then the data names all of them. */
function isAbout({ type, subject, data }: Told, wanted: string): boolean {
  if (subject === wanted) return true;
  if (type !== 'message.acked' && type !== 'message.seen') return false;
  if (typeof data === 'string') return data.includes(`"${wanted}"`);
  return data.ids?.includes(wanted) ?? false;
}

/** A letter is for whom it is addressed to, for whoever moved it, and for those who see all. */
function isOfMessage({ audience, actor }: Told, reader: Pick<Actor, 'key' | 'role'>): boolean {
  return audience === reader.key || nameKey(actor) === reader.key || seesAll(reader);
}

export function toEvent(stored: StoredEvent): Event {
  return {
    seq: stored.seq,
    atMs: stored.atMs,
    type: EventType.parse(stored.type),
    subject: stored.subject,
    actor: stored.actor,
    audience: stored.audience,
    data: KnownData.parse(JSON.parse(stored.data)),
  };
}
