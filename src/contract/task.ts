/**
 * Tasks: queued → offered → accepted → running → verifying → done, with blocked, cancelled, failed
 * and dead beside. Each hand-out has a fence; a report with an older one is refused, naming the
 * present holder, and what it brought is kept as an orphan.
 */
import { z } from 'zod';
import {
  AgentName,
  BranchName,
  Capabilities,
  ChangeId,
  CommitId,
  Fence,
  page,
  pageInput,
  Reason,
  RepositoryId,
  TaskId,
  text,
  TimeMs,
  Title,
} from './shape.ts';
import { limits } from './limits.ts';
import { command, query } from './operation.ts';
import { LockSession, PathPattern } from './lock.ts';
import { RepositoryUrl } from './repository.ts';

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
  'lost',
  'cancelled',
]);
export type Outcome = z.infer<typeof Outcome>;

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
  checks: z.array(z.string()),
  /** What it means to change: its exclusive locks from the hand-out on. */
  paths: z.array(z.string()),
  after: z.array(TaskId),
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

const Held = { taskId: TaskId, fence: Fence };
const Log = text(limits.outputCharsMax).default('');

/** A pushed branch: its head on top of its base. */
export const HandIn = z.strictObject({ branch: BranchName, base: CommitId, head: CommitId });
export type HandIn = z.infer<typeof HandIn>;

/** The short answer to a report on a task in hand. */
export const Progress = z.strictObject({ id: TaskId, state: TaskState, fence: z.int() });

export const taskOperations = {
  'task.submit': command('task.submit', {
    scope: 'submit',
    summary: 'Puts a task into the queue; an idle agent that can do it is offered it at once.',
    input: z.strictObject({
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
      failuresMax: z.int().min(1).max(limits.failuresMaxMost).default(limits.failuresMaxDefault),
      timeoutMs: z
        .int()
        .min(1_000)
        .max(limits.attemptTimeoutMsMax)
        .default(limits.attemptTimeoutMsDefault),
    }),
    output: Progress,
    errors: ['not_found'],
  }),
  'task.show': query('task.show', {
    scope: 'read',
    summary: 'One task with its attempts.',
    input: z.strictObject({ id: TaskId }),
    output: z.strictObject({ task: Task, attempts: z.array(Attempt) }),
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
  'task.pull': command('task.pull', {
    scope: 'work',
    summary: 'Takes the next task for an agent that has no socket; null when there is none.',
    input: z.strictObject({
      capabilities: Capabilities.default([]),
      /** Whose own locks do not bar the task's: the session that will do the work. */
      session: LockSession.optional(),
    }),
    output: z.strictObject({ assignment: Assignment.nullable() }),
    errors: ['conflict'],
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
    }),
    output: Progress,
    errors: ['not_found', 'stale_fence', 'conflict'],
  }),
  'task.start': command('task.start', {
    scope: 'work',
    summary: 'Says that the work has begun.',
    input: z.strictObject(Held),
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
    }),
    output: Progress,
    errors: ['not_found', 'stale_fence', 'conflict'],
  }),
};
