/**
 * Whether something may still be spent. Pure.
 *
 * A task is stopped when it is *over*: it has used more than it may. So one that may use nothing
 * can still be done by an agent that costs nothing. An agent and a project get nothing new when
 * their budget is *spent*: when nothing is left of it.
 */
import { dollars, tokenCount } from '../../contract/money.ts';
import type { Spending, Use } from '../../contract/index.ts';

/** As both tasks and budgets have it; null where that is not bounded. */
export interface Bounded {
  tokens_max: number | null;
  cost_micros_max: number | null;
}

export type TaskSpending = Bounded & { tokens_used: number; cost_micros_used: number };

export function tokensOf(use: Use): number {
  return Math.max(0, use.inputTokens - use.cachedInputTokens) + use.outputTokens;
}

/** The greater of each total: what comes late or twice, or was begun anew, takes nothing back. */
export function mergeUse(before: Use | null, use: Use): Use {
  if (before === null) return use;
  const cost = Math.max(before.costMicros ?? 0, use.costMicros ?? 0);
  return {
    model: use.model ?? before.model,
    inputTokens: Math.max(before.inputTokens, use.inputTokens),
    cachedInputTokens: Math.max(before.cachedInputTokens, use.cachedInputTokens),
    outputTokens: Math.max(before.outputTokens, use.outputTokens),
    costMicros: before.costMicros === null && use.costMicros === null ? null : cost,
    contextTokens: use.contextTokens ?? before.contextTokens,
    contextTokensMax: use.contextTokensMax ?? before.contextTokensMax,
  };
}

/** How much of its context an agent has filled, in percent; undefined where that was not said. */
export function fullPercent({ contextTokens, contextTokensMax }: Use): number | undefined {
  if (contextTokens === null || contextTokensMax === null) return undefined;
  return Math.min(100, Math.floor((100 * contextTokens) / contextTokensMax));
}

/** What a task has used too much, in words; null where it is within its budget. */
export function overBudget(task: TaskSpending): string | null {
  const { tokens_used: tokens, tokens_max: tokensMax } = task;
  const { cost_micros_used: cost, cost_micros_max: costMax } = task;
  if (tokensMax !== null && tokens > tokensMax) {
    return `over its budget: ${tokenCount(tokens)} used of ${tokensMax.toLocaleString('en-US')}`;
  }
  if (costMax !== null && cost > costMax) {
    return `over its budget: ${dollars(cost)} used of ${dollars(costMax)}`;
  }
  return null;
}

/** What is used up of a budget, in words; null where something is left of it. */
export function usedUp(bounds: Bounded, used: Spending): string | null {
  const { tokens_max: tokensMax, cost_micros_max: costMax } = bounds;
  if (tokensMax !== null && used.tokens >= tokensMax) {
    return `${tokenCount(used.tokens)} used of ${tokensMax.toLocaleString('en-US')}`;
  }
  if (costMax !== null && used.costMicros >= costMax) {
    return `${dollars(used.costMicros)} used of ${dollars(costMax)}`;
  }
  return null;
}

/** Nothing may be spent in any of its windows. */
export function allowsNothing({ tokens_max: tokens, cost_micros_max: cost }: Bounded): boolean {
  return tokens === 0 || cost === 0;
}

export function leftOf(bounds: Bounded, used: Spending): LeftOf {
  const left = (max: number | null, spent: number): number | null =>
    max === null ? null : Math.max(0, max - spent);
  return {
    tokens: left(bounds.tokens_max, used.tokens),
    costMicros: left(bounds.cost_micros_max, used.costMicros),
  };
}

interface LeftOf {
  tokens: number | null;
  costMicros: number | null;
}
