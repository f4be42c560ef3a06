/** Schedules: tasks that are submitted again and again. */
import { limits, MissedRule, Overlap, type Schedule, ScheduleState } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { harmlessLine } from '../terminal/harmless.ts';
import { fields, table } from '../terminal/layout.ts';
import { tellNoRepository } from '../task/no-repository.ts';
import { nextPage, pageOf, theOne } from '../terminal/paging.ts';
import { stateColour, stateText, stateWord } from '../terminal/states.ts';
import { timeInWords, timeInZone } from '../words/time.ts';
import { readTask } from './task-submit.ts';

export async function addSchedule(context: Context): Promise<void> {
  const { args, options } = context;
  const [name = '', cron = '', title = ''] = args;
  const input = {
    name,
    cron,
    timeZone: options.text('zone'),
    task: await readTask(context, title),
    overlap: options.choice('overlap', Overlap.options),
    missedRule: options.choice('missed', MissedRule.options),
  };
  const hub = await context.hub();
  giveState(context, await hub.schedule.add(input));
  tellNoRepository(context, input.task);
}

export async function listSchedules(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const state = options.choice('state', ScheduleState.options);
  const hub = await context.hub();
  const page = await hub.schedule.list({ ...pageOf(options), state });
  const nowMs = clock.nowMs();
  const when = (atMs: number | null): string => (atMs === null ? '-' : timeInWords(atMs, nowMs));
  const columns = [
    { title: 'NAME', text: ({ name }: Schedule) => name },
    {
      title: 'STATE',
      text: (one: Schedule) => stateText(output, one.state),
      dress: (text: string, one: Schedule) => output.paint(stateColour(one.state), text),
    },
    { title: 'CRON', text: ({ cron }: Schedule) => cron },
    { title: 'ZONE', text: ({ timeZone }: Schedule) => timeZone },
    { title: 'NEXT', text: ({ nextRunMs }: Schedule) => when(nextRunMs) },
    { title: 'LAST', text: ({ lastRunMs }: Schedule) => when(lastRunMs) },
    { title: 'RUNS', text: ({ runs }: Schedule) => String(runs) },
    { title: 'TITLE', text: ({ task }: Schedule) => harmlessLine(task.title) },
  ];
  output.give(page, () =>
    page.items.length === 0
      ? ['No schedules yet: signalbox schedule add nightly "30 2 * * *" "Clean up"']
      : [...table(output, columns, page.items), ...nextPage(page, 'schedule list')],
  );
}

export async function showSchedule(context: Context): Promise<void> {
  const { output } = context;
  const hub = await context.hub();
  const schedule = await hub.schedule.show({ schedule: theOne(context) });
  output.give(schedule, () => [
    `${stateWord(output, schedule.state)}  ${output.paint('bold', schedule.name)}`,
    ...fields(output, fieldsOf(schedule, context.clock.nowMs())),
  ]);
}

function fieldsOf(one: Schedule, nowMs: number): [string, string | undefined][] {
  const { reason, task, lastSkip, timeZone, nextRunMs, lastRunMs, lastTaskId } = one;
  const when = (atMs: number | null): string | undefined =>
    atMs === null ? undefined : `${timeInWords(atMs, nowMs)}, ${timeInZone(atMs, timeZone)}`;
  const last = lastRunMs === null ? undefined : `${when(lastRunMs)}, ${lastTaskId}`;
  const skip = lastSkip === null ? undefined : harmlessLine(lastSkip.reason);
  return [
    ['id', one.id],
    ['reason', reason === null ? undefined : harmlessLine(reason)],
    ['cron', `${one.cron}  (${timeZone})`],
    ['next', when(nextRunMs)],
    ['last', last],
    ['counts', `${one.runs} run, ${one.skipped} skipped, ${one.missed} missed`],
    ['left out', skip === undefined ? undefined : `${when(lastSkip?.atMs ?? null)}: ${skip}`],
    ['rules', `overlap ${one.overlap}, missed ${one.missedRule}`],
    ['made', `${timeInWords(one.createdAtMs, nowMs)} by ${one.maker}`],
    ['task', harmlessLine(task.title)],
    ['repository', task.repository === undefined ? undefined : harmlessLine(task.repository)],
    ['lane', task.lane],
    ['needs', task.needs.length === 0 ? undefined : task.needs.join(', ')],
  ];
}

export async function pauseSchedule(context: Context): Promise<void> {
  const hub = await context.hub();
  const reason = context.options.text('reason');
  giveState(context, await hub.schedule.pause({ schedule: theOne(context), reason }));
}

export async function resumeSchedule(context: Context): Promise<void> {
  const hub = await context.hub();
  giveState(context, await hub.schedule.resume({ schedule: theOne(context) }));
}

function giveState({ output, clock }: Context, schedule: Schedule): void {
  const { name, state, nextRunMs, timeZone } = schedule;
  const next =
    nextRunMs === null
      ? ''
      : `  next ${timeInWords(nextRunMs, clock.nowMs())}, ${timeInZone(nextRunMs, timeZone)}`;
  output.give(schedule, () => [`${name}  ${stateWord(output, state)}${next}`]);
}

export async function removeSchedule(context: Context): Promise<void> {
  const hub = await context.hub();
  const answer = await hub.schedule.remove({ schedule: theOne(context) });
  context.output.give(answer, () => [`${answer.name} is removed; its tasks go on`]);
}

export async function runSchedule(context: Context): Promise<void> {
  const { output } = context;
  const hub = await context.hub();
  const answer = await hub.schedule.run({ schedule: theOne(context) });
  const { id, state } = answer.task;
  output.give(answer, () => [`${id}  ${stateWord(output, state)}`]);
}

export async function nextTimes(context: Context): Promise<void> {
  const { options, output, clock } = context;
  const count = options.integer('count', { min: 1, max: limits.schedulePreviewMax });
  const input = { cron: theOne(context), timeZone: options.text('zone'), count };
  const hub = await context.hub();
  const answer = await hub.schedule.preview(input);
  const { timeZone, runsMs } = answer;
  const nowMs = clock.nowMs();
  output.give(answer, () =>
    runsMs.map((atMs) => `${timeInZone(atMs, timeZone)}  ${timeInWords(atMs, nowMs)}`),
  );
}
