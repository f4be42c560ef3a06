/** What happens, and why something waits. */
import type { CommandEntry } from './entry.ts';

export const look: readonly CommandEntry[] = [
  {
    name: 'why',
    args: '<id>',
    summary:
      'What a task, change, lock, message, schedule or agent waits for, and what would free it.',
    group: 'Look',
    load: async () => (await import('../commands/why.ts')).why,
  },
  {
    name: 'watch',
    summary: 'Everything that happens, live, until Ctrl-C.',
    group: 'Look',
    options: [{ flags: '--since <cursor>', summary: 'begin after this event; 0 is the first one' }],
    load: async () => (await import('../commands/watch.ts')).watch,
  },
  {
    name: 'status',
    summary: 'The hub at a glance: who does what, what waits and why, what needs you.',
    group: 'Look',
    options: [{ flags: '--watch', summary: 'drawn anew as things happen, until Ctrl-C' }],
    load: async () => (await import('../commands/status.ts')).status,
  },
  {
    name: 'agents',
    summary: 'Who is here, and what they have in hand; then who was, the last seen first.',
    group: 'Look',
    options: [{ flags: '--limit <count>', summary: 'how many at most (50; with --json: all)' }],
    load: async () => (await import('../commands/agents.ts')).listAgents,
  },
  {
    name: 'doctor',
    summary: 'Look for what is wrong, and say what to do.',
    group: 'Look',
    options: [{ flags: '--data <folder>', summary: 'the data folder to look at' }],
    load: async () => (await import('../commands/doctor.ts')).doctor,
  },
];
