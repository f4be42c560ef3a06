/** From the hand-in to the base branch: what verifiers and people say of changes. */
import { limits, nameKey, type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import { pageOf } from '../../core/page.ts';
import { lockProject, worksAsAgent } from '../agent/index.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import { parseList, requireTask } from '../task/index.ts';
import { decideChange } from './lifecycle.ts';
import {
  changeFacts,
  moveChange,
  permitted,
  requireChange,
  unknownChange,
  writeChange,
} from './move.ts';
import { landTask, sendBack } from './outcome.ts';
import { keepLanded, overtakenInWords } from './overtaken.ts';
import { assess as assessPolicy } from './policy.ts';
import {
  type ChangeRow,
  findChangeWithRepository,
  findClaimable,
  listChanges,
  nextLease,
  renewChangeLease,
} from './queries.ts';
import { toChange } from './view.ts';

export async function claim(context: CommandContext): Promise<Output<'change.claim'>> {
  const { tx, actor, nowMs } = context;
  await lockProject(tx, actor.project);
  const found = await findClaimable(tx, actor.project, nowMs);
  if (found === undefined) return { verification: null };
  const row = await requireChange(context, found.id);
  const move = permitted(row, decideChange(changeFacts(row), { type: 'claim' }));
  if (move === undefined) return { verification: null };
  const lease = await nextLease(tx);
  await moveChange(context, row, { state: move.to, lease, verifier: actor.name });
  const claimed = await findChangeWithRepository(tx, actor.project, row.id);
  if (claimed === undefined) throw unknownChange(row.id);
  return { verification: { change: toChange(claimed), lease } };
}

export async function heartbeat(
  context: CommandContext,
  input: Parsed<'change.heartbeat'>,
): Promise<Output<'change.heartbeat'>> {
  const leaseUntilMs = context.nowMs + limits.verifierLeaseMs;
  const { project } = context.actor;
  const renewal = { id: input.id, project, lease: input.lease, leaseUntilMs };
  if (await renewChangeLease(context.tx, renewal)) return { leaseUntilMs };
  permitted(await requireChange(context, input.id), { is: 'stale' });
  return { leaseUntilMs };
}

export async function assess(
  context: CommandContext,
  input: Parsed<'change.assess'>,
): Promise<Output<'change.assess'>> {
  const row = await requireChange(context, input.id);
  permitted(row, decideChange(changeFacts(row), { type: 'assess', lease: input.lease }));
  const task = await requireTask(context, row.task_id);
  const { policy, paths, additions, deletions, baseBranch } = input;
  const taskChecks = parseList(task.checks);
  const found = assessPolicy({ policy, paths, additions, deletions, taskChecks, baseBranch });
  await writeChange(context, {
    ...row,
    tier: found.tier,
    rules: JSON.stringify(found.rules),
    checks: JSON.stringify(found.checks),
    paths: JSON.stringify(paths),
    next_check_ms: context.nowMs + limits.verifierLeaseMs,
  });
  await record(context, {
    type: 'change.assessed',
    subject: row.id,
    data: { taskId: row.task_id, tier: found.tier, reason: found.rules.slice(0, 3).join('; ') },
  });
  return { ...found, isApproved: row.approved_by !== null };
}

export async function pass(
  context: CommandContext,
  input: Parsed<'change.pass'>,
): Promise<Output<'change.pass'>> {
  await lockProject(context.tx, context.actor.project);
  const row = await requireChange(context, input.id);
  const verdict = decideChange(changeFacts(row), { type: 'pass', lease: input.lease });
  const move = permitted(row, verdict);
  if (row.tier === null) {
    throw new SignalboxError('conflict', 'the change was not assessed', {
      hint: 'Call change.assess first: it answers the tier and the checks.',
    });
  }
  if (move === undefined) return { state: row.state };
  const { testedCommit, testedBase, log } = input;
  if (move.to === 'landing') {
    const reason = await overtakenInWords(context, row);
    if (reason !== undefined) return sendBackOvertaken(context, row, reason);
  }
  const isAwaiting = move.to === 'awaiting';
  const next = await moveChange(context, row, {
    state: move.to,
    reason: isAwaiting ? `a human must approve: ${parseList(row.rules).join('; ')}` : null,
    tested_commit: testedCommit,
    tested_base: testedBase,
    log,
  });
  return { state: next.state };
}

/** Its author was paused, and another took a path over and landed: a new attempt starts on that. */
async function sendBackOvertaken(
  context: CommandContext,
  row: ChangeRow,
  reason: string,
): Promise<Output<'change.pass'>> {
  const verdict = decideChange(changeFacts(row), { type: 'conflict', lease: row.lease ?? 0 });
  const move = permitted(row, verdict);
  if (move === undefined) return { state: row.state };
  const next = await moveChange(context, row, { state: move.to, reason });
  await sendBack(context, next, { outcome: 'conflict', reason, log: '' });
  return { state: next.state };
}

export async function reject(
  context: CommandContext,
  input: Parsed<'change.reject'>,
): Promise<Output<'change.reject'>> {
  await lockProject(context.tx, context.actor.project);
  const row = await requireChange(context, input.id);
  const type = input.outcome === 'conflict' ? 'conflict' : 'reject';
  const move = permitted(row, decideChange(changeFacts(row), { type, lease: input.lease }));
  if (move === undefined) return { state: row.state };
  const { reason, log, outcome } = input;
  const next = await moveChange(context, row, { state: move.to, reason, log });
  await sendBack(context, next, { outcome, reason, log });
  return { state: next.state };
}

export async function release(
  context: CommandContext,
  input: Parsed<'change.release'>,
): Promise<Output<'change.release'>> {
  const row = await requireChange(context, input.id);
  const verdict = decideChange(changeFacts(row), { type: 'release', lease: input.lease });
  const move = permitted(row, verdict);
  if (move === undefined) return { state: row.state };
  const next = await moveChange(context, row, {
    state: move.to,
    reason: input.reason,
    verifier: null,
    available_at_ms: context.nowMs + input.retryInMs,
  });
  return { state: next.state };
}

export async function land(
  context: CommandContext,
  input: Parsed<'change.land'>,
): Promise<Output<'change.land'>> {
  await lockProject(context.tx, context.actor.project);
  const row = await requireChange(context, input.id);
  const verdict = decideChange(changeFacts(row), { type: 'land', lease: input.lease });
  const move = permitted(row, verdict);
  if (move === undefined) return { state: row.state };
  const landed = { state: move.to, landed_commit: input.landedCommit };
  const next = await moveChange(context, row, landed);
  await keepLanded(context, next);
  await landTask(context, next);
  return { state: next.state };
}

export async function approve(
  context: CommandContext,
  input: Parsed<'change.approve'>,
): Promise<Output<'change.approve'>> {
  const row = await requireChange(context, input.id);
  await refuseInvolved(context, row);
  const move = permitted(row, decideChange(changeFacts(row), { type: 'approve' }));
  if (move === undefined) return { state: row.state };
  const next = await moveChange(context, row, {
    state: move.to,
    approved_by: context.actor.name,
    reason: input.reason ?? null,
  });
  return { state: next.state };
}

/** Nobody approves what they wrote, and no agent, under whatever token, what it has asked for. */
async function refuseInvolved(context: CommandContext, row: ChangeRow): Promise<void> {
  const { actor } = context;
  const isAuthor = nameKey(row.author) === actor.key;
  if (!isAuthor) {
    const { submitter } = await requireTask(context, row.task_id);
    if (nameKey(submitter) !== actor.key) return;
    if (!(await worksAsAgent(context))) return;
  }
  const part = isAuthor ? 'wrote' : 'asked for';
  throw new SignalboxError('forbidden', `${actor.name} ${part} this change and cannot approve it`, {
    hint: 'Ask another person, with a token of `signalbox token create --role operator`.',
  });
}

export async function decline(
  context: CommandContext,
  input: Parsed<'change.decline'>,
): Promise<Output<'change.decline'>> {
  await lockProject(context.tx, context.actor.project);
  const row = await requireChange(context, input.id);
  const move = permitted(row, decideChange(changeFacts(row), { type: 'decline' }));
  if (move === undefined) return { state: row.state };
  const reason = `declined by ${context.actor.name}: ${input.reason}`;
  const next = await moveChange(context, row, { state: move.to, reason });
  await sendBack(context, next, { outcome: 'check_failed', reason, log: '' });
  return { state: next.state };
}

export async function show(
  context: QueryContext,
  input: Parsed<'change.show'>,
): Promise<Output<'change.show'>> {
  const row = await findChangeWithRepository(context.db, context.actor.project, input.id);
  if (row === undefined) throw unknownChange(input.id);
  return { change: toChange(row), log: row.log };
}

export async function list(
  context: QueryContext,
  input: Parsed<'change.list'>,
): Promise<Output<'change.list'>> {
  const rows = await listChanges(context.db, {
    project: context.actor.project,
    beforeId: input.cursor ?? '~',
    limit: input.limit,
    state: input.state,
    taskId: input.taskId,
  });
  return pageOf(rows, { limit: input.limit, toItem: toChange, toCursor: ({ id }) => id });
}
