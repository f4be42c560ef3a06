/** Lengths of time as people say them. */
const UNITS = [
  { ms: 24 * 60 * 60_000, sign: 'd' },
  { ms: 60 * 60_000, sign: 'h' },
  { ms: 60_000, sign: 'm' },
  { ms: 1_000, sign: 's' },
] as const;

/** `850 ms`, `12 s`, `3 m 20 s`, `2 d 3 h`: two units at most, the second where it tells. */
export function lengthInWords(lengthMs: number): string {
  const wholeMs = rounded(Math.max(0, lengthMs));
  const at = UNITS.findIndex(({ ms }) => wholeMs >= ms);
  const unit = UNITS[at];
  if (unit === undefined) return `${wholeMs} ms`;
  const count = Math.floor(wholeMs / unit.ms);
  const next = UNITS[at + 1];
  const rest = next === undefined ? 0 : Math.floor((wholeMs % unit.ms) / next.ms);
  return `${count} ${unit.sign}${next !== undefined && rest > 0 ? ` ${rest} ${next.sign}` : ''}`;
}

/** To what is said of it: a lease of 15 minutes is not one of 14 a moment later. */
function rounded(lengthMs: number): number {
  const at = UNITS.findIndex(({ ms }) => lengthMs >= ms);
  const unit = UNITS[at];
  if (unit === undefined) return Math.round(lengthMs);
  const grain = lengthMs < 10 * unit.ms ? (UNITS[at + 1] ?? unit) : unit;
  return Math.round(lengthMs / grain.ms) * grain.ms;
}
