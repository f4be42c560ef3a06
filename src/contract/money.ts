/** What was spent, as people say it. Money is in millionths of a US dollar. */
const MICROS = 1_000_000;

/** `$2.50`; what is less than a cent keeps four digits: `$0.0031`. */
export function dollars(micros: number): string {
  const digits = micros > 0 && micros < MICROS / 100 ? 4 : 2;
  return `$${(micros / MICROS).toFixed(digits)}`;
}

/** `12,400 tokens`. */
export function tokenCount(tokens: number): string {
  return `${tokens.toLocaleString('en-US')} ${tokens === 1 ? 'token' : 'tokens'}`;
}

/** `12,400 tokens, $0.31`; undefined where nothing was spent. */
export function spendingInWords(spent: { tokens: number; costMicros: number }): string | undefined {
  const parts = [
    spent.tokens > 0 ? tokenCount(spent.tokens) : undefined,
    spent.costMicros > 0 ? dollars(spent.costMicros) : undefined,
  ].filter((part) => part !== undefined);
  return parts.length === 0 ? undefined : parts.join(', ');
}
