/** Where budgets and what was spent are: one statement a function. */
import { type BudgetWindow, limits } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { limitTo, sql } from '../../store/sql.ts';

export interface BudgetRow {
  project: string;
  /** The key of an agent; '' for the project. */
  subject: string;
  period: BudgetWindow;
  /** As the agent writes its name. */
  name: string;
  tokens_max: number | null;
  cost_micros_max: number | null;
  set_by: string;
  set_at_ms: number;
  /** The beginning of the window of which it was told that all is spent. */
  told_from_ms: number | null;
}

export type BudgetKey = Pick<BudgetRow, 'project' | 'subject' | 'period'>;

export async function saveBudget(tx: Tx, row: BudgetRow): Promise<void> {
  await tx.run(sql`
    insert into budgets (project, subject, period, name, tokens_max, cost_micros_max, set_by,
      set_at_ms, told_from_ms)
    values (${row.project}, ${row.subject}, ${row.period}, ${row.name}, ${row.tokens_max},
      ${row.cost_micros_max}, ${row.set_by}, ${row.set_at_ms}, ${row.told_from_ms})
    on conflict (project, subject, period) do update set name = excluded.name,
      tokens_max = excluded.tokens_max, cost_micros_max = excluded.cost_micros_max,
      set_by = excluded.set_by, set_at_ms = excluded.set_at_ms,
      told_from_ms = excluded.told_from_ms`);
}

export async function setTold(tx: Tx, key: BudgetKey, fromMs: number): Promise<void> {
  await tx.run(sql`
    update budgets set told_from_ms = ${fromMs}
    where project = ${key.project} and subject = ${key.subject} and period = ${key.period}`);
}

export function findBudget(db: Db, key: BudgetKey): Promise<BudgetRow | undefined> {
  return db.get(sql`
    select * from budgets
    where project = ${key.project} and subject = ${key.subject} and period = ${key.period}`);
}

export async function deleteBudget(tx: Tx, key: BudgetKey): Promise<void> {
  await tx.run(sql`
    delete from budgets
    where project = ${key.project} and subject = ${key.subject} and period = ${key.period}`);
}

export function listBudgetsOf(db: Db, project: string, subject: string): Promise<BudgetRow[]> {
  return db.all(sql`
    select * from budgets where project = ${project} and subject = ${subject} order by period`);
}

export interface BudgetPage {
  project: string;
  after: { subject: string; period: string };
  limit: number;
}

/** Those of the project first, then those of its agents. */
export function listBudgets(db: Db, { project, after, limit }: BudgetPage): Promise<BudgetRow[]> {
  return db.all(sql`
    select * from budgets
    where project = ${project} and (subject, period) > (${after.subject}, ${after.period})
    order by subject, period ${limitTo(limit)}`);
}

export interface SpendingRow {
  project: string;
  subject: string;
  hour_ms: number;
  tokens: number;
  cost_micros: number;
}

/** No counter goes over what can be read and shown exactly: one that is full stays full. */
const MOST = limits.budgetMost;

export async function addSpending(tx: Tx, row: SpendingRow): Promise<void> {
  const { tokens, cost_micros: cost } = row;
  await tx.run(sql`
    insert into spendings (project, subject, hour_ms, tokens, cost_micros)
    values (${row.project}, ${row.subject}, ${row.hour_ms}, ${tokens}, ${cost})
    on conflict (project, subject, hour_ms) do update
      set tokens = case when spendings.tokens > ${MOST - tokens} then ${MOST}
          else spendings.tokens + excluded.tokens end,
        cost_micros = case when spendings.cost_micros > ${MOST - cost} then ${MOST}
          else spendings.cost_micros + excluded.cost_micros end`);
}

export interface SpendingSpan {
  project: string;
  subject: string;
  fromMs: number;
  /** The last hour that counts. */
  upToMs: number;
}

export function sumSpending(
  db: Db,
  span: SpendingSpan,
): Promise<{ tokens: number; cost_micros: number } | undefined> {
  return db.get(sql`
    select case when tokens > ${MOST} then ${MOST} else tokens end as tokens,
      case when cost_micros > ${MOST} then ${MOST} else cost_micros end as cost_micros
    from (
      select coalesce(sum(tokens), 0) as tokens, coalesce(sum(cost_micros), 0) as cost_micros
      from spendings
      where project = ${span.project} and subject = ${span.subject}
        and hour_ms >= ${span.fromMs} and hour_ms <= ${span.upToMs}) as spent`);
}

/** Hours that no window reaches back to any more. */
export function deleteOldSpending(tx: Tx, beforeMs: number, limit: number): Promise<number> {
  return tx.run(sql`
    delete from spendings where (project, subject, hour_ms) in (
      select project, subject, hour_ms from spendings
      where hour_ms > -1 and hour_ms < ${beforeMs} ${limitTo(limit)})`);
}
