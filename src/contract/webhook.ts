/**
 * Webhooks: notices of chosen events, posted to a URL outside of the house.
 *
 * A webhook reads the log of events by a cursor of its own. Each event that it wants becomes a
 * delivery, which is on disk before it is first sent and is tried until it is answered with 2xx, or
 * is dead. `webhook-id` is the id of the delivery, the same at each try, so that a receiver can
 * tell what it had before. Requests are signed as Standard Webhooks 1.0.0 has it.
 *
 * The path of a URL may be a secret: what is shown of one is masked, and the secret that signs is
 * shown once.
 */
import { z } from 'zod';
import { EventType } from './event.ts';
import { limits } from './limits.ts';
import { command, query } from './operation.ts';
import { AgentName, page, pageInput, Reason, text, TimeMs } from './shape.ts';
import { WebhookDeliveryId, WebhookId } from './shape.ts';

/** In which form a notice is sent: as JSON of the event, or as a sentence for people. */
export const WebhookShape = z.enum(['standard', 'slack', 'discord', 'ntfy']);
export type WebhookShape = z.infer<typeof WebhookShape>;

export const WebhookState = z.enum(['active', 'paused']);
export type WebhookState = z.infer<typeof WebhookState>;

export const WebhookDeliveryState = z.enum(['pending', 'delivered', 'dead']);
export type WebhookDeliveryState = z.infer<typeof WebhookDeliveryState>;

/** `whsec_` and 24 to 64 bytes in base64, as Standard Webhooks writes a signing secret. */
export const WebhookSecret = z
  .string()
  .max(100)
  .regex(/^whsec_([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'whsec_ and base64')
  .refine((secret) => {
    const bytes = secret.slice('whsec_'.length).replaceAll('=', '').length * 0.75;
    return bytes >= 24 && bytes < 65;
  }, 'whsec_ and base64 of 24 to 64 bytes');

export const Webhook = z.strictObject({
  id: WebhookId,
  /** Masked: without what may be a secret in it. */
  url: z.string(),
  /** Null: every type. */
  events: z.array(EventType).nullable(),
  /** Only events about this; null: about anything. */
  subject: z.string().nullable(),
  shape: WebhookShape,
  state: WebhookState,
  /** Why it is paused. */
  reason: z.string().nullable(),
  /** Who made it: it carries what they may read. */
  creator: AgentName,
  /** The event up to which deliveries were made. */
  cursor: z.int(),
  /** Notices that died one after the other; 0 after one that arrived. */
  deadInRow: z.int(),
  /** Until then the secret before this one signs too; null where there is none. */
  oldSecretUntilMs: TimeMs.nullable(),
  createdAtMs: TimeMs,
});
export type Webhook = z.infer<typeof Webhook>;

export const WebhookDelivery = z.strictObject({
  id: WebhookDeliveryId,
  webhookId: WebhookId,
  /** The event that it tells of. */
  seq: z.int(),
  type: z.string(),
  subject: z.string(),
  state: WebhookDeliveryState,
  attempts: z.int(),
  /** The HTTP status of the last answer; null where none came. */
  status: z.int().nullable(),
  /** Why the last try failed. */
  reason: z.string().nullable(),
  createdAtMs: TimeMs,
  endedAtMs: TimeMs.nullable(),
  /** When it is tried, or looked at, again; null once it has ended. */
  nextCheckMs: TimeMs.nullable(),
});
export type WebhookDelivery = z.infer<typeof WebhookDelivery>;

const one = z.strictObject({ id: WebhookId });
const withSecret = z.strictObject({ webhook: Webhook, secret: z.string() });

export const webhookOperations = {
  'webhook.add': command('webhook.add', {
    scope: 'operate',
    summary:
      'Posts chosen events to a URL from now on. The secret that signs them is shown once; it is ' +
      'made here unless it is given.',
    input: z.strictObject({
      url: text(limits.webhookUrlCharsMax).min(1),
      events: z.array(EventType).min(1).max(EventType.options.length).optional(),
      subject: text(64).min(1).optional(),
      shape: WebhookShape.default('standard'),
      secret: WebhookSecret.optional(),
    }),
    output: withSecret,
    errors: ['conflict'],
    isSecret: true,
  }),
  'webhook.list': query('webhook.list', {
    scope: 'operate',
    summary: 'The webhooks of the project, without their secrets.',
    input: z.strictObject({ ...pageInput }),
    output: page(Webhook),
  }),
  'webhook.show': query('webhook.show', {
    scope: 'operate',
    summary: 'One webhook, and how many of its deliveries wait or are dead.',
    input: one,
    output: z.strictObject({ webhook: Webhook, pending: z.int(), dead: z.int() }),
    errors: ['not_found'],
  }),
  'webhook.remove': command('webhook.remove', {
    scope: 'operate',
    summary: 'Ends a webhook. What still waits is not sent.',
    input: one,
    output: z.strictObject({ id: WebhookId }),
    errors: ['not_found'],
  }),
  'webhook.rotate': command('webhook.rotate', {
    scope: 'operate',
    summary: 'Makes a new secret. For the grace time both sign each request.',
    input: z.strictObject({
      id: WebhookId,
      graceMs: z.int().min(0).max(limits.webhookGraceMsMax).default(limits.webhookGraceMsDefault),
      secret: WebhookSecret.optional(),
    }),
    output: withSecret,
    errors: ['not_found'],
    isSecret: true,
  }),
  'webhook.pause': command('webhook.pause', {
    scope: 'operate',
    summary: 'Holds a webhook back. Nothing is lost: it goes on where it stopped.',
    input: z.strictObject({ id: WebhookId, reason: Reason.optional() }),
    output: Webhook,
    errors: ['not_found'],
  }),
  'webhook.resume': command('webhook.resume', {
    scope: 'operate',
    summary: 'Lets a paused webhook go on, with what happened meanwhile or without it.',
    input: z.strictObject({
      id: WebhookId,
      fromNow: z.boolean().default(false),
    }),
    output: Webhook,
    errors: ['not_found'],
  }),
  'webhook.test': query('webhook.test', {
    scope: 'operate',
    summary: 'Sends one notice of the type `webhook.test` now, and says what came back.',
    input: one,
    output: z.strictObject({
      isDelivered: z.boolean(),
      status: z.int().nullable(),
      durationMs: z.int(),
      /** Why it failed. */
      reason: z.string().nullable(),
      /** The beginning of the answer's body. */
      answer: z.string(),
    }),
    errors: ['not_found'],
  }),
  'webhook.deliveries': query('webhook.deliveries', {
    scope: 'operate',
    summary: 'What was sent, waits or is dead, newest first.',
    input: z.strictObject({
      id: WebhookId.optional(),
      state: WebhookDeliveryState.optional(),
      ...pageInput,
    }),
    output: page(WebhookDelivery),
  }),
  'webhook.redrive': command('webhook.redrive', {
    scope: 'operate',
    summary: 'Tries a dead delivery again, from its first try on.',
    input: z.strictObject({ id: WebhookDeliveryId }),
    output: WebhookDelivery,
    errors: ['not_found', 'conflict'],
  }),
};
