/**
 * What holds an agent or a project back, told from the facts. The longest of it stands on its row,
 * where hand-outs look; `review` brings that up to date in the transaction that changed a fact, and
 * again when the hold is over.
 */
import { limits, type Spending } from '../../contract/index.ts';
import type { Db } from '../../store/db.ts';
import {
  type AgentRow,
  findAgent,
  findProjectHold,
  FOREVER_MS,
  type HoldRow,
  saveHold,
  saveProjectHold,
} from '../agent/index.ts';
import { type CommandContext, type QueryContext, record } from '../event/index.ts';
import { type BudgetRow, listBudgetsOf, setTold, sumSpending } from './queries.ts';
import { allowsNothing, usedUp } from './rule.ts';
import { EVER, spanOf } from './window.ts';

/** The project as a subject; an agent is one by its key. */
export const PROJECT = '';

export interface Held {
  reason: string;
  untilMs: number;
  frees: string;
}

type At = Pick<QueryContext, 'db' | 'actor' | 'nowMs'>;

export async function holdsOf(at: At, subject: string): Promise<Held[]> {
  const { db, actor, nowMs } = at;
  const agent = subject === PROJECT ? undefined : await findAgent(db, actor.project, subject);
  const budgets = await listBudgetsOf(db, actor.project, subject);
  const holds = agent === undefined ? [] : holdsOfAgent(agent, nowMs);
  for (const budget of budgets) {
    const held = await holdOfBudget(db, budget, nowMs);
    if (held !== null) holds.push(held);
  }
  return holds.toSorted((one, other) => other.untilMs - one.untilMs);
}

function holdsOfAgent(agent: AgentRow, nowMs: number): Held[] {
  const holds: Held[] = [];
  const { paused_until_ms: pausedMs, full_until_ms: fullMs } = agent;
  if (pausedMs !== null && pausedMs > nowMs) {
    const frees = `The time comes; or \`signalbox agent resume ${agent.name}\`.`;
    const reason = `paused: ${agent.pause_reason ?? 'no reason was given'}`;
    holds.push({ reason, untilMs: pausedMs, frees });
  }
  if (fullMs !== null && fullMs > nowMs) {
    const frees = 'It begins a new session, or says that its context is less full.';
    const reason = `its context is ${agent.full_percent ?? limits.contextFullPercent} % full`;
    holds.push({ reason, untilMs: fullMs, frees });
  }
  return holds;
}

export async function spentIn(
  db: Db,
  { project, subject }: Pick<BudgetRow, 'project' | 'subject'>,
  fromMs: number,
): Promise<Spending> {
  const upToMs = fromMs === EVER ? EVER : FOREVER_MS;
  const sum = await sumSpending(db, { project, subject, fromMs, upToMs });
  return { tokens: sum?.tokens ?? 0, costMicros: sum?.cost_micros ?? 0 };
}

async function holdOfBudget(db: Db, budget: BudgetRow, nowMs: number): Promise<Held | null> {
  const span = spanOf(budget.period, nowMs);
  const words = usedUp(budget, await spentIn(db, budget, span.fromMs));
  if (words === null) return null;
  const whose = budget.subject === PROJECT ? 'the project' : budget.name;
  const isForEver = span.toMs === null || allowsNothing(budget);
  const scope = budget.subject === PROJECT ? '' : ` --agent ${budget.name}`;
  const raise = `\`signalbox budget set${scope} --window ${budget.period}\` allows more`;
  return {
    reason: `the budget of ${whose} ${inWords(budget)} is spent: ${words}`,
    untilMs: isForEver ? FOREVER_MS : (span.toMs ?? FOREVER_MS),
    frees: isForEver ? `An operator: ${raise}.` : `Its window is over then; or ${raise}.`,
  };
}

export function inWords({ period }: Pick<BudgetRow, 'period'>): string {
  return period === 'ever' ? 'for ever' : `for the ${period}`;
}

export interface Reviewed {
  /** It was held back, and is not any more. */
  isFreed: boolean;
}

/** Whoever calls holds the project's row. */
export async function review(context: CommandContext, subject: string): Promise<Reviewed> {
  const { tx, actor, nowMs } = context;
  const before = await rowOf(tx, actor.project, subject);
  await tellSpent(context, subject);
  const [longest] = await holdsOf({ db: tx, actor, nowMs }, subject);
  const next: HoldRow = {
    held_until_ms: longest?.untilMs ?? null,
    hold_reason: longest?.reason ?? null,
  };
  const was = before?.held_until_ms ?? null;
  if (next.held_until_ms === was && next.hold_reason === (before?.hold_reason ?? null)) {
    return { isFreed: false };
  }
  if (subject === PROJECT) await saveProjectHold(tx, actor.project, next);
  else await saveHold(tx, { project: actor.project, key: subject }, next);
  await tellHold(context, { subject, was, next });
  return { isFreed: was !== null && next.held_until_ms === null };
}

function rowOf(db: Db, project: string, subject: string): Promise<HoldRow | undefined> {
  return subject === PROJECT ? findProjectHold(db, project) : findAgent(db, project, subject);
}

/** Once in each window, whoever looks first. */
async function tellSpent(context: CommandContext, subject: string): Promise<void> {
  const { tx, actor, nowMs } = context;
  for (const budget of await listBudgetsOf(tx, actor.project, subject)) {
    const { fromMs, toMs } = spanOf(budget.period, nowMs);
    if (budget.told_from_ms === fromMs) continue;
    const words = usedUp(budget, await spentIn(tx, budget, fromMs));
    if (words === null) continue;
    await setTold(tx, budget, fromMs);
    await record(context, {
      type: 'budget.exceeded',
      subject: subject === PROJECT ? 'project' : budget.name,
      audience: subject === PROJECT ? null : subject,
      data: { name: budget.period, reason: words, ...(toMs !== null && { untilMs: toMs }) },
    });
  }
}

interface Change {
  subject: string;
  was: number | null;
  next: HoldRow;
}

async function tellHold(context: CommandContext, change: Change): Promise<void> {
  const { subject, was, next } = change;
  const { held_until_ms: untilMs, hold_reason: reason } = next;
  const isOpen = untilMs === null;
  if (subject === PROJECT) {
    if (isOpen && was !== null)
      await record(context, { type: 'budget.opened', subject: 'project' });
    return;
  }
  const agent = await findAgent(context.tx, context.actor.project, subject);
  const name = agent?.name ?? subject;
  await record(context, {
    type: isOpen ? 'agent.resumed' : 'agent.paused',
    subject: name,
    audience: subject,
    data: {
      agent: name,
      ...(reason !== null && { reason }),
      ...(untilMs !== null && untilMs < FOREVER_MS && { untilMs }),
    },
  });
}
