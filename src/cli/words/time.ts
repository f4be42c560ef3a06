/** Times and counts as people say them. */
import { lengthInWords } from '../../contract/length.ts';

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

/** `Mon 2026-03-02 02:30 GMT+1`, as clocks in that time zone show it. */
export function timeInZone(timeMs: number, timeZone: string): string {
  const digits = { year: 'numeric', month: '2-digit', day: '2-digit' } as const;
  const clock = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  const names = { weekday: 'short', timeZoneName: 'short' } as const;
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, ...digits, ...clock, ...names });
  const parts = new Map(format.formatToParts(timeMs).map(({ type, value }) => [type, value]));
  const of = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  const date = `${of('year')}-${of('month')}-${of('day')}`;
  return `${of('weekday')} ${date} ${of('hour')}:${of('minute')} ${of('timeZoneName')}`;
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
