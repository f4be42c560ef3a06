/** Amounts of money as people type them: `20`, `2.50`, `$0.003`. */

/** Millionths of a US dollar; undefined for what is no amount. */
export function parseDollarMicros(text: string): number | undefined {
  const [, whole, part = ''] = /^\$?(\d{1,9})(?:\.(\d{1,6}))?$/.exec(text) ?? [];
  if (whole === undefined) return undefined;
  return Number(whole) * 1_000_000 + Number(part.padEnd(6, '0'));
}

export const DOLLAR_WORDS = 'an amount of US dollars such as 20 or 2.50';
