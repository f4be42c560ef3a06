/**
 * Locks: who may change what, until when.
 *
 * A lock is a set of items, taken all or nothing: paths of a repository by pattern, and things by
 * name. It is held by a task's attempt or by a session, never by a bare name: two processes that
 * call themselves alike do not hold each other's locks. Who cannot have it may wait: the ticket is
 * the lock's id, the event `lock.granted` the wake-up.
 *
 * A session's lease is one for all of its locks. What it says of its locks renews it, and so does
 * every beat; the locks of a task end with its attempt, or with the change that came of it.
 */
import { z } from 'zod';
import {
  AgentName,
  Fence,
  LockId,
  page,
  pageInput,
  Reason,
  RepositoryId,
  TaskId,
  text,
  TimeMs,
} from './shape.ts';
import { limits } from './limits.ts';
import { command, query } from './operation.ts';
import { RepositoryUrl } from './repository.ts';

export const LockMode = z.enum(['exclusive', 'shared']);
export type LockMode = z.infer<typeof LockMode>;

export const LockState = z.enum([
  'waiting',
  'granted',
  'released',
  'expired',
  'stolen',
  'withdrawn',
]);
export type LockState = z.infer<typeof LockState>;

/** `src/a.ts`, `src/**`, `*.{ts,tsx}`: what it may say stands in the protocol document. */
export const PathPattern = text(limits.lockPathCharsMax).min(1);

/** A thing that is no path, such as `db:schema` or `port:3000`. Case counts. */
export const ThingName = z
  .string()
  .min(1)
  .max(limits.lockNameCharsMax)
  .regex(/^[A-Za-z0-9][A-Za-z0-9+._:/@-]*$/, {
    error: 'no name of a thing: take letters, digits and + . _ : / @ -, as in db:schema',
  });

/**
 * One thing to lock. A path without a repository is of the only one that the project has.
 */
export const LockItem = z.union(
  [
    z.strictObject({ path: PathPattern, repository: RepositoryUrl.optional() }),
    z.strictObject({ name: ThingName }),
  ],
  { error: 'an item is {"path": "src/a.ts", "repository": "https://…"} or {"name": "db:schema"}' },
);
export type LockItem = z.infer<typeof LockItem>;

const Items = z.array(LockItem).max(limits.lockItemsMax, {
  error: `more than ${limits.lockItemsMax} items; take a pattern such as src/** for a folder`,
});

/** Which conversation, terminal or process asks: a text of the caller's own, the same each time. */
export const LockSession = text(limits.lockSessionCharsMax).regex(
  /^[\x21-\x7e]+$/,
  'a session is plain text without spaces',
);

/** Who is to hold it: the attempt in hand of a task, or a session of the caller. */
export const LockHolder = z.union(
  [z.strictObject({ session: LockSession }), z.strictObject({ taskId: TaskId, fence: Fence })],
  { error: 'a holder is {"session": "…"} or {"taskId": "tsk_…", "fence": 7}' },
);
export type LockHolder = z.infer<typeof LockHolder>;

/** What stands in the way of a lock: another one, held or further up in the line. */
export const Obstacle = z.strictObject({
  lockId: LockId,
  agent: AgentName,
  session: z.string().nullable(),
  taskId: TaskId.nullable(),
  state: z.enum(['granted', 'waiting']),
  mode: LockMode,
  /** What was asked for, and what of the other lock meets it. */
  item: z.string(),
  theirs: z.string(),
  /** When its lease ends if nothing renews it; null where it ends with a task. */
  leaseUntilMs: TimeMs.nullable(),
  reason: z.string().nullable(),
});
export type Obstacle = z.infer<typeof Obstacle>;

export const Lock = z.strictObject({
  id: LockId,
  state: LockState,
  mode: LockMode,
  agent: AgentName,
  /** Null where a task holds it. */
  session: z.string().nullable(),
  taskId: TaskId.nullable(),
  items: z.array(
    z.union([
      z.strictObject({ path: z.string(), repository: z.string(), repositoryId: RepositoryId }),
      z.strictObject({ name: z.string() }),
    ]),
  ),
  /** Of the grant; what a task declared has the fence of its hand-out. Null while it waits. */
  fence: Fence.nullable(),
  /** What the holder said it is for; after its end, why it ended. */
  reason: z.string().nullable(),
  requestedAtMs: TimeMs,
  grantedAtMs: TimeMs.nullable(),
  endedAtMs: TimeMs.nullable(),
  leaseUntilMs: TimeMs.nullable(),
});
export type Lock = z.infer<typeof Lock>;

const LeaseMs = z
  .int()
  .min(limits.lockLeaseMsMin)
  .max(limits.lockLeaseMsMax)
  .default(limits.lockLeaseMsDefault);

export const lockOperations = {
  'lock.acquire': command('lock.acquire', {
    scope: 'submit',
    summary:
      'Takes a set of paths and names, all or nothing. What the holder has already is its again. ' +
      'What others hold is refused, naming them, or waited for in line; a circle is refused.',
    input: z.strictObject({
      holder: LockHolder,
      items: Items.min(1),
      mode: LockMode.default('exclusive'),
      /** Stand in line where it cannot be had now; `lock.granted` tells when it can. */
      wait: z.boolean().default(false),
      leaseMs: LeaseMs,
      reason: Reason.optional(),
    }),
    output: z.strictObject({ lock: Lock, obstacles: z.array(Obstacle) }),
    errors: ['conflict', 'not_found', 'stale_fence', 'rate_limited'],
  }),
  'lock.release': command('lock.release', {
    scope: 'submit',
    summary:
      'Gives locks back, or leaves the line: one by its id, some items, or all of the holder.',
    input: z.strictObject({
      holder: LockHolder,
      id: LockId.optional(),
      items: Items.optional(),
    }),
    output: z.strictObject({
      /** Locks that have ended by this, and those that lost some of their items. */
      released: z.array(LockId),
      items: z.int().min(0),
    }),
    errors: ['not_found', 'forbidden', 'stale_fence'],
  }),
  'lock.renew': command('lock.renew', {
    scope: 'submit',
    summary: 'Renews the lease of a session, and says how many locks it holds and waits for.',
    input: z.strictObject({ session: LockSession, leaseMs: LeaseMs }),
    output: z.strictObject({
      held: z.int().min(0),
      waiting: z.int().min(0),
      leaseUntilMs: TimeMs.nullable(),
    }),
    isJournaled: false,
  }),
  'lock.check': query('lock.check', {
    scope: 'read',
    summary: 'Whether these could be taken now, and who holds or waits for what is in the way.',
    input: z.strictObject({
      items: Items.min(1),
      mode: LockMode.default('exclusive'),
      /** Whose own locks are not in the way. */
      holder: LockHolder.optional(),
    }),
    output: z.strictObject({ isFree: z.boolean(), obstacles: z.array(Obstacle) }),
  }),
  'lock.show': query('lock.show', {
    scope: 'read',
    summary: 'One lock, held, waited for or ended.',
    input: z.strictObject({ id: LockId }),
    output: Lock,
    errors: ['not_found'],
  }),
  'lock.list': query('lock.list', {
    scope: 'read',
    summary: 'Who holds what and who waits, newest first; with `state`, also what has ended.',
    input: z.strictObject({
      ...pageInput,
      agent: AgentName.optional(),
      session: LockSession.optional(),
      taskId: TaskId.optional(),
      state: LockState.optional(),
    }),
    output: page(Lock),
  }),
  'lock.stats': query('lock.stats', {
    scope: 'read',
    summary: 'How locks ended, for each agent, those first that most often let them run out.',
    input: z.strictObject({}),
    output: z.strictObject({
      items: z.array(
        z.strictObject({
          agent: AgentName,
          granted: z.int(),
          released: z.int(),
          expired: z.int(),
          stolen: z.int(),
          held: z.int(),
        }),
      ),
    }),
  }),
  'lock.steal': command('lock.steal', {
    scope: 'operate',
    summary:
      'Takes a lock from its holder, with a reason that it is told; the next in line gets it.',
    input: z.strictObject({ id: LockId, reason: Reason.min(1) }),
    output: Lock,
    errors: ['not_found', 'conflict'],
  }),
};
