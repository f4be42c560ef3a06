/** Where tasks and changes meet: work is handed in, and a task with a change is cancelled. */
import { limits, type Output, type Parsed, SignalboxError } from '../../contract/index.ts';
import { present } from '../../core/assert.ts';
import { newId } from '../../core/ids.ts';
import { lockProject } from '../agent/index.ts';
import { type CommandContext, record } from '../event/index.ts';
import {
  complete,
  decide,
  factsOf,
  matchFreed,
  requireTask,
  settle,
  type TaskRow,
  toProgress,
} from '../task/index.ts';
import { decideChange } from './lifecycle.ts';
import { changeFacts, moveChange, permitted, requireChange } from './move.ts';
import { type ChangeRow, insertChange } from './queries.ts';

export async function completeTask(
  context: CommandContext,
  input: Parsed<'task.complete'>,
): Promise<Output<'task.complete'> | SignalboxError> {
  const { nowMs, random } = context;
  const changeId = input.change === undefined ? null : newId('chg', nowMs, random);
  const done = await complete(context, input, changeId);
  if (done instanceof SignalboxError) return done;
  if (done.isNew && done.row.state === 'verifying') await handIn(context, done.row, input);
  return toProgress(done.row);
}

async function handIn(
  context: CommandContext,
  task: TaskRow,
  input: Parsed<'task.complete'>,
): Promise<void> {
  const { nowMs, actor } = context;
  const pushed = present(input.change, 'the pushed change');
  const row: ChangeRow = {
    id: present(task.change_id, 'the id of the change'),
    project: actor.project,
    task_id: task.id,
    attempt: task.attempt,
    fence: task.fence,
    repository_id: present(task.repository_id, 'the repository of the task'),
    base_branch: task.base_branch,
    author: actor.name,
    branch: pushed.branch,
    base_commit: pushed.base,
    head_commit: pushed.head,
    state: 'submitted',
    reason: null,
    tier: null,
    rules: '[]',
    checks: '[]',
    paths: '[]',
    tested_commit: null,
    tested_base: null,
    landed_commit: null,
    verifier: null,
    lease: null,
    available_at_ms: nowMs,
    approved_by: null,
    log: '',
    created_at_ms: nowMs,
    ended_at_ms: null,
    next_check_ms: nowMs + limits.recheckMs,
    version: 1,
  };
  await insertChange(context.tx, row);
  await record(context, {
    type: 'change.submitted',
    subject: row.id,
    data: { taskId: task.id, attempt: task.attempt, agent: actor.name, branch: row.branch },
  });
}

/** Cancelling takes the change with it, unless its landing has begun. */
export async function cancelTask(
  context: CommandContext,
  input: Parsed<'task.cancel'>,
): Promise<Output<'task.cancel'>> {
  await lockProject(context.tx, context.actor.project);
  const row = await requireTask(context, input.id);
  refuseForeignAgent(context, row);
  const verdict = decide(factsOf(row), { type: 'cancel' });
  if (verdict.is === 'same') return toProgress(row);
  if (verdict.is !== 'move') {
    const message = verdict.is === 'refuse' ? verdict.message : 'the task has moved on';
    throw new SignalboxError('conflict', message, { details: { state: row.state } });
  }
  if (row.state === 'verifying' && row.change_id !== null) await drop(context, row.change_id);
  const reason = input.reason ?? `cancelled by ${context.actor.name}`;
  const next = await settle(context, row, { ...verdict, reason });
  if (row.agent_key !== null) await matchFreed(context, row.agent_key);
  return toProgress(next);
}

async function drop(context: CommandContext, changeId: string): Promise<void> {
  const change = await requireChange(context, changeId);
  const move = permitted(change, decideChange(changeFacts(change), { type: 'drop' }));
  if (move === undefined) return;
  await moveChange(context, change, { state: move.to, reason: 'its task was cancelled' });
}

/** For a task that ends with its whole: a landing that has begun is let go on. */
export async function dropChange(context: CommandContext, changeId: string): Promise<boolean> {
  const { state } = await requireChange(context, changeId);
  if (state === 'landing') return false;
  await drop(context, changeId);
  return true;
}

/** An agent may take back what it submitted itself; everything else is for people. */
function refuseForeignAgent(context: CommandContext, row: TaskRow): void {
  const { actor } = context;
  if (actor.scopes.has('operate') || row.submitter_key === actor.key) return;
  throw new SignalboxError('forbidden', `task ${row.id} was submitted by ${row.submitter}`, {
    hint: 'An agent can cancel only the tasks that it submitted; ask an operator.',
  });
}
