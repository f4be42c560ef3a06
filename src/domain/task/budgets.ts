/** Budgets as they are asked for: of the project, of an agent, of a task. */
import {
  type Budget,
  type Output,
  type Parsed,
  SignalboxError,
  TaskId,
} from '../../contract/index.ts';
import { lockProject, requireAgent } from '../agent/index.ts';
import { leftOf, lift, listOf, overBudget, PROJECT, setFor, type Whose } from '../budget/index.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import { requireTask } from './facts.ts';
import { reviewAndMatch } from './pauses.ts';
import { stopOverspent } from './overspent.ts';
import type { TaskRow } from './queries.ts';
import { listBounded, saveBounds } from './use-queries.ts';

export async function setBudget(
  context: CommandContext,
  input: Parsed<'budget.set'>,
): Promise<Output<'budget.set'>> {
  const { scope, window, tokensMax, costMicrosMax } = input;
  if (tokensMax === undefined && costMicrosMax === undefined) {
    throw new SignalboxError('invalid_input', 'a budget bounds tokens, money or both', {
      hint: 'Say how many tokens, or how much money, may be spent; removing a budget lifts it.',
    });
  }
  await lockProject(context.tx, context.actor.project);
  if (isOfTask(scope)) return setForTask(context, input, scope.task);
  const whose = await whoseOf(context, scope, window);
  const budget = await setFor(context, whose, { tokensMax, costMicrosMax });
  await reviewAndMatch(context, whose.subject);
  return budget;
}

export async function removeBudget(
  context: CommandContext,
  { scope, window }: Parsed<'budget.remove'>,
): Promise<Output<'budget.remove'>> {
  await lockProject(context.tx, context.actor.project);
  if (isOfTask(scope)) return liftFromTask(context, scope.task, window);
  const whose = await whoseOf(context, scope, window);
  const lifted = await lift(context, whose);
  if (lifted === undefined) throw noBudget(`${whose.name || 'the project'}, ${window}`);
  await reviewAndMatch(context, whose.subject);
  return lifted;
}

type Scope = Parsed<'budget.set'>['scope'];

function isOfTask(scope: Scope): scope is { task: string } {
  return typeof scope === 'object' && 'task' in scope;
}

async function whoseOf(
  context: CommandContext,
  scope: Exclude<Scope, { task: string }>,
  window: Whose['window'],
): Promise<Whose> {
  if (scope === 'project') return { subject: PROJECT, name: '', window };
  const { key, name } = await requireAgent(context, scope.agent);
  return { subject: key, name, window };
}

function noBudget(whose: string): SignalboxError {
  return new SignalboxError('not_found', `there is no such budget: ${whose}`, {
    hint: '`signalbox budget list` shows the budgets there are.',
  });
}

async function setForTask(
  context: CommandContext,
  { window, tokensMax, costMicrosMax }: Parsed<'budget.set'>,
  id: string,
): Promise<Budget> {
  refuseWindow(window);
  const row = await requireTask(context, id);
  if (row.state === 'done') {
    throw new SignalboxError('conflict', `task ${id} is done: it spends no more`);
  }
  const bounds = { tokens_max: tokensMax ?? null, cost_micros_max: costMicrosMax ?? null };
  const next = { ...row, ...bounds };
  await saveBounds(context.tx, next);
  await record(context, { type: 'budget.set', subject: id, data: { name: window } });
  await stopOverspent(context, next);
  return budgetOf(next);
}

async function liftFromTask(
  context: CommandContext,
  id: string,
  window: Whose['window'],
): Promise<Budget> {
  refuseWindow(window);
  const row = await requireTask(context, id);
  if (row.tokens_max === null && row.cost_micros_max === null) throw noBudget(id);
  await saveBounds(context.tx, { ...row, tokens_max: null, cost_micros_max: null });
  await record(context, { type: 'budget.removed', subject: id, data: { name: window } });
  return budgetOf(row);
}

function refuseWindow(window: Whose['window']): void {
  if (window === 'ever') return;
  throw new SignalboxError('invalid_input', 'a task has one budget for all its time', {
    hint: 'Leave the window out; agents and the project have budgets by window.',
  });
}

function budgetOf(row: TaskRow): Budget {
  const used = { tokens: row.tokens_used, costMicros: row.cost_micros_used };
  return {
    scope: { task: row.id },
    window: 'ever',
    tokensMax: row.tokens_max,
    costMicrosMax: row.cost_micros_max,
    used,
    left: leftOf(row, used),
    isSpent: overBudget(row) !== null,
    opensAtMs: null,
  };
}

/** Those of the project, then those of agents, then those of open tasks. */
export async function listBudgets(
  context: QueryContext,
  { cursor = '', limit }: Parsed<'budget.list'>,
): Promise<Output<'budget.list'>> {
  const isAmongTasks = TaskId.safeParse(cursor).success;
  const listed = isAmongTasks ? [] : await listOf(context, { after: placeOf(cursor), limit });
  const last = listed.at(-1);
  const items = listed.map(({ budget }) => budget);
  if (last !== undefined && items.length === limit) {
    return { items, nextCursor: `${last.subject}/${last.budget.window}` };
  }
  const { db, actor } = context;
  const afterId = isAmongTasks ? cursor : '';
  const room = limit - items.length;
  const tasks = await listBounded(db, { project: actor.project, afterId, limit: room });
  const nextCursor = tasks.length === room ? (tasks.at(-1)?.id ?? null) : null;
  return { items: [...items, ...tasks.map(budgetOf)], nextCursor };
}

function placeOf(cursor: string): { subject: string; period: string } {
  const at = cursor.lastIndexOf('/');
  return { subject: cursor.slice(0, Math.max(0, at)), period: cursor.slice(at + 1) };
}
