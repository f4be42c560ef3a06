/** What may be spent, and pauses. */
import { type CommandEntry, PAGE, REASON } from './entry.ts';

const WHOSE = [
  { flags: '--agent <name>', summary: 'of this agent' },
  { flags: '--task <id>', summary: 'of this task, for all its attempts' },
  { flags: '--window <window>', summary: 'ever, hour, day or week (of UTC); ever unless told' },
];

export const budget: readonly CommandEntry[] = [
  {
    name: 'budget set',
    summary: 'Say how much the project, an agent or a task may spend.',
    group: 'Manage',
    options: [
      ...WHOSE,
      { flags: '--max-tokens <count>', summary: 'tokens, without those read from a cache' },
      { flags: '--max-cost <dollars>', summary: 'US dollars, as agents report them (2.50)' },
    ],
    example: 'signalbox budget set --agent ada --window day --max-cost 20',
    load: async () => (await import('../commands/budget.ts')).setBudget,
  },
  {
    name: 'budget list',
    summary: 'The budgets there are, with what is left of them.',
    group: 'Manage',
    options: PAGE,
    load: async () => (await import('../commands/budget.ts')).listBudgets,
  },
  {
    name: 'budget remove',
    summary: 'Lift a budget; what it held back is handed out.',
    group: 'Manage',
    options: WHOSE,
    load: async () => (await import('../commands/budget.ts')).removeBudget,
  },
  {
    name: 'agent pause',
    args: '[name]',
    summary: 'Offer an agent nothing for a while; yourself unless one is named.',
    group: 'Manage',
    options: [
      { flags: '--for <duration>', summary: 'how long (30m, 5h, 7d)', isRequired: true },
      { ...REASON, isRequired: true },
    ],
    load: async () => (await import('../commands/budget.ts')).pauseAgent,
  },
  {
    name: 'agent resume',
    args: '[name]',
    summary: 'End the pause of an agent.',
    group: 'Manage',
    load: async () => (await import('../commands/budget.ts')).resumeAgent,
  },
];
