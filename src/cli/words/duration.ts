/** Lengths of time as people type them: `30m`, `12h`, `7d`, `90s`, `500ms`, `1h30m`. */
const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 60 * 60_000,
  d: 24 * 60 * 60_000,
  w: 7 * 24 * 60 * 60_000,
};

/** Undefined for what is none. A number without a unit is none: nobody would know which. */
export function parseDurationMs(text: string): number | undefined {
  if (!/^(\d{1,9}(ms|[smhdw]))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit = ''] of text.matchAll(/(\d+)(ms|[smhdw])/g)) {
    sum += Number(count) * (UNIT_MS[unit] ?? 0);
  }
  return sum;
}

const DATE = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2})?)(Z|[+-]\d{2}:\d{2})?)?$/;

export const MOMENT_WORDS = 'a time from now on such as 2h, or a date such as 2026-12-24T18:00Z';

/** A length of time from now on, or a date; one without a zone is meant where it is typed. */
export function parseMomentMs(text: string, nowMs: number): number | undefined {
  const lengthMs = parseDurationMs(text);
  if (lengthMs !== undefined) return nowMs + lengthMs;
  const [, day, time = '00:00', zone = ''] = DATE.exec(text) ?? [];
  // A day that its month does not have would become one of the next month.
  if (day === undefined || !isDay(day)) return undefined;
  const momentMs = Date.parse(`${day}T${time}${zone}`);
  return momentMs >= 0 ? momentMs : undefined;
}

function isDay(day: string): boolean {
  const startMs = Date.parse(`${day}T00:00Z`);
  return !Number.isNaN(startMs) && new Date(startMs).toISOString().startsWith(day);
}
