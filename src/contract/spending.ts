/** What was spent, what may be, and what an attempt has used. */
import { z } from 'zod';
import { limits } from './limits.ts';
import { text, TimeMs } from './shape.ts';

/** Tokens that were read anew or written, and millionths of a US dollar. */
export const Spending = z.strictObject({
  tokens: z.int().min(0),
  costMicros: z.int().min(0),
});
export type Spending = z.infer<typeof Spending>;

const Bound = z.int().min(0, 'a budget is not below zero').max(limits.budgetMost);

/** What may be spent; what is left out is not bounded. */
export const Bounds = z.strictObject({
  tokensMax: Bound.optional(),
  costMicrosMax: Bound.optional(),
});
export type Bounds = z.infer<typeof Bounds>;

/** `Bounds` as answered: null means unbounded. */
export const BoundsOf = z.strictObject({
  tokensMax: z.int().nullable(),
  costMicrosMax: z.int().nullable(),
});

/** Why nothing new is given out, and until when; null where that has no end of its own. */
export const Hold = z.strictObject({ reason: z.string(), untilMs: TimeMs.nullable() });
export type Hold = z.infer<typeof Hold>;

const Tokens = z.int().min(0).max(limits.useTokensMax);

/**
 * What an attempt has used since it began. Totals, so that what is reported twice counts once, and
 * a report that was lost is made up for by the next. A total that is smaller than one before takes
 * nothing back: a tool that begins its count anew within an attempt must add to what it said.
 */
export const Use = z.strictObject({
  model: text(limits.modelCharsMax).nullable().default(null),
  inputTokens: Tokens,
  /** The part of the input that was read from a cache. */
  cachedInputTokens: Tokens.default(0),
  outputTokens: Tokens,
  /** Millionths of a US dollar; null where the agent's tool does not say it. */
  costMicros: z.int().min(0).max(limits.useCostMicrosMax).nullable().default(null),
  /** How full the model's context is, and how much it holds. */
  contextTokens: Tokens.nullable().default(null),
  contextTokensMax: Tokens.min(1).nullable().default(null),
});
export type Use = z.infer<typeof Use>;
