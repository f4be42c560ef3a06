/** Submits the tasks and watches until each is done, one cannot be, or the time is over. */
import type { Client } from '../../client/index.ts';
import type { Event } from '../../contract/index.ts';
import type { Clock } from '../../core/clock.ts';
import { follow } from '../task/follow.ts';
import type { Output } from '../terminal/output.ts';
import { boardLines } from './board.ts';
import type { Cast } from './cast.ts';
import { bodyOf, type Part } from './plan.ts';
import { ENDED, lastLine, openRow, take, type Row } from './progress.ts';
import type { Screen } from '../terminal/screen.ts';
import type { Copy } from './source.ts';
import { OPERATOR } from './station.ts';
import { repeatedly } from './steps.ts';
import { eventLine } from './timeline.ts';
import { padded, textWidth } from '../terminal/width.ts';

export interface Play {
  hub: Client;
  cast: Cast;
  clock: Clock;
  screen: Screen;
  output: Output;
  copy: Copy;
  limitMs: number;
  stop: AbortSignal;
}

export interface Ending {
  rows: Row[];
  /** Why it did not come to its end; undefined where every task is done. */
  failure: string | undefined;
}

export async function play(given: Play, parts: readonly Part[]): Promise<Ending> {
  const { hub, clock, screen, output, stop } = given;
  const { cursor } = await hub.hub.status();
  const rows = await submitAll(given, parts);
  const end = repeatedly(clock, (tick) => screen.draw(boardLines(output, rows, tick)));
  try {
    return { rows, failure: await watch(given, rows, cursor) };
  } finally {
    end();
    if (!stop.aborted) screen.draw(boardLines(output, rows, 0));
    screen.settle();
  }
}

async function submitAll({ hub, copy }: Play, parts: readonly Part[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const part of parts) {
    const after = rows.filter((row) => part.after.includes(row.part.key)).map(({ id }) => id);
    const work = { repository: copy.dir, baseBranch: copy.branch, checks: [part.check], after };
    const { id } = await hub.task.submit({ title: part.title, body: bodyOf(part), ...work });
    rows.push(openRow(part, id));
  }
  return rows;
}

/** What made an attempt fail is what the next one finds in its last-failure file. */
export async function readFailures(hub: Client, rows: readonly Row[]): Promise<void> {
  for (const row of rows) {
    const { attempts } = await hub.task.show({ id: row.id });
    for (const { number, failure } of attempts) {
      if (failure !== null) row.told.set(number, lastLine(failure));
    }
  }
}

/** Answers what went wrong, if anything did. */
async function watch(given: Play, rows: Row[], after: number): Promise<string | undefined> {
  const { hub, cast, clock, screen, limitMs, stop } = given;
  const enough = new AbortController();
  const interruption = AbortSignal.any([stop, enough.signal]);
  const told = follow({
    hub,
    after,
    interruption,
    onEvent(event) {
      const row = take(rows, event);
      if (row === undefined) return false;
      if (event.type === 'change.awaiting') approve(given, event);
      if (!screen.isLive) screen.say(newsOf(given, rows, { row, event }));
      return isOver(rows);
    },
  }).then(() => undefined);
  const seconds = Math.round(limitMs / 1_000);
  const late = clock.sleep(limitMs, interruption).then(() => `It took over ${seconds} s.`);
  const gone = cast.someoneEnds().then((words) => `${words}.`);
  try {
    const failure = await Promise.race([told, late, gone]);
    stop.throwIfAborted();
    return failure ?? unfinished(rows);
  } finally {
    enough.abort();
  }
}

/** All done, or one that can never be. */
function isOver(rows: readonly Row[]): boolean {
  const isFailed = ({ state }: Row): boolean => state !== 'done' && ENDED.includes(state);
  return rows.every(({ state }) => state === 'done') || rows.some(isFailed);
}

function unfinished(rows: readonly Row[]): string | undefined {
  const open = rows.filter(({ state }) => state !== 'done');
  if (open.length === 0) return undefined;
  return `${open.length} of ${rows.length} tasks did not land.`;
}

/** The policy of the repository asks for a human: here that is the demo's operator, who says so. */
function approve({ hub, screen, output }: Play, { subject, data }: Event): void {
  const rule = data.reason === undefined ? '' : ` (${data.reason})`;
  const mark = output.paint('yellow', output.isTty ? '?' : 'approval:');
  screen.say(`  ${mark} the policy asks for a human${rule}: approved as ${OPERATOR}, ${subject}`);
  const reason = 'approved by the operator of the demo';
  hub.change.approve({ id: subject, reason }).catch((error: unknown) => {
    // It may have gone back meanwhile; if it waits still, the time limit tells.
    const message = error instanceof Error ? error.message : String(error);
    screen.say(`  ${output.paint('yellow', `not approved: ${message}`)}`);
  });
}

/** Where nothing is drawn in place, each event is a line. */
function newsOf(
  { output }: Play,
  rows: readonly Row[],
  { row, event }: { row: Row; event: Event },
): string {
  const sinceMs = rows[0]?.events[0]?.atMs ?? event.atMs;
  const columns = Math.max(...rows.map(({ part }) => textWidth(part.title)));
  const name = padded(row.part.title, columns);
  return eventLine(output, event, { sinceMs, about: row.id, name });
}
