/**
 * Events: typed, ordered, resumed by an integer cursor without a gap and without a repeat.
 *
 * `subject` is the id of what it is about; `audience` the agent that it is addressed to, if it is
 * addressed to one, by its name as names are compared. The data is small: who wants more reads the
 * subject.
 */
import { z } from 'zod';
import { Posted } from './channel.ts';
import { limits } from './limits.ts';
import { InboxItem } from './message.ts';
import { query } from './operation.ts';
import { MessageId, TimeMs } from './shape.ts';
import { Assignment } from './task.ts';

export const eventTypes = [
  'agent.online',
  'agent.offline',
  'agent.draining',
  'agent.paused',
  'agent.resumed',
  'agent.removed',
  'budget.set',
  'budget.removed',
  'budget.exceeded',
  'budget.opened',
  'token.created',
  'token.rotated',
  'token.revoked',
  'invite.created',
  'invite.redeemed',
  'invite.revoked',
  'invite.guessed',
  'repository.added',
  'task.blocked',
  'task.queued',
  'task.offered',
  'task.accepted',
  'task.running',
  'task.progressed',
  'task.verifying',
  'task.done',
  'task.cancelled',
  'task.failed',
  'task.dead',
  'task.orphaned',
  'schedule.added',
  'schedule.paused',
  'schedule.resumed',
  'schedule.removed',
  'schedule.ran',
  'schedule.skipped',
  'lock.waiting',
  'lock.granted',
  'lock.released',
  'lock.expired',
  'lock.stolen',
  'lock.withdrawn',
  'memory.stored',
  'memory.forgotten',
  'message.stored',
  'message.seen',
  'message.acked',
  'message.answered',
  'message.expired',
  'message.dead',
  'message.returned',
  'channel.posted',
  'channel.joined',
  'channel.left',
  'change.submitted',
  'change.verifying',
  'change.assessed',
  'change.awaiting',
  'change.approved',
  'change.landing',
  'change.landed',
  'change.rejected',
  'change.conflicted',
  'change.dropped',
  'case.created',
  'case.changed',
  'case.advanced',
  'case.uploaded',
  'pipeline.set',
  'pipeline.removed',
  'webhook.added',
  'webhook.removed',
  'webhook.rotated',
  'webhook.paused',
  'webhook.resumed',
  'webhook.dead',
] as const;
export const EventType = z.enum(eventTypes);
export type EventType = z.infer<typeof EventType>;

/** The fields that the data of an event may have; each type uses those that say something. */
export const EventData = z.strictObject({
  title: z.string().optional(),
  lane: z.string().optional(),
  agent: z.string().optional(),
  attempt: z.int().optional(),
  fence: z.int().optional(),
  reason: z.string().optional(),
  /** What an agent is doing. */
  note: z.string().optional(),
  outcome: z.string().optional(),
  taskId: z.string().optional(),
  changeId: z.string().optional(),
  webhookId: z.string().optional(),
  branch: z.string().optional(),
  commit: z.string().optional(),
  tier: z.int().optional(),
  url: z.string().optional(),
  role: z.string().optional(),
  version: z.int().optional(),
  pipeline: z.string().optional(),
  stage: z.string().optional(),
  artifactId: z.string().optional(),
  name: z.string().optional(),
  /** Of a lock: what it covers, the first few, and the session that holds it. */
  items: z.array(z.string()).optional(),
  session: z.string().optional(),
  availableAtMs: TimeMs.optional(),
  /** Until when something holds. */
  untilMs: TimeMs.optional(),
  /** `message.stored` and `message.returned`: the message itself, unless it is big. */
  item: InboxItem.optional(),
  /** `channel.posted`: the same. */
  posted: Posted.optional(),
  /** `task.offered`: what `task.accept` would answer, unless it is big. */
  assignment: Assignment.optional(),
  /** Of several messages that one call has moved. */
  ids: z.array(MessageId).optional(),
});
export type EventData = z.infer<typeof EventData>;

export const Event = z.strictObject({
  seq: z.int().min(1),
  atMs: TimeMs,
  type: EventType,
  subject: z.string(),
  actor: z.string(),
  audience: z.string().nullable(),
  data: EventData,
});
export type Event = z.infer<typeof Event>;

/** Which events a reader wants; what is left out does not narrow. */
export const EventFilter = z.strictObject({
  types: z.array(EventType).max(eventTypes.length).optional(),
  subject: z.string().max(64).optional(),
  /** Only those addressed to the caller. */
  mine: z.boolean().optional(),
});
export type EventFilter = z.infer<typeof EventFilter>;

export const eventOperations = {
  'event.list': query('event.list', {
    scope: 'read',
    summary:
      'Events after a cursor, oldest first. Without a cursor it starts at the earliest one that ' +
      'is kept; `nextCursor` is where to go on.',
    input: z.strictObject({
      after: z.int().min(0).default(0),
      limit: z.int().min(1).max(limits.eventPageMax).default(200),
      filter: EventFilter.default({}),
    }),
    output: z.strictObject({ items: z.array(Event), nextCursor: z.int(), headCursor: z.int() }),
    errors: ['cursor_expired'],
  }),
};
