/** What other domains may ask about budgets. */
export { type Held, holdsOf, PROJECT, review } from './hold-reasons.ts';
export { lift, listOf, setFor, type Whose } from './operations.ts';
export { fullPercent, leftOf, mergeUse, overBudget, tokensOf } from './rule.ts';
export { spend, spentByProject } from './spend.ts';
