/** What agents remember. */
import { AS, type CommandEntry } from './entry.ts';

const ABOUT = [
  { flags: '--tag <tag>', summary: 'a word for it', isMany: true },
  { flags: '--path <path>', summary: 'a file that it is about', isMany: true },
  { flags: '--layer <layer>', summary: 'episodic, working or procedural' },
];

export const memory: readonly CommandEntry[] = [
  {
    name: 'remember',
    args: '<text>',
    summary: 'Keep what was learned; `-` reads stdin.',
    group: 'Talk',
    options: [...ABOUT, { flags: '--type <type>', summary: 'what kind of note (NOTE)' }, AS],
    example: 'signalbox remember "Run the linter with --fix first." --tag lint',
    load: async () => (await import('../commands/memory.ts')).remember,
  },
  {
    name: 'recall',
    args: '[words...]',
    summary: 'What was remembered, best first; without words the newest.',
    group: 'Talk',
    options: [...ABOUT, { flags: '--limit <count>', summary: 'how many at most' }],
    load: async () => (await import('../commands/memory.ts')).recall,
  },
  {
    name: 'forget',
    args: '<id>',
    summary: 'Take back what was remembered.',
    group: 'Talk',
    options: [AS],
    load: async () => (await import('../commands/memory.ts')).forget,
  },
];
