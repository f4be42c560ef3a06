/** What a schedule waits for: its next time, its maker, or somebody who lets it go on. */
import type { Fact, Output } from '../../contract/index.ts';
import type { QueryContext } from '../event/index.ts';
import { findByRef, openTaskOf } from './move.ts';
import type { ScheduleRow } from './queries.ts';

/** By id or name; undefined where there is none. */
export async function whySchedule(
  context: QueryContext,
  ref: string,
): Promise<Output<'why'> | undefined> {
  const row = await findByRef(context, ref);
  if (row === undefined) return undefined;
  const head = `schedule ${row.name} (${row.cron}, ${row.time_zone}) is ${row.state}`;
  const summary = row.reason === null ? head : `${head}: ${row.reason}`;
  const facts = [...(await factsOfNext(context, row)), ...factsOfPast(row)];
  return { id: row.id, kind: 'schedule', state: row.state, summary, facts };
}

async function factsOfNext(context: QueryContext, row: ScheduleRow): Promise<Fact[]> {
  if (row.state === 'paused') {
    const fact = `it is paused: ${row.reason ?? 'no reason was given'}`;
    const frees = `\`signalbox schedule resume ${row.name}\` lets it go on.`;
    return [{ fact, holder: null, untilMs: null, frees }];
  }
  const untilMs = row.next_check_ms;
  const next = 'it waits for its next time';
  const frees = `Nothing to do; \`signalbox schedule run ${row.name}\` does not wait.`;
  const facts: Fact[] = [{ fact: next, holder: null, untilMs, frees }];
  const openTaskId = await openTaskOf(context, row);
  if (row.overlap === 'skip' && openTaskId !== null) {
    const fact = `${openTaskId} of the run before is still open: with it, that time is left out`;
    const ends = `${openTaskId} ends. See \`signalbox why ${openTaskId}\`.`;
    facts.push({ fact, holder: openTaskId, untilMs, frees: ends });
  }
  return facts;
}

/** What it has left out, and why the last time. */
function factsOfPast(row: ScheduleRow): Fact[] {
  const { skipped, missed, skip_reason: reason } = row;
  if (skipped + missed === 0) return [];
  const last = reason === null ? '' : `; the last time that was left out: ${reason}`;
  const fact = `${skipped} of its times were skipped and ${missed} missed${last}`;
  const frees = 'Nothing: it is past. `schedule show` has the rules by which it goes.';
  return [{ fact, holder: null, untilMs: null, frees }];
}
