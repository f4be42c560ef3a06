/**
 * What attempts use. Each report has the totals of its attempt, and what is new in them is added to
 * the counters in the same transaction: so what comes twice counts once, and what was lost on its
 * way comes with the next. It counts by its fence, also where that has moved on: it was spent.
 */
import { limits, nameKey, Use } from '../../contract/index.ts';
import { findAgent, lockProject, saveFullness } from '../agent/index.ts';
import { fullPercent, mergeUse, review, spend, tokensOf } from '../budget/index.ts';
import type { CommandContext } from '../event/index.ts';
import type { AttemptRow } from './attempt-queries.ts';
import { addUse, findAttemptIn, saveUse } from './use-queries.ts';

export interface Reported {
  taskId: string;
  fence: number;
  use?: Use | undefined;
}

export async function countUse(context: CommandContext, report: Reported): Promise<void> {
  const { use } = report;
  if (use === undefined) return;
  const { tx, actor } = context;
  await lockProject(tx, actor.project);
  const attempt = await findAttemptIn(tx, actor.project, report);
  if (attempt === undefined || nameKey(attempt.agent) !== actor.key) return;
  await count(context, attempt, use);
  await weighContext(context, use);
}

async function count(context: CommandContext, attempt: AttemptRow, use: Use): Promise<void> {
  const { tx, actor } = context;
  const before = attempt.used === null ? null : Use.parse(JSON.parse(attempt.used));
  const used = JSON.stringify(mergeUse(before, use));
  const tokens = Math.max(attempt.tokens_used, tokensOf(use));
  const cost = Math.max(attempt.cost_micros_used, use.costMicros ?? 0);
  if (used === attempt.used) return;
  await saveUse(tx, { ...attempt, used, tokens_used: tokens, cost_micros_used: cost });
  const news = {
    tokens: tokens - attempt.tokens_used,
    costMicros: cost - attempt.cost_micros_used,
  };
  if (news.tokens === 0 && news.costMicros === 0) return;
  await addUse(tx, attempt.task_id, news);
  await spend(context, actor.key, news);
}

/**
 * An agent that is told of work begins each with an empty context. One that asks for it goes on in
 * the same session, and gets no more while that is nearly full.
 */
async function weighContext(context: CommandContext, use: Use): Promise<void> {
  const { tx, actor, nowMs } = context;
  const percent = fullPercent(use);
  const agent = await findAgent(tx, actor.project, actor.key);
  if (percent === undefined || agent === undefined || agent.is_pushed === 1) return;
  const isFull = percent >= limits.contextFullPercent;
  if (!isFull && agent.full_until_ms === null) return;
  await saveFullness(tx, agent, {
    full_until_ms: isFull ? nowMs + limits.contextFullMs : null,
    full_percent: isFull ? percent : null,
  });
  await review(context, agent.key);
}
