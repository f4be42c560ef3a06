/**
 * What an agent does with the task in its hand: it takes the offer, says how it goes on, and hands
 * the work in or gives it back. Each report names the fence of its hand-out.
 */
import { z } from 'zod';
import { limits } from './limits.ts';
import { LockSession } from './lock.ts';
import { command } from './operation.ts';
import { RepositoryUrl } from './repository.ts';
import { BranchName, Capabilities, CommitId, Fence, Reason, TaskId, text } from './shape.ts';
import { Hold, Use } from './spending.ts';
import { Assignment, Progress } from './task.ts';

const Held = { taskId: TaskId, fence: Fence };
const Log = text(limits.outputCharsMax).default('');

/** A pushed branch: its head on top of its base. */
export const HandIn = z.strictObject({ branch: BranchName, base: CommitId, head: CommitId });
export type HandIn = z.infer<typeof HandIn>;

export const workOperations = {
  'task.pull': command('task.pull', {
    scope: 'work',
    summary: 'Takes the next task for an agent that has no socket; null when there is none.',
    input: z.strictObject({
      capabilities: Capabilities.default([]),
      /** Whose own locks do not bar the task's: the session that will do the work. */
      session: LockSession.optional(),
      /** This one and no other; a refusal says why it cannot be had. */
      taskId: TaskId.optional(),
      /** Only tasks of this repository. What is in hand already is answered all the same. */
      repository: RepositoryUrl.optional(),
    }),
    output: z.strictObject({
      assignment: Assignment.nullable(),
      /** Why there is none although one may wait: the agent or the project is held back. */
      hold: Hold.nullable(),
    }),
    errors: ['not_found', 'conflict'],
  }),
  'task.accept': command('task.accept', {
    scope: 'work',
    summary: 'Takes an offer. An offer that is not accepted in 10 s goes back.',
    input: z.strictObject(Held),
    output: Assignment,
    errors: ['not_found', 'stale_fence', 'conflict'],
  }),
  'task.decline': command('task.decline', {
    scope: 'work',
    summary: 'Gives an offer or an accepted task back; this burns no retry.',
    input: z.strictObject({
      ...Held,
      reason: Reason.default('declined by the agent'),
      log: Log,
      use: Use.optional(),
    }),
    output: Progress,
    errors: ['not_found', 'stale_fence', 'conflict'],
  }),
  'task.start': command('task.start', {
    scope: 'work',
    summary: 'Says that the work has begun, and takes the offer with it.',
    input: z.strictObject(Held),
    output: Progress,
    errors: ['not_found', 'stale_fence', 'conflict'],
  }),
  'task.progress': command('task.progress', {
    scope: 'work',
    summary:
      'Says what the agent is doing, what holds it up and what it has used, and keeps its ' +
      'attempt from being taken for stuck. An agent that pulls is heard of by it, too. The ' +
      'answer may tell it to stop.',
    input: z.strictObject({
      ...Held,
      /** In one line; left out, the last one stays. */
      note: text(limits.noteCharsMax).optional(),
      /** Why it cannot go on by itself; null where it can again. */
      blockedBy: text(limits.noteCharsMax).nullable().optional(),
      use: Use.optional(),
    }),
    output: z.strictObject({
      ...Progress.shape,
      /** Why the attempt should stop now; null where it may go on. */
      stop: z.string().nullable(),
    }),
    errors: ['not_found', 'stale_fence', 'conflict'],
    isJournaled: false,
  }),
  'task.snooze': command('task.snooze', {
    scope: 'work',
    summary:
      'Gives a task back for a while, or until its children have ended; this burns nothing, and ' +
      'the same agent goes first when it is due.',
    input: z.strictObject({
      ...Held,
      forMs: z.int().min(0).max(limits.snoozeMsMax).optional(),
      untilChildrenEnd: z.literal(true).optional(),
      reason: Reason.default('snoozed by the agent'),
      log: Log,
      use: Use.optional(),
    }),
    output: Progress,
    errors: ['not_found', 'stale_fence', 'conflict'],
  }),
  'task.complete': command('task.complete', {
    scope: 'work',
    summary:
      'Hands the work in. A task with a repository needs a pushed change and is done when that ' +
      'has landed; one without is done by its report.',
    input: z.strictObject({
      ...Held,
      report: text(limits.reasonCharsMax).optional(),
      change: HandIn.optional(),
      log: Log,
      use: Use.optional(),
    }),
    output: Progress,
    errors: ['not_found', 'stale_fence', 'conflict'],
  }),
  'task.fail': command('task.fail', {
    scope: 'work',
    summary: 'Says that the attempt failed; it is retried with backoff until it is a dead letter.',
    input: z.strictObject({
      ...Held,
      reason: Reason,
      outcome: z.enum(['failed', 'no_change']).default('failed'),
      /** False where another attempt cannot help. */
      isRetryable: z.boolean().default(true),
      log: Log,
      use: Use.optional(),
    }),
    output: Progress,
    errors: ['not_found', 'stale_fence', 'conflict'],
  }),
};
