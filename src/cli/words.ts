/** Times, lengths and counts as people say them. */
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

/** `3 m ago`, `in 12 s`, `now`. */
export function timeInWords(timeMs: number, nowMs: number): string {
  const distance = timeMs - nowMs;
  if (Math.abs(distance) < 1_000) return 'now';
  return distance > 0 ? `in ${lengthInWords(distance)}` : `${lengthInWords(-distance)} ago`;
}

/** `14:03:09`, in the time zone of this machine. */
export function clockTime(timeMs: number): string {
  return new Date(timeMs).toTimeString().slice(0, 8);
}

export function counted(count: number, word: string, words = `${word}s`): string {
  return `${count} ${count === 1 ? word : words}`;
}

export function bytesInWords(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, bytes)) / 10));
  const amount = bytes / 1024 ** power;
  return `${amount < 10 && power > 0 ? amount.toFixed(1) : Math.round(amount)} ${units[power]}`;
}
