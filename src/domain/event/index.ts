/** The log of what happened. The writing and its event are one transaction. */
import type { Event, EventData, EventType } from '../../contract/index.ts';
import { appendEvent, latestSeq, readEvents } from '../../store/events.ts';
import type { CommandContext } from './context.ts';
import { isKnown, toEvent } from './operations.ts';

export {
  type Actor,
  type CommandContext,
  memberRole,
  type QueryContext,
  seesAll,
} from './context.ts';

export interface NewEvent {
  type: EventType;
  subject: string;
  /** The key of the agent that it is addressed to. */
  audience?: string | null;
  data?: EventData;
}

export async function record(context: CommandContext, event: NewEvent): Promise<void> {
  await appendEvent(context.tx, {
    project: context.actor.project,
    atMs: context.nowMs,
    type: event.type,
    subject: event.subject,
    actor: context.actor.name,
    audience: event.audience ?? null,
    data: JSON.stringify(event.data ?? {}),
  });
}
export { checkCursor, isKnown, isWanted, toEvent } from './operations.ts';

/** The newest event that readers can see. */
export function latestCursor({ tx }: CommandContext): Promise<number> {
  return latestSeq({ read: tx, dialect: tx.dialect });
}

/** The next events of the project after a cursor, and where to go on from them. */
export async function readOn(
  { tx, actor }: CommandContext,
  afterSeq: number,
  limit: number,
): Promise<{ events: Event[]; nextCursor: number; isMore: boolean }> {
  // Read before the page: what is committed in between is then read again, not passed over.
  const headSeq = await latestSeq({ read: tx, dialect: tx.dialect });
  const stored = await readEvents(tx, { afterSeq, project: actor.project, limit });
  const lastSeq = stored.at(-1)?.seq ?? afterSeq;
  const isMore = stored.length === limit;
  const nextCursor = isMore ? lastSeq : Math.max(lastSeq, headSeq);
  return { events: stored.filter(isKnown).map(toEvent), nextCursor, isMore };
}
