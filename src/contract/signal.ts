/** A message as programs know it that only send, poll and acknowledge: one flat object. */
import type { InboxItem } from './message.ts';

/** What was sent beside `from`, `to` and `type` comes back as it was. */
export interface Signal extends Record<string, unknown> {
  id: string;
  from: string;
  /** As the sender named the recipient; the reader where it was sent to more than one. */
  to: string;
  type: string;
  /** ISO 8601, by the clock of the hub. */
  timestamp: string;
}

/**
 * The hub's word stands over the sender's: nobody can send a signal that claims another id, sender
 * or time.
 */
export function signalOf({ message }: InboxItem, reader: string): Signal {
  const { id, from, type, text, data, createdAtMs } = message;
  const to = 'agent' in message.to ? message.to.agent : reader;
  const timestamp = new Date(createdAtMs).toISOString();
  return { ...(text === '' ? {} : { text }), ...data, id, from, to, type, timestamp };
}
