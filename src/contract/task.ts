/**
 * Tasks: queued → offered → accepted → running → verifying → done, with blocked, cancelled, failed
 * and dead beside. Each hand-out has a fence; a report with an older one is refused, naming the
 * present holder, and what it brought is kept as an orphan.
 */
import { z } from 'zod';
import {
  AgentName,
  AskedTimeMs,
  BranchName,
  Capabilities,
  ChangeId,
  CommitId,
  Fence,
  Outcome,
  page,
  pageInput,
  Reason,
  RepositoryId,
  TaskId,
  text,
  TimeMs,
  Title,
  Trust,
} from './shape.ts';
import { limits } from './limits.ts';
import { command, query } from './operation.ts';
import { PathPattern } from './lock.ts';
import { RepositoryUrl } from './repository.ts';
import { Bounds, BoundsOf, Spending, Use } from './spending.ts';

export const Lane = z.enum(['urgent', 'high', 'normal', 'low']);
export type Lane = z.infer<typeof Lane>;

export const TaskState = z.enum([
  'blocked',
  'queued',
  'offered',
  'accepted',
  'running',
  'verifying',
  'done',
  'cancelled',
  'failed',
  'dead',
]);
export type TaskState = z.infer<typeof TaskState>;

/** What becomes of a task when one that it comes after ends without being done. */
export const OnNeededFailure = z.enum(['block', 'cancel']);
export type OnNeededFailure = z.infer<typeof OnNeededFailure>;

/** Tasks under one key are told apart or kept apart by it. */
export const TaskKey = text(limits.taskKeyCharsMax).regex(/\S/, 'it is empty');

/** A command that the change must pass, run as `sh -c` in a clean checkout. */
export const Check = text(limits.checkCharsMax).regex(/\S/, 'it is empty; give a command');

export const Attempt = z.strictObject({
  number: z.int().min(1),
  fence: Fence,
  agent: AgentName,
  offeredAtMs: TimeMs,
  acceptedAtMs: TimeMs.nullable(),
  startedAtMs: TimeMs.nullable(),
  endedAtMs: TimeMs.nullable(),
  outcome: Outcome.nullable(),
  /** What the next attempt should know: the failing output, the conflict. */
  failure: z.string().nullable(),
  use: Use.nullable(),
});
export type Attempt = z.infer<typeof Attempt>;

export const Task = z.strictObject({
  id: TaskId,
  title: z.string(),
  body: z.string(),
  lane: Lane,
  state: TaskState,
  /** Why it is in this state, where the state alone does not say it. */
  reason: z.string().nullable(),
  needs: Capabilities,
  /** Of several agents that could do it, one that has more of these goes first. */
  prefers: Capabilities,
  trust: Trust,
  concurrencyKey: z.string().nullable(),
  uniqueKey: z.string().nullable(),
  checks: z.array(z.string()),
  /** What it means to change: its exclusive locks from the hand-out on. */
  paths: z.array(z.string()),
  after: z.array(TaskId),
  onNeededFailure: OnNeededFailure,
  /** The task whose child it is. */
  parent: TaskId.nullable(),
  repository: z
    .strictObject({ id: RepositoryId, url: z.string(), baseBranch: z.string().nullable() })
    .nullable(),
  submitter: AgentName,
  /** The agent that holds it now. */
  agent: AgentName.nullable(),
  attempt: z.int().min(0),
  fence: z.int().min(0),
  failures: z.int().min(0),
  failuresMax: z.int().min(1),
  conflicts: z.int().min(0),
  timeoutMs: z.int(),
  progressTimeoutMs: z.int().nullable(),
  /** It must be handed in by then. */
  deadlineMs: TimeMs.nullable(),
  /** What its agent said last of what it is doing, and why it cannot go on by itself. */
  note: z.string().nullable(),
  blockedBy: z.string().nullable(),
  progressedAtMs: TimeMs.nullable(),
  /** What all its attempts together may spend, and have; null where nothing bounds it. */
  budget: BoundsOf.nullable(),
  used: Spending,
  changeId: ChangeId.nullable(),
  landedCommit: CommitId.nullable(),
  report: z.string().nullable(),
  createdAtMs: TimeMs,
  availableAtMs: TimeMs,
  endedAtMs: TimeMs.nullable(),
  /** When the hub looks at it again at the latest; null once it has ended. */
  nextCheckMs: TimeMs.nullable(),
});
export type Task = z.infer<typeof Task>;

/** What an agent gets with its hand-out. `lastFailure` is of the attempt before. */
export const Assignment = z.strictObject({ task: Task, lastFailure: z.string().nullable() });
export type Assignment = z.infer<typeof Assignment>;

/** The short answer to a report on a task in hand. */
export const Progress = z.strictObject({ id: TaskId, state: TaskState, fence: z.int() });

/** What a person or an agent asks for. */
export const TaskOrder = z.strictObject({
  title: Title,
  body: text(limits.bodyCharsMax).default(''),
  repository: RepositoryUrl.optional(),
  baseBranch: BranchName.optional(),
  checks: z.array(Check).max(limits.checksMax).default([]),
  /** What it will change: locked for it from its hand-out on, never given to two at once. */
  paths: z.array(PathPattern).max(limits.taskPathsMax).default([]),
  lane: Lane.default('normal'),
  needs: Capabilities.default([]),
  /** Tasks that must be done first. */
  after: z.array(TaskId).max(limits.dependenciesMax).default([]),
  onNeededFailure: OnNeededFailure.default('block'),
  /** The task whose child this one is; cancelling that cancels this. */
  parent: TaskId.optional(),
  prefers: Capabilities.default([]),
  /** The least trust that its agent must have. */
  trust: Trust.default(0),
  /** Of the tasks with one key, one is in hand at a time. */
  concurrencyKey: TaskKey.optional(),
  /**
   * Where a task with this key is there already, that one is answered and none is made: while it is
   * open, or ever again.
   */
  unique: z
    .strictObject({ key: TaskKey, scope: z.enum(['open', 'ever']).default('open') })
    .optional(),
  /** Not handed out before. */
  notBeforeMs: AskedTimeMs.optional(),
  /** Failed where it was not handed in by then. */
  deadlineMs: AskedTimeMs.optional(),
  failuresMax: z.int().min(1).max(limits.failuresMaxMost).default(limits.failuresMaxDefault),
  timeoutMs: z
    .int()
    .min(1_000)
    .max(limits.attemptTimeoutMsMax)
    .default(limits.attemptTimeoutMsDefault),
  /** An attempt that says nothing for so long has failed; left out, it may be silent. */
  progressTimeoutMs: z.int().min(1_000).max(limits.attemptTimeoutMsMax).optional(),
  /** What all its attempts together may spend; over it, the task is stopped and has failed. */
  budget: Bounds.optional(),
});
export type TaskOrder = z.infer<typeof TaskOrder>;

export const Submitted = z.strictObject({
  ...Progress.shape,
  /** True where its unique key was in use: this is the task that was there. */
  isExisting: z.boolean(),
});

/** A name for a task within one call. It begins with no `tsk_`. */
export const TaskRef = z
  .string()
  .max(limits.nameCharsMax)
  .regex(/^(?!tsk_)[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, dots, dashes and underscores');

const Named = z.union([TaskId, TaskRef]);
export const NamedOrder = TaskOrder.extend({
  ref: TaskRef.optional(),
  after: z.array(Named).max(limits.dependenciesMax).default([]),
  parent: Named.optional(),
});
export type NamedOrder = z.infer<typeof NamedOrder>;

export const taskOperations = {
  'task.submit': command('task.submit', {
    scope: 'submit',
    summary: 'Puts a task into the queue; an idle agent that can do it is offered it at once.',
    input: TaskOrder,
    output: Submitted,
    errors: ['not_found', 'conflict'],
  }),
  'batch.submit': command('batch.submit', {
    scope: 'submit',
    summary:
      'Puts several tasks into the queue, or none where one of them is wrong. They may come ' +
      'after each other, and be children of each other, by names that hold within the call.',
    input: z.strictObject({
      tasks: z.array(NamedOrder).min(1).max(limits.tasksAtOnceMax),
    }),
    /** In the order in which they were given. */
    output: z.strictObject({
      tasks: z.array(z.strictObject({ ref: z.string().nullable(), ...Submitted.shape })),
    }),
    errors: ['not_found', 'conflict'],
  }),
  'task.show': query('task.show', {
    scope: 'read',
    summary: 'One task with its attempts.',
    input: z.strictObject({ id: TaskId }),
    output: z.strictObject({
      task: Task,
      attempts: z.array(Attempt),
      /** Its children, the oldest first, as many as fit a page. */
      children: z.array(z.strictObject({ id: TaskId, title: z.string(), state: TaskState })),
    }),
    errors: ['not_found'],
  }),
  'task.list': query('task.list', {
    scope: 'read',
    summary: 'Tasks, newest first, by state, agent or repository.',
    input: z.strictObject({
      ...pageInput,
      state: TaskState.optional(),
      agent: AgentName.optional(),
      repositoryId: RepositoryId.optional(),
      parent: TaskId.optional(),
    }),
    output: page(Task),
  }),
  'task.log': query('task.log', {
    scope: 'read',
    summary: 'What the command of an attempt printed: its last part, bounded.',
    input: z.strictObject({ id: TaskId, attempt: z.int().min(1).optional() }),
    output: z.strictObject({ attempt: z.int(), log: z.string() }),
    errors: ['not_found'],
  }),
  'task.cancel': command('task.cancel', {
    scope: 'submit',
    summary: 'Ends a task that has not ended. Its agent is told; a late report is fenced off.',
    input: z.strictObject({ id: TaskId, reason: Reason.optional() }),
    output: Progress,
    errors: ['not_found', 'conflict', 'forbidden'],
  }),
  'task.retry': command('task.retry', {
    scope: 'submit',
    summary: 'Puts a dead, failed or cancelled task back into the queue with all its retries.',
    input: z.strictObject({ id: TaskId }),
    output: Progress,
    errors: ['not_found', 'conflict'],
  }),
};
