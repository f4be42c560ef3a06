/** The hooks of agents' clients and of git. */
import type { CommandEntry, OptionEntry } from './entry.ts';

const SCOPE: readonly OptionEntry[] = [
  { flags: '--user', summary: 'for all projects of this user (this is meant unless told)' },
  { flags: '--project', summary: 'for this folder only' },
];
const AGENT: OptionEntry = {
  flags: '--agent <name>',
  summary: 'what the agents here are called; else by their client, as claude-code',
};

export const hooks: readonly CommandEntry[] = [
  {
    name: 'hooks install',
    args: '[client...]',
    summary:
      'Let agents show their mail and lock what they edit: claude, codex, gemini, cursor, git.',
    group: 'Run',
    options: [AGENT, ...SCOPE],
    example: 'signalbox hooks install claude git',
    load: async () => (await import('../commands/hooks.ts')).installHooks,
  },
  {
    name: 'hooks status',
    summary: 'Which hooks are installed, whether they answer, and what they cannot enforce.',
    group: 'Look',
    options: [AGENT, ...SCOPE],
    load: async () => (await import('../commands/hooks.ts')).statusOfHooks,
  },
  {
    name: 'hooks remove',
    args: '[client...]',
    summary: 'Take the hooks out again; of all clients unless some are named.',
    group: 'Run',
    options: [AGENT, ...SCOPE],
    load: async () => (await import('../commands/hooks.ts')).removeHooks,
  },
];
