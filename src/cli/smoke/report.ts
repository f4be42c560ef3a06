/** What a run came to, for people and for programs. */
import { table } from '../terminal/layout.ts';
import type { Output } from '../terminal/output.ts';
import {
  isEven,
  SHARE_OFF_MAX,
  sharesOf,
  type Spread,
  spreadOf,
  type TaskTimes,
} from './measure.ts';
import { counted } from '../words/time.ts';

export interface Report {
  /** Each commit is on the main branch once. */
  isLanded: boolean;
  problems: readonly string[];
  tookMs: number;
  /** How many tasks each agent did. */
  shares: Record<string, number>;
  isEven: boolean;
  /** Since a task was queued. */
  spreads: Record<'offered' | 'started' | 'done', Spread | undefined>;
  tasks: readonly TaskTimes[];
}

export interface Measured {
  agents: readonly string[];
  tasks: readonly TaskTimes[];
  tookMs: number;
  problems: readonly string[];
}

export function reportOf({ agents, tasks, tookMs, problems }: Measured): Report {
  const shares = sharesOf(agents, tasks);
  return {
    isLanded: problems.length === 0,
    problems,
    tookMs,
    shares,
    isEven: isEven(shares),
    spreads: {
      offered: spreadOf(tasks.map(({ offeredMs }) => offeredMs)),
      started: spreadOf(tasks.map(({ startedMs }) => startedMs)),
      done: spreadOf(tasks.map(({ doneMs }) => doneMs)),
    },
    tasks,
  };
}

export function reportLines(output: Output, report: Report): string[] {
  const { tasks, shares, spreads, tookMs, problems } = report;
  const columns = [
    { title: 'TASK', text: ({ id }: TaskTimes) => id },
    { title: 'STATE', text: ({ state }: TaskTimes) => state },
    { title: 'TRIES', text: ({ attempts }: TaskTimes) => String(attempts) },
    { title: 'OFFERED', text: ({ offeredMs }: TaskTimes) => seconds(offeredMs) },
    { title: 'STARTED', text: ({ startedMs }: TaskTimes) => seconds(startedMs) },
    { title: 'HANDED IN', text: ({ handedInMs }: TaskTimes) => seconds(handedInMs) },
    { title: 'DONE', text: ({ doneMs }: TaskTimes) => seconds(doneMs) },
    { title: 'AGENT', text: ({ agent }: TaskTimes) => agent ?? '-' },
  ];
  const even = report.isEven ? 'evenly' : `not evenly: more than ${SHARE_OFF_MAX} off`;
  const counts = Object.entries(shares).map(([name, count]) => `${name} ${count}`);
  const spread = Object.entries(spreads).flatMap(([name, one]) => {
    return one === undefined ? [] : [`${name.padEnd(8)} ${spreadWords(one)}`];
  });
  const mark = output.paint('green', output.isTty ? '✓' : 'ok:');
  const end =
    problems.length === 0
      ? [`${mark} ${counted(tasks.length, 'task')}, each landed once, in ${seconds(tookMs)}.`]
      : problems.map((problem) => `${output.paint('red', 'missing:')} ${problem}`);
  return [
    '',
    ...table(output, columns, tasks),
    '',
    `shared ${even}: ${counts.join(', ')}`,
    ...spread,
    '',
    ...end,
  ];
}

function spreadWords({ p50Ms, p99Ms, mostMs }: Spread): string {
  return `p50 ${seconds(p50Ms)}   p99 ${seconds(p99Ms)}   most ${seconds(mostMs)}`;
}

function seconds(lengthMs: number | undefined): string {
  return lengthMs === undefined ? '-' : `${(lengthMs / 1_000).toFixed(2)} s`;
}
