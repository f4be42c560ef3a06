/**
 * When an account may be used again, from the words in which a CLI says that it may not be used
 * now. Read only what a CLI gives as its reason to fail, never what an agent wrote: a task may be
 * about rate limits.
 */

export interface Limit {
  /** Null where the words do not say it. */
  untilMs: number | null;
}

/** Null where these words tell of something else. */
export function limitIn(text: string, nowMs: number): Limit | null {
  if (!LIMIT_WORDS.test(text)) return null;
  return { untilMs: stampIn(text) ?? spanIn(text, nowMs) ?? clockIn(text, nowMs) };
}

const LIMIT_WORDS = new RegExp(
  [
    String.raw`rate[ _-]?limit`,
    String.raw`usage[ _-]limit`,
    String.raw`hit your (?:\w+ )?limit`,
    String.raw`quota`,
    String.raw`overloaded`,
    String.raw`too many requests`,
    String.raw`resource[ _]exhausted`,
    String.raw`\b(?:429|529)\b`,
    String.raw`credit balance is too low`,
    String.raw`out of credits`,
  ].join('|'),
  'i',
);

/** `…limit reached|1762952400`, `"resets_at":1777936568`: seconds since the epoch. */
function stampIn(text: string): number | null {
  const found = /(?:\||resets_?at"?\s*[:=]\s*)(\d{10})\b/i.exec(text);
  return found === null ? null : Number(found[1]) * 1_000;
}

const UNITS_MS: Record<string, number> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
};

const SPAN = new RegExp(
  String.raw`\b(?:in|after)\s+((?:\d+(?:\.\d+)?\s*` +
    String.raw`(?:days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])` +
    String.raw`[\s,]*(?:and\s+)?)+)`,
  'i',
);

/** `try again in 2 days 17 hours`, `reset after 18h31m10s`, `retry in 12.5s`. */
function spanIn(text: string, nowMs: number): number | null {
  const found = SPAN.exec(text)?.[1];
  if (found === undefined) return null;
  const parts = [...found.matchAll(/(\d+(?:\.\d+)?)\s*([a-z])/gi)];
  const spanMs = parts.reduce(
    (sum, [, count, unit = '']) => sum + Number(count) * (UNITS_MS[unit.toLowerCase()] ?? 0),
    0,
  );
  return nowMs + Math.ceil(spanMs);
}

const CLOCK = new RegExp(
  String.raw`\b(?:resets?(?: at)?|again at)\s+(\d{1,2})(?::(\d{2}))?\s*([ap]m)?(?![a-z\d])` +
    String.raw`(?:\s*\(([\w/+-]+)\))?`,
  'i',
);

/** `resets 4:50am (Europe/Rome)`, `try again at 12:10 PM`: the next time that a clock shows it. */
function clockIn(text: string, nowMs: number): number | null {
  const [, hour, minute = '0', half, zone] = CLOCK.exec(text) ?? [];
  if (hour === undefined || (half === undefined && minute === '0')) return null;
  const afternoon = half?.toLowerCase() === 'pm' ? 12 : 0;
  const wanted = (half === undefined ? Number(hour) : (Number(hour) % 12) + afternoon) * 60;
  const shown = minuteOfDay(nowMs, zone);
  if (shown === null) return null;
  const inMinutes = (wanted + Number(minute) - shown + DAY_MINUTES) % DAY_MINUTES;
  const minuteMs = nowMs - (nowMs % 60_000);
  return minuteMs + (inMinutes === 0 ? DAY_MINUTES : inMinutes) * 60_000;
}

const DAY_MINUTES = 24 * 60;

/** In the zone that was named, else in that of this machine; null where there is no such zone. */
function minuteOfDay(nowMs: number, zone: string | undefined): number | null {
  try {
    const options = { hour: 'numeric', minute: 'numeric', hourCycle: 'h23' } as const;
    const parts = new Intl.DateTimeFormat('en', { ...options, timeZone: zone }).formatToParts(
      nowMs,
    );
    const part = (type: string): number =>
      Number(parts.find((one) => one.type === type)?.value ?? Number.NaN);
    return part('hour') * 60 + part('minute');
  } catch {
    return null;
  }
}
