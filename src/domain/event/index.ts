/** The log of what happened. The writing and its event are one transaction. */
import type { EventData, EventType } from '../../contract/index.ts';
import { appendEvent, latestSeq } from '../../store/events.ts';
import type { CommandContext } from './context.ts';

export { type Actor, type CommandContext, type QueryContext, seesAll } from './context.ts';

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
export { checkCursor, isWanted, toEvent } from './operations.ts';

/** The newest event that readers can see. */
export function latestCursor({ tx }: CommandContext): Promise<number> {
  return latestSeq({ read: tx, dialect: tx.dialect });
}
