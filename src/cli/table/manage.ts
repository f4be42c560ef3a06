/** Tokens, and any operation by its name. */
import { type CommandEntry, PAGE, REASON } from './entry.ts';

export const manage: readonly CommandEntry[] = [
  {
    name: 'agent trust',
    args: '<name> <level>',
    summary: 'Say how far an agent is trusted: 0 to 3, and 1 until it is said.',
    group: 'Manage',
    example: 'signalbox agent trust ada 2',
    load: async () => (await import('../commands/share.ts')).trustAgent,
  },
  {
    name: 'agent remove',
    args: '<name>',
    summary: 'Take an agent that is offline out of the project; what it said and did stays.',
    group: 'Manage',
    options: [REASON],
    load: async () => (await import('../commands/agents.ts')).removeAgent,
  },
  {
    name: 'share set',
    args: '<submitter> <weight>',
    summary: 'Say how many turns a submitter has while others wait in the same lane.',
    group: 'Manage',
    example: 'signalbox share set pat 3',
    load: async () => (await import('../commands/share.ts')).setShare,
  },
  {
    name: 'share list',
    summary: 'Submitters and their weights.',
    group: 'Manage',
    options: PAGE,
    load: async () => (await import('../commands/share.ts')).listShares,
  },
  {
    name: 'token create',
    summary: 'Make a token; it is shown once.',
    group: 'Manage',
    options: [
      { flags: '--agent <name>', summary: 'whose it is', isRequired: true },
      {
        flags: '--role <role>',
        summary: 'admin, operator, agent, gatekeeper, verifier or observer (agent)',
      },
      {
        flags: '--expires <duration>',
        summary: 'how long it works (12h, 7d); for ever unless told',
      },
    ],
    load: async () => (await import('../commands/token.ts')).createToken,
  },
  {
    name: 'token list',
    summary: 'The tokens there are, without their secrets.',
    group: 'Manage',
    options: PAGE,
    load: async () => (await import('../commands/token.ts')).listTokens,
  },
  {
    name: 'token rotate',
    args: '<id>',
    summary: 'Make a new secret for the same agent; the old one works a little longer.',
    group: 'Manage',
    options: [{ flags: '--grace <duration>', summary: 'how much longer (10m unless told)' }],
    load: async () => (await import('../commands/token.ts')).rotateToken,
  },
  {
    name: 'token revoke',
    args: '<id>',
    summary: 'End a token at once.',
    group: 'Manage',
    options: [REASON],
    load: async () => (await import('../commands/token.ts')).revokeToken,
  },
  {
    name: 'call',
    args: '[operation] [json]',
    summary: 'Call any operation with JSON (`-` reads stdin); prints its output as JSON.',
    group: 'Manage',
    options: [
      { flags: '--list', summary: 'the operations there are' },
      { flags: '--key <key>', summary: 'the idempotency key of a command' },
    ],
    example: `signalbox call task.submit '{"title":"Say hello"}'`,
    load: async () => (await import('../commands/call.ts')).call,
  },
];
