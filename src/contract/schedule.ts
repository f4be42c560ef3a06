/**
 * Schedules: tasks that are submitted again and again, at the times of a cron expression.
 *
 * A time is that of a named time zone, never of a machine. Where clocks go forward, a fixed time
 * that the day leaves out (`30 2 * * *`) runs at the first one after the gap; where they go back,
 * it runs once. An expression with `*` or a step in minute or hour goes by the clock on the wall:
 * nothing runs in the gap, and a repeated hour runs twice.
 *
 * Whoever made a schedule submits its tasks. Where that one can submit no more, it is paused.
 */
import { z } from 'zod';
import { limits } from './limits.ts';
import { command, query } from './operation.ts';
import { AgentName, page, pageInput, Reason, ScheduleId, TaskId, text, TimeMs } from './shape.ts';
import { Submitted, TaskOrder } from './task.ts';

/** Written and compared as names of agents are; what begins as an id does is none. */
export const ScheduleName = z
  .string()
  .min(1)
  .max(limits.nameCharsMax)
  .regex(/^(?!sch_)[A-Za-z0-9][A-Za-z0-9._-]*$/, {
    error: ({ input }) =>
      `${JSON.stringify(input).slice(0, 60)} is no name of a schedule: take letters, digits, ` +
      'dots, dashes and underscores, and no `sch_` in front',
  });

const ScheduleRef = z.union([ScheduleId, ScheduleName], {
  error: 'it is neither the id of a schedule (sch_…) nor a name',
});

const FIELDS = 5;

/** Five fields, or a nickname such as `@daily`. Whether it ever fires is seen when it is added. */
export const CronExpression = text(limits.cronCharsMax).refine(
  (cron) => fieldsOf(cron) === FIELDS || /^\s*@[a-z]+\s*$/i.test(cron),
  {
    error: ({ input }) => {
      const count = fieldsOf(String(input));
      const more = count > FIELDS ? ': nothing runs more often than once a minute' : '';
      return (
        `it has ${count} of the five fields minute, hour, day, month, weekday${more}; ` +
        'give five, such as `*/5 * * * *`, or @hourly, @daily, @weekly, @monthly, @yearly'
      );
    },
  },
);

function fieldsOf(cron: string): number {
  return cron.split(/\s+/).filter((field) => field !== '').length;
}

/** A name of the IANA list: an offset such as `+02:00` knows no summer. */
export const TimeZone = z
  .string()
  .max(limits.nameCharsMax)
  .regex(/^[A-Za-z][A-Za-z0-9_+/-]*$/, 'it is no name of a time zone such as Europe/Berlin or UTC');

/** What each run submits: `task.submit` without what could only be true of one run. */
export const ScheduledTask = TaskOrder.omit({
  after: true,
  onNeededFailure: true,
  parent: true,
  notBeforeMs: true,
  deadlineMs: true,
});
export type ScheduledTask = z.infer<typeof ScheduledTask>;

/** What happens at a time at which the task of the run before is still open. */
export const Overlap = z.enum(['skip', 'allow']);
export type Overlap = z.infer<typeof Overlap>;

/** What makes up for times at which no hub ran: one run for all of them, or nothing. */
export const MissedRule = z.enum(['one', 'none']);
export type MissedRule = z.infer<typeof MissedRule>;

export const ScheduleState = z.enum(['active', 'paused']);
export type ScheduleState = z.infer<typeof ScheduleState>;

export const Schedule = z.strictObject({
  id: ScheduleId,
  name: z.string(),
  cron: z.string(),
  timeZone: z.string(),
  task: ScheduledTask,
  overlap: Overlap,
  missedRule: MissedRule,
  state: ScheduleState,
  /** Why it is paused. */
  reason: z.string().nullable(),
  /** Who made it, and submits its tasks. */
  maker: AgentName,
  runs: z.int().min(0),
  /** Times at which the task of the run before was still open, or a run was refused. */
  skipped: z.int().min(0),
  /** Times at which no hub ran and that no run of their own made up for. */
  missed: z.int().min(0),
  /** Why the last time that was left out was left out. */
  lastSkip: z.strictObject({ atMs: TimeMs, reason: z.string() }).nullable(),
  lastRunMs: TimeMs.nullable(),
  lastTaskId: TaskId.nullable(),
  createdAtMs: TimeMs,
  /** Null while it is paused. */
  nextRunMs: TimeMs.nullable(),
});
export type Schedule = z.infer<typeof Schedule>;

const one = z.strictObject({ schedule: ScheduleRef });

export const scheduleOperations = {
  'schedule.add': command('schedule.add', {
    scope: 'submit',
    summary: 'Submits a task at each time of a cron expression from now on.',
    input: z.strictObject({
      name: ScheduleName,
      cron: CronExpression,
      timeZone: TimeZone.default('UTC'),
      task: ScheduledTask,
      overlap: Overlap.default('skip'),
      missedRule: MissedRule.default('one'),
    }),
    output: Schedule,
    errors: ['conflict'],
  }),
  'schedule.list': query('schedule.list', {
    scope: 'read',
    summary: 'The schedules of the project, oldest first.',
    input: z.strictObject({ ...pageInput, state: ScheduleState.optional() }),
    output: page(Schedule),
  }),
  'schedule.show': query('schedule.show', {
    scope: 'read',
    summary: 'One schedule, by its id or its name.',
    input: one,
    output: Schedule,
    errors: ['not_found'],
  }),
  'schedule.pause': command('schedule.pause', {
    scope: 'submit',
    summary: 'Holds a schedule back. The tasks that it has submitted go on.',
    input: z.strictObject({ schedule: ScheduleRef, reason: Reason.optional() }),
    output: Schedule,
    errors: ['not_found', 'forbidden'],
  }),
  'schedule.resume': command('schedule.resume', {
    scope: 'submit',
    summary: 'Lets a paused schedule go on with its next time; nothing is made up for.',
    input: one,
    output: Schedule,
    errors: ['not_found', 'forbidden', 'conflict'],
  }),
  'schedule.remove': command('schedule.remove', {
    scope: 'submit',
    summary: 'Ends a schedule. The tasks that it has submitted go on.',
    input: one,
    output: z.strictObject({ id: ScheduleId, name: z.string() }),
    errors: ['not_found', 'forbidden'],
  }),
  'schedule.run': command('schedule.run', {
    scope: 'submit',
    summary: 'Submits the task of a schedule now, beside its times; a paused one too.',
    input: one,
    output: z.strictObject({ schedule: Schedule, task: Submitted }),
    errors: ['not_found', 'forbidden', 'conflict'],
  }),
  'schedule.preview': query('schedule.preview', {
    scope: 'read',
    summary: 'The next times of a cron expression, or why it has none.',
    input: z.strictObject({
      cron: CronExpression,
      timeZone: TimeZone.default('UTC'),
      count: z.int().min(1).max(limits.schedulePreviewMax).default(5),
    }),
    output: z.strictObject({
      cron: z.string(),
      timeZone: z.string(),
      /** Fewer than were asked for where there are no more. */
      runsMs: z.array(TimeMs),
    }),
  }),
};
