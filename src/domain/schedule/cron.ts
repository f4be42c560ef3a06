/**
 * The times of a cron expression in a time zone. Pure: a time follows from the expression, the zone
 * and the time after which it is looked for.
 *
 * Whatever lies between a time and the one before it has that time as its next one, so it does not
 * matter from where a schedule is reckoned. The search ends with the calendar's repetition, some
 * centuries on: an expression without a time costs a tenth of a second and is refused where it is
 * added.
 */
import { Cron } from 'croner';
import { SignalboxError } from '../../contract/index.ts';

/** When something runs. */
export interface Times {
  cron: string;
  timeZone: string;
}

const NICKNAMES = '@hourly, @daily, @weekly, @monthly and @yearly';

/** The first time after that one; null where there is none. */
export function nextTimeMs(times: Times, afterMs: number): number | null {
  return parsed(times).nextRun(new Date(afterMs))?.getTime() ?? null;
}

/** The first few times after that one. */
export function nextTimesMs(times: Times, afterMs: number, count: number): number[] {
  const runs = parsed(times).nextRuns(count, new Date(afterMs));
  return runs.map((run) => run.getTime());
}

/** How many times lie after one and not after the other, counted up to a bound. */
export function countTimes(
  times: Times,
  between: { afterMs: number; untilMs: number; countMax: number },
): number {
  const cron = parsed(times);
  let atMs = between.afterMs;
  for (let count = 0; count < between.countMax; count++) {
    const nextMs = cron.nextRun(new Date(atMs))?.getTime() ?? Infinity;
    if (nextMs > between.untilMs) return count;
    atMs = nextMs;
  }
  return between.countMax;
}

/** The same in the one way in which it is kept. Refuses what has no time after this one. */
export function requireTimes({ cron, timeZone }: Times, nowMs: number): Times {
  const times = {
    cron: cron.trim().replaceAll(/\s+/g, ' '),
    timeZone: canonicalZone(timeZone),
  };
  if (nextTimeMs(times, nowMs) !== null) return times;
  throw refused(`\`${times.cron}\` never fires: no day of any year fits it`);
}

function parsed({ cron, timeZone }: Times): Cron {
  try {
    // Lists and ranges of hours are fixed times too, as in the crons that people know.
    const rules = { mode: '5-part', fixedTimeRule: 'no-wildcard', paused: true } as const;
    return new Cron(cron, { timezone: canonicalZone(timeZone), ...rules });
  } catch (error) {
    if (error instanceof SignalboxError) throw error;
    throw refused(`\`${cron}\` is no cron expression: ${problemOf(cron, error)}`);
  }
}

function problemOf(cron: string, error: unknown): string {
  if (cron.trim().startsWith('@')) return `there are ${NICKNAMES}`;
  return error instanceof Error ? error.message.replace(/^\w+: /, '') : 'it is none';
}

function canonicalZone(timeZone: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone }).resolvedOptions().timeZone;
  } catch {
    throw new SignalboxError('invalid_input', `there is no time zone ${timeZone}`, {
      hint: 'Give a name of the IANA list, such as UTC, Europe/Berlin or America/New_York.',
    });
  }
}

function refused(message: string): SignalboxError {
  return new SignalboxError('invalid_input', message, {
    hint: 'Give minute, hour, day, month and weekday: `30 6 * * MON-FRI` is 6:30 on working days.',
  });
}
