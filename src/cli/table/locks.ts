/** Locks: who may change what. */
import { AS, type CommandEntry, PAGE } from './entry.ts';

const SESSION = {
  flags: '--session <name>',
  summary: 'who holds it; SESSION_ID, or the program that started this one, unless told',
};
const THING = {
  flags: '--name <thing>',
  summary: 'a thing that is no path, such as db:schema',
  isMany: true,
};
const REPO = {
  flags: '--repo <url>',
  summary: 'the repository of the paths; that of this folder unless told',
};
const WHAT = [THING, REPO];

export const locks: readonly CommandEntry[] = [
  {
    name: 'lock acquire',
    args: '[path...]',
    summary: 'Take paths and things, all or nothing; refused with who holds them.',
    group: 'Work',
    options: [
      ...WHAT,
      { flags: '--shared', summary: 'others may share it; nobody may have it alone' },
      { flags: '--wait', summary: 'stand in line, and come back when it is yours' },
      { flags: '--lease <duration>', summary: 'free it when nothing is heard for so long (15m)' },
      { flags: '--reason <text>', summary: 'what for; others are shown it' },
      SESSION,
      AS,
    ],
    example: 'signalbox lock acquire "src/parser/**" --reason "a new grammar"',
    load: async () => (await import('../commands/lock.ts')).acquireLock,
  },
  {
    name: 'lock release',
    args: '[path...]',
    summary: 'Give paths and things back; without any, all that this session has.',
    group: 'Work',
    options: [
      ...WHAT,
      { flags: '--id <id>', summary: 'one lock, or a place in line' },
      SESSION,
      AS,
    ],
    load: async () => (await import('../commands/lock.ts')).releaseLock,
  },
  {
    name: 'lock check',
    args: '[path...]',
    summary: 'Whether they could be taken now; exit code 75 where not.',
    group: 'Work',
    options: [...WHAT, { flags: '--shared', summary: 'to share it' }, SESSION, AS],
    load: async () => (await import('../commands/lock.ts')).checkLock,
  },
  {
    name: 'lock list',
    summary: 'Who holds what, and who waits.',
    group: 'Work',
    options: [
      { flags: '--agent <name>', summary: 'only those of this agent' },
      { flags: '--task <id>', summary: 'only those of this task' },
      {
        flags: '--state <state>',
        summary: 'waiting, granted, released, expired, stolen or withdrawn; else what is open',
      },
      ...PAGE,
      AS,
    ],
    load: async () => (await import('../commands/lock.ts')).listLocks,
  },
  {
    name: 'lock show',
    args: '<id>',
    summary: 'One lock.',
    group: 'Work',
    options: [AS],
    load: async () => (await import('../commands/lock.ts')).showLock,
  },
  {
    name: 'lock steal',
    args: '<id>',
    summary: 'Take a lock from its holder, who is told why; the next in line gets it.',
    group: 'Work',
    options: [{ flags: '--reason <text>', summary: 'why', isRequired: true }],
    load: async () => (await import('../commands/lock.ts')).stealLock,
  },
  {
    name: 'lock stats',
    summary: 'How locks ended, those first who often let them run out.',
    group: 'Work',
    load: async () => (await import('../commands/lock.ts')).lockStats,
  },
];
