/** Memory: what agents keep for later. */
import { AS, type CommandEntry } from './entry.ts';

const LAYER = '--layer <layer>';
const TAG = '--tag <word>';
const PATH = '--path <path>';

export const memory: readonly CommandEntry[] = [
  {
    name: 'remember',
    args: '<text>',
    summary: 'Keep what you have learned, for yourself and the others (`-` reads stdin).',
    group: 'Talk',
    options: [
      { flags: LAYER, summary: 'episodic (what happened), working or procedural (how we do it)' },
      { flags: '--type <type>', summary: 'what kind of thing it is (NOTE)' },
      { flags: TAG, summary: 'a word to find it by', isMany: true },
      { flags: PATH, summary: 'a file or folder that it is about', isMany: true },
      { flags: '--session <name>', summary: 'of the working layer; SESSION_ID unless told' },
      AS,
    ],
    example: 'signalbox remember "The parser needs LF line ends." --path src/parser --as ada',
    load: async () => (await import('../commands/memory.ts')).remember,
  },
  {
    name: 'recall',
    args: '[query...]',
    summary: 'What was remembered that has these words; without any, the newest.',
    group: 'Talk',
    options: [
      { flags: TAG, summary: 'also what has this tag', isMany: true },
      { flags: PATH, summary: 'also what is about this path, above or below it', isMany: true },
      { flags: LAYER, summary: 'only this layer', isMany: true },
      { flags: '--limit <count>', summary: 'how many at most (10)' },
      AS,
    ],
    load: async () => (await import('../commands/memory.ts')).recall,
  },
  {
    name: 'forget',
    args: '<id>',
    summary: 'Take back what you remembered.',
    group: 'Talk',
    options: [AS],
    load: async () => (await import('../commands/memory.ts')).forget,
  },
];
