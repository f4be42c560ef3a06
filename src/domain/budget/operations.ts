/** Budgets of the project and of agents: set, lifted, read. */
import type { Bounds, Budget, BudgetWindow } from '../../contract/index.ts';
import type { Db } from '../../store/db.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import { PROJECT, spentIn } from './hold-reasons.ts';
import { type BudgetRow, deleteBudget, findBudget, listBudgets, saveBudget } from './queries.ts';
import { allowsNothing, leftOf, usedUp } from './rule.ts';
import { spanOf } from './window.ts';

export interface Whose {
  subject: string;
  name: string;
  window: BudgetWindow;
}

/** Whoever calls holds the project's row, and reviews the subject afterwards. */
export async function setFor(
  context: CommandContext,
  { subject, name, window }: Whose,
  bounds: Bounds,
): Promise<Budget> {
  const { tx, actor, nowMs } = context;
  const row: BudgetRow = {
    project: actor.project,
    subject,
    period: window,
    name,
    tokens_max: bounds.tokensMax ?? null,
    cost_micros_max: bounds.costMicrosMax ?? null,
    set_by: actor.name,
    set_at_ms: nowMs,
    told_from_ms: null,
  };
  await saveBudget(tx, row);
  await tell(context, 'budget.set', row);
  return toBudget(tx, row, nowMs);
}

/** Undefined where there was none. */
export async function lift(context: CommandContext, whose: Whose): Promise<Budget | undefined> {
  const { tx, actor, nowMs } = context;
  const key = { project: actor.project, subject: whose.subject, period: whose.window };
  const row = await findBudget(tx, key);
  if (row === undefined) return undefined;
  const lifted = await toBudget(tx, row, nowMs);
  await deleteBudget(tx, key);
  await tell(context, 'budget.removed', row);
  return lifted;
}

function tell(
  context: CommandContext,
  type: 'budget.set' | 'budget.removed',
  row: BudgetRow,
): Promise<void> {
  const subject = row.subject === PROJECT ? 'project' : row.name;
  return record(context, { type, subject, data: { name: row.period } });
}

export interface ListedBudget {
  budget: Budget;
  subject: string;
}

/** Those of the project first, then those of its agents. */
export async function listOf(
  { db, actor, nowMs }: QueryContext,
  page: { after: { subject: string; period: string }; limit: number },
): Promise<ListedBudget[]> {
  const rows = await listBudgets(db, { ...page, project: actor.project });
  const items: ListedBudget[] = [];
  for (const row of rows) {
    items.push({ budget: await toBudget(db, row, nowMs), subject: row.subject });
  }
  return items;
}

async function toBudget(db: Db, row: BudgetRow, nowMs: number): Promise<Budget> {
  const { fromMs, toMs } = spanOf(row.period, nowMs);
  const used = await spentIn(db, row, fromMs);
  return {
    scope: row.subject === PROJECT ? 'project' : { agent: row.name },
    window: row.period,
    tokensMax: row.tokens_max,
    costMicrosMax: row.cost_micros_max,
    used,
    left: leftOf(row, used),
    isSpent: usedUp(row, used) !== null,
    opensAtMs: allowsNothing(row) ? null : toMs,
  };
}
