/** Lengths of time as people say them. */
const UNITS = [
  { ms: 24 * 60 * 60_000, sign: 'd' },
  { ms: 60 * 60_000, sign: 'h' },
  { ms: 60_000, sign: 'm' },
  { ms: 1_000, sign: 's' },
] as const;

/** `850 ms`, `12 s`, `3 m 20 s`, `2 d 3 h`: two units at most, the second where it tells. */
export function lengthInWords(lengthMs: number): string {
  const rounded = Math.max(0, Math.round(lengthMs));
  if (rounded < 1_000) return `${rounded} ms`;
  const at = UNITS.findIndex(({ ms }) => rounded >= ms);
  const unit = UNITS[at];
  if (unit === undefined) return `${rounded} ms`;
  const count = Math.floor(rounded / unit.ms);
  const next = UNITS[at + 1];
  const rest = next === undefined ? 0 : Math.floor((rounded % unit.ms) / next.ms);
  const isTelling = next !== undefined && rest > 0 && count < 10;
  return `${count} ${unit.sign}${isTelling ? ` ${rest} ${next.sign}` : ''}`;
}
