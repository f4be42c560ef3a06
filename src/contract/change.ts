/**
 * Changes: what an agent handed in, on its way to the base branch.
 *
 * submitted → verifying → landing → landed, with awaiting (a human), rejected, conflicted and
 * dropped beside. What was tested is what lands: the tested commit is pushed by compare-and-swap,
 * and a base that moved sends the change back to be rebased and tested again.
 */
import { z } from 'zod';
import {
  AgentName,
  BranchName,
  ChangeId,
  CommitId,
  Fence,
  page,
  pageInput,
  Reason,
  RepositoryId,
  RepositoryPath,
  TaskId,
  text,
  TimeMs,
} from './shape.ts';
import { limits } from './limits.ts';
import { command, query } from './operation.ts';

export const ChangeState = z.enum([
  'submitted',
  'verifying',
  'awaiting',
  'landing',
  'landed',
  'rejected',
  'conflicted',
  'dropped',
]);
export type ChangeState = z.infer<typeof ChangeState>;

/** Where a repository keeps its policy: read from the base branch, never from the change. */
export const POLICY_PATH = '.signalbox/policy.yaml';

/** 0 STATIC: the checks decide. 4 MANUAL: the checks, then a human. */
export const Tier = z.union([z.literal(0), z.literal(4)]);
export type Tier = z.infer<typeof Tier>;

export const Change = z.strictObject({
  id: ChangeId,
  taskId: TaskId,
  attempt: z.int(),
  fence: Fence,
  repository: z.strictObject({ id: RepositoryId, url: z.string() }),
  /** Null: the branch that the repository's own HEAD names. */
  baseBranch: z.string().nullable(),
  author: AgentName,
  branch: BranchName,
  baseCommit: CommitId,
  headCommit: CommitId,
  state: ChangeState,
  reason: z.string().nullable(),
  tier: Tier.nullable(),
  /** The rules of the policy that chose the tier, in words. */
  rules: z.array(z.string()),
  /** The commit that passed its checks, and the base that it was tested on. */
  testedCommit: CommitId.nullable(),
  testedBase: CommitId.nullable(),
  landedCommit: CommitId.nullable(),
  verifier: AgentName.nullable(),
  approvedBy: AgentName.nullable(),
  createdAtMs: TimeMs,
  endedAtMs: TimeMs.nullable(),
  nextCheckMs: TimeMs.nullable(),
});
export type Change = z.infer<typeof Change>;

/** What a verifier holds: the change, and its lease's fence. */
export const Verification = z.strictObject({ change: Change, lease: Fence });
export type Verification = z.infer<typeof Verification>;

const Leased = { id: ChangeId, lease: Fence };

export const changeOperations = {
  'change.claim': command('change.claim', {
    scope: 'verify',
    summary:
      'Takes the oldest change whose branch nobody is verifying: one lander a branch. A change ' +
      'that was being landed when its verifier died comes first, to be confirmed.',
    input: z.strictObject({}),
    output: z.strictObject({ verification: Verification.nullable() }),
  }),
  'change.heartbeat': command('change.heartbeat', {
    scope: 'verify',
    summary: 'Renews the lease on a change.',
    input: z.strictObject(Leased),
    output: z.strictObject({ leaseUntilMs: TimeMs }),
    errors: ['not_found', 'stale_fence'],
    isJournaled: false,
  }),
  'change.assess': command('change.assess', {
    scope: 'verify',
    summary:
      'Tells what a change touches and the policy of its base branch; the hub answers the tier ' +
      'and the checks to run.',
    input: z.strictObject({
      ...Leased,
      baseBranch: BranchName,
      /** `.signalbox/policy.yaml` as it stands in the base branch; null where there is none. */
      policy: text(limits.policyCharsMax).nullable(),
      paths: z.array(RepositoryPath).max(limits.pathsMax),
      additions: z.int().min(0),
      deletions: z.int().min(0),
    }),
    output: z.strictObject({
      tier: Tier,
      rules: z.array(z.string()),
      checks: z.array(z.strictObject({ command: z.string(), timeoutMs: z.int() })),
      isApproved: z.boolean(),
    }),
    errors: ['not_found', 'stale_fence', 'conflict'],
  }),
  'change.pass': command('change.pass', {
    scope: 'verify',
    summary:
      'Says that the tested commit passed on the tested base. Answers `landing` when it may be ' +
      'pushed now, which is recorded before the push, or `awaiting` when a human must approve.',
    input: z.strictObject({
      ...Leased,
      testedCommit: CommitId,
      testedBase: CommitId,
      log: text(limits.outputCharsMax),
    }),
    output: z.strictObject({ state: ChangeState }),
    errors: ['not_found', 'stale_fence', 'conflict'],
  }),
  'change.reject': command('change.reject', {
    scope: 'verify',
    summary:
      'Says that a check failed or that the change cannot be rebased; the task goes back with ' +
      'the output, for a new attempt.',
    input: z.strictObject({
      ...Leased,
      outcome: z.enum(['check_failed', 'conflict']),
      reason: Reason,
      log: text(limits.outputCharsMax),
    }),
    output: z.strictObject({ state: ChangeState }),
    errors: ['not_found', 'stale_fence', 'conflict'],
  }),
  'change.release': command('change.release', {
    scope: 'verify',
    summary: 'Puts a change back to be tested again: its base moved, or the verifier cannot go on.',
    input: z.strictObject({
      ...Leased,
      reason: Reason,
      retryInMs: z.int().min(0).max(3_600_000).default(0),
    }),
    output: z.strictObject({ state: ChangeState }),
    errors: ['not_found', 'stale_fence', 'conflict'],
  }),
  'change.land': command('change.land', {
    scope: 'verify',
    summary:
      'Says that the base branch was read again and holds the tested commit: the task is done.',
    input: z.strictObject({ ...Leased, landedCommit: CommitId }),
    output: z.strictObject({ state: ChangeState }),
    errors: ['not_found', 'stale_fence', 'conflict'],
  }),
  'change.show': query('change.show', {
    scope: 'read',
    summary: 'One change, with what its checks printed.',
    input: z.strictObject({ id: ChangeId }),
    output: z.strictObject({ change: Change, log: z.string() }),
    errors: ['not_found'],
  }),
  'change.list': query('change.list', {
    scope: 'read',
    summary: 'Changes, newest first, by state.',
    input: z.strictObject({
      ...pageInput,
      state: ChangeState.optional(),
      taskId: TaskId.optional(),
    }),
    output: page(Change),
  }),
  'change.approve': command('change.approve', {
    scope: 'approve',
    summary:
      'A human lets a change land. Its author, or who submitted its task as an agent, cannot.',
    input: z.strictObject({ id: ChangeId, reason: Reason.optional() }),
    output: z.strictObject({ state: ChangeState }),
    errors: ['not_found', 'conflict', 'forbidden'],
  }),
  'change.decline': command('change.decline', {
    scope: 'approve',
    summary: 'A human sends a change back to its task with a reason, for a new attempt.',
    input: z.strictObject({ id: ChangeId, reason: Reason }),
    output: z.strictObject({ state: ChangeState }),
    errors: ['not_found', 'conflict'],
  }),
};
