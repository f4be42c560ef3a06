/** The shapes that more than one domain uses: ids, names, times, pages. */
import { z } from 'zod';
import { branchProblem } from '../core/git-names.ts';
import { limits } from './limits.ts';

/** Milliseconds since the epoch. */
export const TimeMs = z.int().min(0);

/** A time that is asked for. */
export const AskedTimeMs = TimeMs.max(
  limits.timeMsMax,
  'it is after the year 9999; give milliseconds since 1970',
);

/** What was given, in the words of a refusal: enough to know it again. */
const shown = (input: unknown): string => (JSON.stringify(input) ?? 'nothing').slice(0, 60);

const id = (prefix: string, noun: string, listed = '') =>
  z.string().regex(new RegExp(`^${prefix}_[0-9a-z]{21}$`), {
    error: ({ input }) =>
      `${shown(input)} is no ${noun} id: one is ${prefix}_ and 21 letters and digits${listed}`,
  });

const listedBy = (command: string): string => `; \`signalbox ${command}\` shows them`;

export const TaskId = id('tsk', 'task', listedBy('task list'));
export const ChangeId = id('chg', 'change', listedBy('change list'));
export const RepositoryId = id('rep', 'repository', listedBy('call repository.list'));
export const TokenId = id('tok', 'token', listedBy('token list'));
export const InviteId = id('inv', 'invite', listedBy('invite list'));
export const SessionId = id('ses', 'session');
export const MessageId = id('msg', 'message', listedBy('message list'));
export const RouteId = id('rou', 'rule', listedBy('route list'));
export const ArtifactId = id('art', 'artifact', listedBy('case artifacts'));
export const MemoryId = id('mem', 'memory', listedBy('recall'));
export const LockId = id('lck', 'lock', listedBy('lock list'));
export const WebhookId = id('whk', 'webhook', listedBy('webhook list'));
export const WebhookDeliveryId = id('whd', 'delivery', listedBy('webhook deliveries'));
export const ScheduleId = id('sch', 'schedule', listedBy('schedule list'));

/**
 * Names of agents and people. Case and the difference between `FirstResponder` and
 * `first_responder` do not tell two agents apart; see `nameKey`.
 */
export const AgentName = z
  .string()
  .min(1)
  .max(limits.nameCharsMax)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, {
    error: ({ input }) =>
      `${shown(input)} is no name: take letters, digits, dots, dashes and underscores`,
  });

/** The form under which a name is compared: lower case, without underscores and dashes. */
export function nameKey(name: string): string {
  return name.toLowerCase().replace(/[_-]/g, '');
}

/** A capability such as `ts`, `db:postgres` or `gpu`. */
export const Capability = z
  .string()
  .min(1)
  .max(limits.nameCharsMax)
  .regex(/^[a-z0-9][a-z0-9+._:/-]*$/, {
    error: ({ input }) =>
      `${shown(input)} is no capability: take lower case letters, digits and + . _ : / -`,
  });

export const Capabilities = z.array(Capability).max(limits.capabilitiesMax);

/**
 * Free text without NUL, which neither PostgreSQL nor an environment variable can hold, and without
 * half of a surrogate pair, which no UTF-8 can: it would be stored as another sign.
 */
export const text = (charsMax: number) =>
  z
    .string()
    .max(charsMax)
    .regex(
      /^[^\0\p{Cs}]*$/u,
      'it holds NUL or half of a character (a lone surrogate); send whole Unicode text',
    );

export const Title = text(limits.titleCharsMax).regex(
  /\S/,
  'it is empty; say in a few words what is to be done',
);
export const Reason = text(limits.reasonCharsMax);

/** A fence: a growing number given at each hand-out; an older one is refused. */
export const Fence = z.int().min(1);

export const CommitId = z.string().regex(/^[0-9a-f]{40}([0-9a-f]{24})?$/, 'a full commit id');

/**
 * A branch name as `git check-ref-format --branch` takes it, in the part that is safe everywhere.
 */
export const BranchName = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._/+@-]*$/, {
    error: ({ input }) => `${shown(input)} is no branch name: take letters, digits and . _ / + @ -`,
    abort: true,
  })
  .refine((name) => branchProblem(name) === null, {
    error: ({ input }) => `${shown(input)} is no branch name: ${branchProblem(String(input))}`,
  });

/** A path inside a repository: relative, with `/`, never leading out of it. */
export const RepositoryPath = text(limits.pathCharsMax)
  .min(1)
  .refine((path) => !path.startsWith('/') && !path.split('/').includes('..'), 'a relative path');

export const pageInput = {
  /** The `nextCursor` of the page before. */
  cursor: text(200).optional(),
  limit: z.int().min(1).max(limits.pageMax).default(limits.pageDefault),
};

export const page = <Item extends z.ZodType>(item: Item) =>
  z.strictObject({ items: z.array(item), nextCursor: z.string().nullable() });

/** JSON of a caller's own, which comes back as it was sent. */
export const JsonObject = z
  .record(z.string(), z.unknown())
  .refine((value) => isJson(value), 'plain JSON: text, numbers, true, false, null, lists, objects');
export type JsonObject = z.infer<typeof JsonObject>;

function isJson(value: unknown): boolean {
  if (value === null) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  if (typeof value === 'object') return Object.values(value).every(isJson);
  return typeof value === 'string' || typeof value === 'boolean';
}

/** How an attempt ended; null while it goes on. */
export const Outcome = z.enum([
  'done',
  'handed_in',
  'failed',
  'no_change',
  'check_failed',
  'conflict',
  'lapsed',
  'released',
  'snoozed',
  'stalled',
  'over_budget',
  'lost',
  'cancelled',
]);
export type Outcome = z.infer<typeof Outcome>;

/** How far an agent is trusted: an operator says it. Who is new is trusted with 1. */
export const Trust = z.int().min(0).max(limits.trustMax);
