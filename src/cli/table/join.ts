/** How machines come to a hub, and leave it. */
import { type CommandEntry, PAGE } from './entry.ts';

export const join: readonly CommandEntry[] = [
  {
    name: 'join',
    args: '<url>',
    summary: 'Join this machine to a hub: token, config, hooks and MCP entry, each proved.',
    group: 'Run',
    options: [
      { flags: '--code <code>', summary: 'what `signalbox invite` printed; `-` reads stdin' },
      { flags: '--name <name>', summary: 'the name of the agent here; that of the invite' },
      {
        flags: '--agent <client>',
        summary: 'claude, codex, gemini, cursor or command; else those in use here',
        isMany: true,
      },
      { flags: '--slots <count>', summary: 'tokens for so many agents side by side' },
      { flags: '--dry-run', summary: 'look, and say what would be done' },
    ],
    example: 'signalbox join http://192.168.1.5:8080 --code 7KQ2-M9XD-4T1R-0ZPA-6WCE',
    load: async () => (await import('../commands/join.ts')).join,
  },
  {
    name: 'leave',
    args: '[url]',
    summary: 'Undo a join: end its tokens, take out its hooks, MCP entry and config.',
    group: 'Run',
    load: async () => (await import('../commands/leave.ts')).leave,
  },
  {
    name: 'invite',
    summary: 'Print the line that joins another machine; it works once, and for minutes.',
    group: 'Manage',
    options: [
      { flags: '--agent <name>', summary: 'whose it is; else the machine chooses a free name' },
      {
        flags: '--role <role>',
        summary: 'operator, agent, gatekeeper, verifier or observer (agent)',
      },
      { flags: '--slots <count>', summary: 'tokens for NAME-1, NAME-2, … too' },
      {
        flags: '--expires <duration>',
        summary: 'how long it works (15m unless told, 24h at most)',
      },
    ],
    example: 'signalbox invite --agent ada',
    load: async () => (await import('../commands/invite.ts')).createInvite,
  },
  {
    name: 'invite list',
    summary: 'The invites there are, without their codes.',
    group: 'Manage',
    options: PAGE,
    load: async () => (await import('../commands/invite.ts')).listInvites,
  },
  {
    name: 'invite revoke',
    args: '<id>',
    summary: 'End an invite before it is used.',
    group: 'Manage',
    load: async () => (await import('../commands/invite.ts')).revokeInvite,
  },
];
