/** Schedules: tasks that are submitted again and again. */
import { type CommandEntry, PAGE, REASON } from './entry.ts';
import { OF_TASK } from './work.ts';

const ZONE = { flags: '--zone <name>', summary: 'the time zone (Europe/Berlin); UTC unless told' };

export const schedules: readonly CommandEntry[] = [
  {
    name: 'schedule add',
    args: '<name> <cron> <title>',
    summary: 'Submit a task at each time of a cron expression from now on.',
    group: 'Work',
    options: [
      ZONE,
      { flags: '--overlap <rule>', summary: 'while the last task is open: skip or allow (skip)' },
      {
        flags: '--missed <rule>',
        summary: 'for times at which no hub ran: one run, or none (one)',
      },
      ...OF_TASK,
    ],
    example:
      'signalbox schedule add nightly "30 2 * * *" "Say what is out of date" --zone Europe/Berlin',
    load: async () => (await import('../commands/schedule.ts')).addSchedule,
  },
  {
    name: 'schedule list',
    summary: 'The schedules there are.',
    group: 'Work',
    options: [{ flags: '--state <state>', summary: 'active or paused' }, ...PAGE],
    load: async () => (await import('../commands/schedule.ts')).listSchedules,
  },
  {
    name: 'schedule show',
    args: '<name>',
    summary: 'One schedule: when it runs next, and what it has left out.',
    group: 'Work',
    load: async () => (await import('../commands/schedule.ts')).showSchedule,
  },
  {
    name: 'schedule next',
    args: '<cron>',
    summary: 'The next times of a cron expression.',
    group: 'Work',
    options: [ZONE, { flags: '--count <count>', summary: 'how many (5 unless told)' }],
    example: 'signalbox schedule next "*/5 9-17 * * MON-FRI" --zone Asia/Kathmandu',
    load: async () => (await import('../commands/schedule.ts')).nextTimes,
  },
  {
    name: 'schedule pause',
    args: '<name>',
    summary: 'Hold a schedule back.',
    group: 'Work',
    options: [REASON],
    load: async () => (await import('../commands/schedule.ts')).pauseSchedule,
  },
  {
    name: 'schedule resume',
    args: '<name>',
    summary: 'Let a paused schedule go on with its next time.',
    group: 'Work',
    load: async () => (await import('../commands/schedule.ts')).resumeSchedule,
  },
  {
    name: 'schedule run',
    args: '<name>',
    summary: 'Submit its task now, beside its times.',
    group: 'Work',
    load: async () => (await import('../commands/schedule.ts')).runSchedule,
  },
  {
    name: 'schedule remove',
    args: '<name>',
    summary: 'End a schedule; its tasks go on.',
    group: 'Work',
    load: async () => (await import('../commands/schedule.ts')).removeSchedule,
  },
];
