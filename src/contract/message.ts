/**
 * Messages to an agent, a team, a channel or everyone; a *signal* is one that must be acknowledged.
 *
 * A message to agents has a delivery for each of them, which climbs a ladder: stored → offered →
 * seen → acked → answered, or ends expired or dead. What a program acknowledges for an agent (a
 * socket that took the push, an inbox that was read) is only *offered*; *seen* needs a later call
 * with the receipt, which stands beside the text. A message to a channel or to everyone is stored
 * once, and each member has a cursor.
 */
import { z } from 'zod';
import { limits } from './limits.ts';
import { command, query } from './operation.ts';
import {
  AgentName,
  JsonObject,
  MessageId,
  page,
  pageInput,
  Reason,
  text,
  TimeMs,
} from './shape.ts';

/** `general`, `#general` and `General` are one channel; see `channelKey`. */
export const ChannelName = z
  .string()
  .max(limits.nameCharsMax)
  .regex(/^#?[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, dot, dash and underscore');

/** The form under which a channel is kept and compared: lower case, without the sign. */
export function channelKey(name: string): string {
  return name.replace(/^#/, '').toLowerCase();
}

/** The channel that holds what was sent to everyone. */
export const EVERYONE = 'everyone';

/** Free: `PIPELINE_TRANSITION`, `ESCALATION`, `review.please`. */
export const MessageType = z
  .string()
  .min(1)
  .max(limits.nameCharsMax)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:/-]*$/, 'letters, digits and . _ : / -');

/** A team is one name for several agents: `one` of them, the least busy, or `all`. */
export const TeamMode = z.enum(['one', 'all']);

const ToAgent = z.strictObject({ agent: AgentName });
const ToTeam = z.strictObject({ team: AgentName, mode: TeamMode.optional() });

/** Those that have a mailbox. */
export const Named = z.union([ToAgent, ToTeam]);

export const Recipient = z.union(
  [
    ToAgent,
    ToTeam,
    z.strictObject({ channel: ChannelName }),
    z.strictObject({ everyone: z.literal(true) }),
  ],
  {
    error: 'name one recipient: {"agent":"bob"}, {"team":…}, {"channel":…} or {"everyone":true}',
  },
);
export type Recipient = z.infer<typeof Recipient>;

/** Orders threads among each other; within a thread of one sender it is first in, first out. */
export const Priority = z.enum(['urgent', 'high', 'normal', 'low']);
export type Priority = z.infer<typeof Priority>;

const Thread = text(limits.keyCharsMax).min(1);

export const Message = z.strictObject({
  id: MessageId,
  from: AgentName,
  to: Recipient,
  type: MessageType,
  text: z.string(),
  data: JsonObject.nullable(),
  thread: z.string().nullable(),
  replyTo: MessageId.nullable(),
  priority: Priority,
  isSignal: z.boolean(),
  createdAtMs: TimeMs,
  expiresAtMs: TimeMs.nullable(),
});
export type Message = z.infer<typeof Message>;

/** `pending` waits to be read or acknowledged, `leased` is in somebody's hands. */
export const DeliveryState = z.enum(['pending', 'leased', 'acked', 'expired', 'dead']);
export type DeliveryState = z.infer<typeof DeliveryState>;

/** One recipient's ladder, each rung with its time; null where it was not reached. */
export const Delivery = z.strictObject({
  recipient: AgentName,
  state: DeliveryState,
  /** Its place in the recipient's mailbox. */
  cursor: z.int().min(1),
  storedAtMs: TimeMs,
  offeredAtMs: TimeMs.nullable(),
  seenAtMs: TimeMs.nullable(),
  ackedAtMs: TimeMs.nullable(),
  answeredAtMs: TimeMs.nullable(),
  handOuts: z.int().min(0),
  failures: z.int().min(0),
  reason: z.string().nullable(),
  /** When the hub looks at it again at the latest; null once it has ended. */
  nextCheckMs: TimeMs.nullable(),
});
export type Delivery = z.infer<typeof Delivery>;

/** Proves that the text was there to be read; it is given to the recipient alone. */
const Receipt = z.string().max(64);

/** A message as its recipient gets it. */
export const InboxItem = z.strictObject({
  message: Message,
  cursor: z.int().min(1),
  receipt: Receipt,
  state: DeliveryState,
  handOuts: z.int().min(0),
  /** It was handed out before: what it asks for may be half done. */
  isRedelivered: z.boolean(),
  leaseUntilMs: TimeMs.nullable(),
});
export type InboxItem = z.infer<typeof InboxItem>;

const Types = z.array(MessageType).min(1).max(32).optional();
const one = { id: MessageId };
const held = { id: MessageId, receipt: Receipt };
const LeaseMs = z.int().min(1_000).max(limits.messageLeaseMsMax).default(limits.messageLeaseMs);

export const messageOperations = {
  'message.send': command('message.send', {
    scope: 'submit',
    summary:
      'Sends a message. The answer comes when it is on disk; `message.show` then tells how far ' +
      'it got with each recipient.',
    input: z.strictObject({
      to: Recipient,
      type: MessageType.default('MESSAGE'),
      /** Markdown. */
      text: text(limits.messageCharsMax).default(''),
      data: JsonObject.optional(),
      thread: Thread.optional(),
      replyTo: MessageId.optional(),
      priority: Priority.default('normal'),
      ttlMs: z.int().min(1_000).max(limits.messageTtlMsMax).optional(),
      isSignal: z.boolean().default(false),
      /** A name that nobody has used yet: refuse, or keep the message until it registers. */
      unknown: z.enum(['refuse', 'keep']).default('refuse'),
    }),
    output: z.strictObject({
      id: MessageId,
      /** Mailboxes that it lies in; a channel and everyone count as one. */
      recipients: z.int().min(0),
      createdAtMs: TimeMs,
      /** Its place in the channel, where it went to one. */
      cursor: z.int().nullable(),
    }),
    errors: ['not_found', 'rate_limited', 'too_large'],
  }),
  'message.read': command('message.read', {
    scope: 'submit',
    summary:
      'Reads your own mailbox after a cursor. It takes no lease and burns nothing; what it ' +
      'shows has been offered to you.',
    input: z.strictObject({
      after: z.int().min(0).default(0),
      limit: pageInput.limit,
      types: Types,
      thread: Thread.optional(),
      /** Only what still waits to be acknowledged. */
      isPending: z.boolean().default(true),
    }),
    output: z.strictObject({
      items: z.array(InboxItem),
      nextCursor: z.int().min(0),
      /** All that waits in the mailbox, on this page or not; counted up to a bound. */
      pending: z.int().min(0),
    }),
    isJournaled: false,
  }),
  'message.receive': command('message.receive', {
    scope: 'submit',
    summary:
      'Takes messages from your mailbox under a lease. What is not acknowledged when it ends ' +
      'is handed out again.',
    input: z.strictObject({
      limit: z.int().min(1).max(limits.pageMax).default(1),
      leaseMs: LeaseMs,
      types: Types,
    }),
    output: z.strictObject({ items: z.array(InboxItem) }),
  }),
  'message.offered': command('message.offered', {
    scope: 'submit',
    summary:
      'Says that a program has received your messages up to a cursor; not that they are read.',
    input: z.strictObject({ upTo: z.int().min(1) }),
    output: z.strictObject({ count: z.int().min(0) }),
    isJournaled: false,
  }),
  'message.seen': command('message.seen', {
    scope: 'submit',
    summary: 'Says that you have read these messages; each with the receipt that came with it.',
    input: z.strictObject({ items: z.array(z.strictObject(held)).min(1).max(limits.pageMax) }),
    output: z.strictObject({ count: z.int().min(0) }),
    errors: ['not_found', 'conflict'],
  }),
  'message.ack': command('message.ack', {
    scope: 'submit',
    summary:
      'Acknowledges messages of yours: those named, or all that were offered up to a cursor. ' +
      'To acknowledge twice is harmless.',
    input: z
      .strictObject({
        ids: z.array(MessageId).min(1).max(limits.ackMax).optional(),
        upTo: z.int().min(1).optional(),
      })
      .refine((input) => (input.ids === undefined) !== (input.upTo === undefined), {
        message: 'either ids or upTo',
      }),
    output: z.strictObject({ count: z.int().min(0) }),
    errors: ['not_found'],
  }),
  'message.nack': command('message.nack', {
    scope: 'submit',
    summary: 'Gives a message back, to be handed out again after a while. It counts as a failure.',
    input: z.strictObject({
      ...held,
      delayMs: z.int().min(0).max(limits.messageDelayMsMax).default(0),
      reason: Reason.optional(),
    }),
    output: Delivery,
    errors: ['not_found', 'conflict'],
  }),
  'message.progress': command('message.progress', {
    scope: 'submit',
    summary: 'Says that you are still at it, and makes the lease longer.',
    input: z.strictObject({ ...held, leaseMs: LeaseMs }),
    output: z.strictObject({ leaseUntilMs: TimeMs }),
    errors: ['not_found', 'conflict'],
    isJournaled: false,
  }),
  'message.term': command('message.term', {
    scope: 'submit',
    summary: 'Gives a message up for good: it goes to the dead letters, and its sender is told.',
    input: z.strictObject({ ...held, reason: Reason }),
    output: Delivery,
    errors: ['not_found', 'conflict'],
  }),
  'message.show': query('message.show', {
    scope: 'read',
    summary: 'A message with the ladder of each recipient, for those who may read it.',
    input: z.strictObject(one),
    output: z.strictObject({ message: Message, deliveries: z.array(Delivery) }),
    errors: ['not_found'],
  }),
  'message.list': query('message.list', {
    scope: 'read',
    summary:
      'Messages that you may read, the newest first: by thread, sender, type or words. A page ' +
      'may be short or empty where few match; go on while there is a cursor.',
    input: z.strictObject({
      ...pageInput,
      thread: Thread.optional(),
      from: AgentName.optional(),
      to: AgentName.optional(),
      channel: ChannelName.optional(),
      type: MessageType.optional(),
      /** Part of the text, without regard to case. */
      search: text(200).min(1).optional(),
    }),
    output: page(Message),
  }),
  'message.dead': query('message.dead', {
    scope: 'read',
    summary: 'Dead letters: yours, those that you sent, or all for an operator.',
    input: z.strictObject(pageInput),
    output: page(z.strictObject({ message: Message, delivery: Delivery })),
  }),
  'message.redrive': command('message.redrive', {
    scope: 'submit',
    summary: 'Puts a dead letter back into the mailbox, as if it had just been sent.',
    input: z.strictObject({ ...one, recipient: AgentName.optional() }),
    output: z.strictObject({ count: z.int().min(0) }),
    errors: ['not_found', 'conflict'],
  }),
};
