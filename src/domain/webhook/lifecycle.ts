/**
 * What becomes of a delivery after a try, and which events a webhook carries. Pure.
 *
 * ```
 *  pending ──► delivered                                 answered with 2xx
 *     │ ▲ └──► dead ──► pending (redrive)                8 tries, or 410 Gone
 *     └─┘ backoff, longer each time
 * ```
 */
import { type EventType, limits, nameKey, type Role, roleScopes } from '../../contract/index.ts';
import { backoffMs } from '../../core/backoff.ts';
import type { Actor } from '../event/index.ts';

const GONE = 410;
const ASKS_TO_WAIT = new Set([429, 503]);
const BACKOFF = {
  firstMs: limits.webhookRetryFirstMs,
  mostMs: limits.webhookRetryMostMs,
  factor: 6,
};

/** What came back from a try. */
export interface Outcome {
  status: number | null;
  /** Null where it arrived. */
  reason: string | null;
  retryAfterMs: number | null;
}

export type Verdict =
  | { to: 'delivered' }
  | { to: 'pending'; waitMs: number }
  | { to: 'dead'; isGone: boolean };

/** `attempts` counts the one that was just made; `fraction` is random, in [0, 1). */
export function decideDelivery(outcome: Outcome, attempts: number, fraction: number): Verdict {
  if (outcome.reason === null) return { to: 'delivered' };
  const isGone = outcome.status === GONE;
  if (isGone || attempts >= limits.webhookTriesMax) return { to: 'dead', isGone };
  const backoff = backoffMs(BACKOFF, attempts, fraction);
  const isAsked = outcome.status !== null && ASKS_TO_WAIT.has(outcome.status);
  const asked = isAsked ? (outcome.retryAfterMs ?? 0) : 0;
  return { to: 'pending', waitMs: Math.min(Math.max(backoff, asked), limits.webhookRetryMostMs) };
}

/** Is it time to stop sending to a receiver? Undefined where it is not. */
export function reasonToPause(
  verdict: Verdict,
  deadInRow: number,
  reason: string,
): string | undefined {
  if (verdict.to !== 'dead') return undefined;
  if (verdict.isGone) return 'it answered 410 Gone: it wants no more notices';
  if (deadInRow < limits.webhookDeadInRowMax) return undefined;
  return `${deadInRow} notices in a row could not be delivered; the last one: ${reason}`;
}

/** Who made a webhook, as the reader on whose behalf it carries events. */
export function readerOf(name: string, role: Role, project: string): Actor {
  const scopes = new Set(roleScopes[role]);
  return { name, key: nameKey(name), role, project, scopes, tokenId: null };
}

export interface Carried {
  type: EventType;
  subject: string;
  audience: string | null;
  data: { webhookId?: string | undefined };
}

/**
 * Beyond what its maker may read: a letter is addressed to an agent, and only people take those of
 * others along; and what befalls a webhook itself does not go through it, or a dead receiver would
 * be told of its death.
 */
export function mayCarry(webhookId: string, event: Carried, maker: Pick<Actor, 'role'>): boolean {
  const isPerson = maker.role === 'admin' || maker.role === 'operator';
  if (event.type.startsWith('message.') && event.audience !== null && !isPerson) return false;
  return event.subject !== webhookId && event.data.webhookId !== webhookId;
}
