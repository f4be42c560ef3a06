import { z } from 'zod';
const Count = z.int().min(0);
export const Use = z.strictObject({
  model: z.string().max(100).nullable(),
  inputTokens: Count,
  cachedInputTokens: Count,
  outputTokens: Count,
  costMicros: Count.nullable(),
  contextTokens: Count.nullable(),
  contextTokensMax: z.int().min(1).nullable(),
});
export type Use = z.infer<typeof Use>;
