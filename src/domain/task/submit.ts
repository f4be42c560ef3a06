/**
 * Tasks come in, one or many. Many are one transaction: all of them, or none. They may name each
 * other, so they are put in an order in which each comes after what it names; where there is none,
 * the circle is told.
 */
import {
  limits,
  nameKey,
  type Output,
  type Parsed,
  SignalboxError,
  type TaskOrder,
} from '../../contract/index.ts';
import { present } from '../../core/assert.ts';
import { newId } from '../../core/ids.ts';
import { lockProject } from '../agent/index.ts';
import { type CommandContext, record } from '../event/index.ts';
import { canonicalPattern } from '../lock/index.ts';
import { ensureRepository } from '../repository/index.ts';
import { rankMs } from './assign.ts';
import { nextCheckMs } from './next-check.ts';
import { requireTask, unknownTask } from './facts.ts';
import { countChildren, findNeeded, insertDependencies, type NeededRow } from './family-queries.ts';
import { isEnded } from './lifecycle.ts';
import { declareIntents } from './locks.ts';
import { inOrder } from './order.ts';
import { findByUniqueKey, findTask, type TaskRow } from './queries.ts';
import { bringIn } from './schedule.ts';
import { toProgress } from './view.ts';

type Submitted = Output<'task.submit'>;

export async function submit(
  context: CommandContext,
  input: Parsed<'task.submit'>,
): Promise<Submitted> {
  await lockProject(context.tx, context.actor.project);
  return submitOne(context, input);
}

export async function submitMany(
  context: CommandContext,
  input: Parsed<'batch.submit'>,
): Promise<Output<'batch.submit'>> {
  await lockProject(context.tx, context.actor.project);
  const ids = new Map<string, string>();
  const answers = new Map<number, Submitted>();
  const resolve = (name: string): string => ids.get(name) ?? name;
  for (const index of inOrder(input.tasks)) {
    const { ref, after, parent, ...order } = present(input.tasks[index], 'the task');
    const named = { after: after.map(resolve), ...(parent && { parent: resolve(parent) }) };
    const answer = await submitOne(context, { ...order, ...named }, input.tasks.length - index);
    answers.set(index, answer);
    if (ref !== undefined) ids.set(ref, answer.id);
  }
  const tasks = [...answers].toSorted(([a], [b]) => a - b);
  return { tasks: tasks.map(([at, task]) => ({ ref: input.tasks[at]?.ref ?? null, ...task })) };
}

/**
 * Whoever calls holds the project's row. Of many that come at one moment, the first go first: each
 * has its place as if it had come so many milliseconds earlier, which puts none into another lane.
 */
export async function submitOne(
  context: CommandContext,
  order: TaskOrder,
  earlierMs = 0,
): Promise<Submitted> {
  refuseUnheeded(order);
  refuseLate(context, order);
  const twin = order.unique && (await findTwin(context, order.unique.key));
  if (twin !== undefined) return { ...toProgress(twin), isExisting: true };
  const needed = await requireNeeded(context, order.after);
  if (order.parent !== undefined) await checkParent(context, order.parent, order.after);
  const unmet = needed.filter((task) => task.state !== 'done');
  const made = await newTask(context, order, unmet);
  const row = { ...made, rank_ms: made.rank_ms - earlierMs };
  await record(context, {
    type: row.state === 'blocked' ? 'task.blocked' : 'task.queued',
    subject: row.id,
    data: { title: row.title, lane: row.lane },
  });
  await bringIn(context, row);
  await declareIntents(context, row);
  await insertDependencies(context.tx, row.id, needed);
  return { ...toProgress(row), isExisting: false };
}

async function requireNeeded(
  context: CommandContext,
  after: readonly string[],
): Promise<NeededRow[]> {
  const ids = [...new Set(after)];
  const found = await findNeeded(context.tx, context.actor.project, ids);
  const known = new Map(found.map((row) => [row.id, row]));
  return ids.map((id) => {
    const row = known.get(id);
    if (row === undefined) throw unknownTask(id);
    return row;
  });
}

/** The task that has the key: while it is open, or for ever where it asked for that. */
export function findTwin(context: CommandContext, key: string): Promise<TaskRow | undefined> {
  return findByUniqueKey(context.tx, context.actor.project, key);
}

type Unheeded = Pick<TaskOrder, 'repository' | 'checks' | 'baseBranch' | 'paths'>;

/** A check that is never run must not seem to have passed. */
export function refuseUnheeded(order: Unheeded): void {
  if (order.repository !== undefined) return;
  const { checks, baseBranch, paths } = order;
  if (checks.length === 0 && baseBranch === undefined && paths.length === 0) return;
  throw new SignalboxError('invalid_input', 'checks, paths and a base branch need a repository', {
    hint: 'Name the repository too, or leave them out: without one a task is done by its report.',
  });
}

function refuseLate({ nowMs }: CommandContext, { deadlineMs, notBeforeMs }: TaskOrder): void {
  if (deadlineMs === undefined) return;
  if (deadlineMs > Math.max(nowMs, notBeforeMs ?? 0)) return;
  throw new SignalboxError('invalid_input', 'the deadline is over before the task may begin', {
    hint: 'Give a deadline after now, and after the time before which the task may not begin.',
  });
}

/** A child that comes after its parent would wait for ever: the parent may be waiting for it. */
async function checkParent(
  context: CommandContext,
  parentId: string,
  after: readonly string[],
): Promise<void> {
  const parent = await requireTask(context, parentId);
  if (isEnded(parent.state)) {
    throw new SignalboxError(
      'conflict',
      `task ${parent.id} is ${parent.state}: it gets no children`,
      {
        hint: 'Leave the parent out, or put it back first: `signalbox task retry`.',
      },
    );
  }
  if ((await countChildren(context.tx, parent.id)) >= limits.childrenMax) {
    const message = `task ${parent.id} has ${limits.childrenMax} children already`;
    throw new SignalboxError('conflict', message, { hint: 'Put a task in between.' });
  }
  let ancestor: TaskRow | undefined = parent;
  for (let depth = 1; ancestor !== undefined; depth++) {
    if (depth > limits.childDepthMax) {
      const message = `children are nested more than ${limits.childDepthMax} deep`;
      throw new SignalboxError('invalid_input', message);
    }
    if (after.includes(ancestor.id)) {
      throw new SignalboxError('invalid_input', `a child of ${ancestor.id} cannot come after it`, {
        hint: `${ancestor.id} may wait for its children to end, and then neither would go on.`,
      });
    }
    const above: string | null = ancestor.parent_id;
    ancestor = above === null ? undefined : await findTask(context.tx, parent.project, above);
  }
}

async function newTask(
  context: CommandContext,
  order: TaskOrder,
  unmet: NeededRow[],
): Promise<TaskRow> {
  const { nowMs, random, actor } = context;
  const repository =
    order.repository === undefined ? null : await ensureRepository(context, order.repository, null);
  const availableAtMs = Math.max(nowMs, order.notBeforeMs ?? 0);
  const state = unmet.length === 0 ? 'queued' : 'blocked';
  const rank_ms = rankMs(order.lane, availableAtMs);
  const waiting = { ...unbegun, ...asked(order), rank_ms };
  return {
    ...waiting,
    id: newId('tsk', nowMs, random),
    project: actor.project,
    state,
    reason: unmet.length === 0 ? null : waitsFor(unmet),
    repository_id: repository?.id ?? null,
    submitter: actor.name,
    submitter_key: nameKey(actor.name),
    created_at_ms: nowMs,
    available_at_ms: availableAtMs,
    next_check_ms: nextCheckMs(waiting, state, { nowMs, availableAtMs }),
  };
}

/** The words of the order. */
function asked(order: TaskOrder) {
  return {
    title: order.title,
    body: order.body,
    lane: order.lane,
    needs: listOnce(order.needs.toSorted()),
    prefers: listOnce(order.prefers.toSorted()),
    trust: order.trust,
    concurrency_key: order.concurrencyKey ?? null,
    unique_key: order.unique?.key ?? null,
    is_unique_ever: order.unique?.scope === 'ever' ? 1 : 0,
    deadline_ms: order.deadlineMs ?? null,
    on_needed_failure: order.onNeededFailure,
    parent_id: order.parent ?? null,
    progress_timeout_ms: order.progressTimeoutMs ?? null,
    checks: JSON.stringify(order.checks),
    paths: listOnce(order.paths.map(canonicalPattern)),
    after_ids: listOnce(order.after),
    base_branch: order.baseBranch ?? null,
    failures_max: order.failuresMax,
    timeout_ms: order.timeoutMs,
    tokens_max: order.budget?.tokensMax ?? null,
    cost_micros_max: order.budget?.costMicrosMax ?? null,
  };
}

function listOnce(words: readonly string[]): string {
  return JSON.stringify([...new Set(words)]);
}

/** What is so of every task that nobody has had in hand. */
const unbegun = {
  waits_for_children: 0,
  agent: null,
  agent_key: null,
  preferred_key: null,
  attempt: 0,
  attempts_max: limits.attemptsMax,
  fence: 0,
  failures: 0,
  conflicts: 0,
  note: null,
  blocked_by: null,
  progressed_at_ms: null,
  last_failure: null,
  change_id: null,
  landed_commit: null,
  report: null,
  offered_at_ms: null,
  accepted_at_ms: null,
  started_at_ms: null,
  ended_at_ms: null,
  tokens_used: 0,
  cost_micros_used: 0,
  has_locks: 0,
  level: 0,
  turn: null,
  version: 1,
};

export function waitsFor(unmet: readonly NeededRow[]): string {
  const first = unmet
    .slice(0, 3)
    .map((task) => task.id)
    .join(', ');
  return `waits for ${first}${unmet.length > 3 ? ` and ${unmet.length - 3} more` : ''}`;
}
