/** What the sidecar knows about an attempt, as it lies on disk. */
import { z } from 'zod';
import { CommitId, Fence, RepositoryUrl, TaskId, Use } from '../contract/index.ts';
import type { Assignment } from '../contract/index.ts';
import { endings, stages } from './lifecycle.ts';
import { ProcessId } from '../process/identity.ts';

/** What an attempt left, as it was found after its end. */
export const Work = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('none') }),
  z.strictObject({ kind: z.literal('change'), base: CommitId, head: CommitId }),
  /** It cannot be handed in. What there is of it is pushed all the same. */
  z.strictObject({ kind: z.literal('broken'), reason: z.string(), head: CommitId.nullable() }),
  /** It could not be committed. It lies in its worktree and is tried again from time to time. */
  z.strictObject({ kind: z.literal('unsaved'), reason: z.string() }),
]);
export type Work = z.infer<typeof Work>;

export const AttemptRecord = z.strictObject({
  version: z.literal(1),
  stage: z.enum(stages),
  taskId: TaskId,
  fence: Fence,
  attempt: z.int().min(1),
  /** The branch that the work is pushed to. */
  branch: z.string(),
  task: z.strictObject({
    title: z.string(),
    body: z.string(),
    checks: z.array(z.string()),
    timeoutMs: z.int(),
    repository: z
      .strictObject({ url: RepositoryUrl, baseBranch: z.string().nullable() })
      .nullable(),
    lastFailure: z.string().nullable(),
  }),
  /** The commit that the worktree was cut from. */
  base: CommitId.nullable(),
  process: ProcessId.nullable(),
  ending: z.enum(endings).nullable(),
  /** What happened, in words. */
  reason: z.string(),
  log: z.string(),
  work: Work.nullable(),
  /** Why its work could not be pushed at its end. */
  unpushed: z.string().nullable().default(null),
  /** What the agent's CLI said of its run; null for a command. */
  told: z
    .strictObject({
      use: Use.nullable(),
      hasAnswer: z.boolean(),
      result: z.string().nullable(),
      /** When its account may be used again, as far as that is known. */
      limitedUntilMs: z.int().nullable(),
    })
    .nullable()
    .default(null),
});
export type AttemptRecord = z.infer<typeof AttemptRecord>;

export function newRecord({ task, lastFailure }: Assignment): AttemptRecord {
  const { id, fence, attempt, title, body, checks, timeoutMs, repository } = task;
  const where = repository && { url: repository.url, baseBranch: repository.baseBranch };
  // The hub is elsewhere, and what it says here becomes paths: no more than the contract allows.
  return AttemptRecord.parse({
    version: 1,
    stage: 'accepted',
    taskId: id,
    fence,
    attempt,
    branch: `signalbox/${id}/${attempt}`,
    task: { title, body, checks, timeoutMs, repository: where, lastFailure },
    base: null,
    process: null,
    ending: null,
    reason: '',
    log: '',
    work: null,
    unpushed: null,
    told: null,
  });
}

/** The name of an attempt's files; a task's hand-outs never share one. */
export function recordName({ taskId, attempt, fence }: AttemptRecord): string {
  return `${taskId}.${attempt}.${fence}`;
}
