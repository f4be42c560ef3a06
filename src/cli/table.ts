/**
 * Every command of the command line: its words, its options, and where its code lies. The code is
 * loaded when the command is run, so that the others cost a start nothing.
 */
import type { Command } from './run.ts';

export interface OptionEntry {
  flags: string;
  summary: string;
  /** May be given several times. */
  isMany?: boolean;
  isRequired?: boolean;
  fallback?: string;
}

export interface CommandEntry {
  /** `noun` or `noun verb`. */
  name: string;
  /** As commander writes them: `<id>`, `[json]`, `<command...>`. */
  args?: string;
  summary: string;
  group: 'Run' | 'Work' | 'Look' | 'Manage';
  options?: readonly OptionEntry[];
  /** Shown below the help. */
  example?: string;
  load: () => Promise<Command>;
}

/** What a group of commands is about, for the help of the noun alone. */
export const nouns: Readonly<Record<string, string>> = {
  agent: 'Run an agent.',
  verifier: 'Run a verifier.',
  task: 'Submit tasks and see what becomes of them.',
  change: 'See what agents handed in, and decide where a human must.',
  token: 'Make and end the tokens that agents and people identify with.',
};

const PAGE: readonly OptionEntry[] = [
  { flags: '--limit <count>', summary: 'how many at most' },
  { flags: '--cursor <cursor>', summary: 'go on after the page that named this cursor' },
];

const REASON: OptionEntry = {
  flags: '--reason <text>',
  summary: 'why, for those who read it later',
};

export const commands: readonly CommandEntry[] = [
  {
    name: 'start',
    summary: 'Start a hub, and a verifier beside it, in the foreground.',
    group: 'Run',
    options: [
      { flags: '--host <address>', summary: 'where to listen', fallback: '127.0.0.1' },
      { flags: '--port <port>', summary: '0 takes a free one', fallback: '8080' },
      { flags: '--data <folder>', summary: 'where the data lies' },
      { flags: '--database-url <url>', summary: 'PostgreSQL (postgres://…) instead of SQLite' },
      { flags: '--auth <kind>', summary: '`token`, or `none` on loopback only', fallback: 'token' },
      { flags: '--no-verifier', summary: 'without a verifier of its own' },
      { flags: '--log-level <level>', summary: 'fatal, error, warn, info, debug, trace or silent' },
    ],
    load: async () => {
      const { startOptions } = await import('./start-options.ts');
      const { start } = await import('./commands/start.ts');
      return (context) => start(startOptions(context));
    },
  },
  {
    name: 'agent run',
    args: '<command...>',
    summary: 'Be an agent: take tasks, and run this command for each in a worktree of its own.',
    group: 'Run',
    options: [
      { flags: '--name <name>', summary: 'the name of the agent', isRequired: true },
      { flags: '--repo <url>', summary: 'fetched ahead, so that the first task starts at once' },
      { flags: '--capability <word>', summary: 'what it can do', isMany: true },
      { flags: '--data <folder>', summary: 'where its worktrees and journal lie' },
      { flags: '--echo', summary: 'show what the command prints, on stderr' },
    ],
    example: `signalbox agent run --name ada -- sh -c 'my-agent < "$SIGNALBOX_TASK_FILE"'`,
    load: async () => (await import('./commands/agent-run.ts')).runAgent,
  },
  {
    name: 'verifier run',
    summary: 'Be a verifier: test changes in clean worktrees and land what passes.',
    group: 'Run',
    options: [
      { flags: '--name <name>', summary: 'its name; that of its token, or `verifier`' },
      { flags: '--data <folder>', summary: 'where its worktrees lie' },
    ],
    load: async () => (await import('./commands/verifier-run.ts')).runVerifier,
  },
  {
    name: 'demo',
    summary: 'Show the whole way once, in a temporary folder: tasks in, commits out.',
    group: 'Run',
    options: [
      { flags: '--repo <repository>', summary: 'a copy of this path or URL; else of this project' },
      { flags: '--keep', summary: 'leave the hub running' },
      { flags: '--timeout <duration>', summary: 'the longest that the tasks may take (3m)' },
    ],
    load: async () => (await import('./commands/demo.ts')).demo,
  },
  {
    name: 'task submit',
    args: '<title>',
    summary: 'Put a task into the queue.',
    group: 'Work',
    options: [
      { flags: '--repo <url>', summary: 'the repository to work on; a local path must be bare' },
      { flags: '--base <branch>', summary: 'its base branch, if it is not the one HEAD names' },
      { flags: '--body <text>', summary: 'what is to be done; `-` reads stdin' },
      { flags: '--check <command>', summary: 'what the change must pass (sh -c)', isMany: true },
      { flags: '--lane <lane>', summary: 'urgent, high, normal or low' },
      { flags: '--needs <capability>', summary: 'what its agent must be able to do', isMany: true },
      { flags: '--after <id>', summary: 'a task that must be done first', isMany: true },
      { flags: '--retries <count>', summary: 'how often it is tried again after a failure' },
      { flags: '--timeout <duration>', summary: 'the longest time an attempt may take (30m, 2h)' },
      { flags: '--wait', summary: 'follow it until it has ended; with --json: as `task show`' },
    ],
    example:
      'signalbox task submit "Fix the login" --repo https://example.org/a.git --check "npm test"',
    load: async () => (await import('./commands/task-submit.ts')).submitTask,
  },
  {
    name: 'task show',
    args: '<id>',
    summary: 'One task with its timeline.',
    group: 'Work',
    load: async () => (await import('./commands/task-show.ts')).showTask,
  },
  {
    name: 'task list',
    summary: 'Tasks, newest first.',
    group: 'Work',
    options: [
      { flags: '--state <state>', summary: 'only those in this state' },
      { flags: '--agent <name>', summary: 'only those that this agent holds' },
      ...PAGE,
    ],
    load: async () => (await import('./commands/task.ts')).listTasks,
  },
  {
    name: 'task log',
    args: '<id>',
    summary: 'What the command of an attempt printed.',
    group: 'Work',
    options: [{ flags: '--attempt <number>', summary: 'which attempt; the last one unless told' }],
    load: async () => (await import('./commands/task.ts')).showLog,
  },
  {
    name: 'task cancel',
    args: '<id>',
    summary: 'End a task that has not ended; its agent is told.',
    group: 'Work',
    options: [REASON],
    load: async () => (await import('./commands/task.ts')).cancelTask,
  },
  {
    name: 'task retry',
    args: '<id>',
    summary: 'Put a dead, failed or cancelled task back into the queue.',
    group: 'Work',
    load: async () => (await import('./commands/task.ts')).retryTask,
  },
  {
    name: 'change list',
    summary: 'Changes, newest first.',
    group: 'Work',
    options: [
      { flags: '--state <state>', summary: 'only those in this state' },
      { flags: '--task <id>', summary: 'only those of this task' },
      ...PAGE,
    ],
    load: async () => (await import('./commands/change.ts')).listChanges,
  },
  {
    name: 'change show',
    args: '<id>',
    summary: 'One change with what its checks printed.',
    group: 'Work',
    load: async () => (await import('./commands/change.ts')).showChange,
  },
  {
    name: 'change approve',
    args: '<id>',
    summary: 'Let a change land that waits for a human.',
    group: 'Work',
    options: [REASON],
    load: async () => (await import('./commands/change.ts')).approveChange,
  },
  {
    name: 'change decline',
    args: '<id>',
    summary: 'Send a change back to its task, for a new attempt.',
    group: 'Work',
    options: [{ ...REASON, isRequired: true }],
    load: async () => (await import('./commands/change.ts')).declineChange,
  },
  {
    name: 'why',
    args: '<id>',
    summary: 'What a task, a change or an agent waits for, and what would free it.',
    group: 'Look',
    load: async () => (await import('./commands/why.ts')).why,
  },
  {
    name: 'watch',
    summary: 'Everything that happens, live, until Ctrl-C.',
    group: 'Look',
    options: [{ flags: '--since <cursor>', summary: 'begin after this event; 0 is the first one' }],
    load: async () => (await import('./commands/watch.ts')).watch,
  },
  {
    name: 'status',
    summary: 'The hub in numbers.',
    group: 'Look',
    load: async () => (await import('./commands/status.ts')).status,
  },
  {
    name: 'agents',
    summary: 'Who is here, and what they hold.',
    group: 'Look',
    options: PAGE,
    load: async () => (await import('./commands/agents.ts')).listAgents,
  },
  {
    name: 'doctor',
    summary: 'Look for what is wrong, and say what to do.',
    group: 'Look',
    options: [{ flags: '--data <folder>', summary: 'the data folder to look at' }],
    load: async () => (await import('./commands/doctor.ts')).doctor,
  },
  {
    name: 'token create',
    summary: 'Make a token; it is shown once.',
    group: 'Manage',
    options: [
      { flags: '--agent <name>', summary: 'whose it is', isRequired: true },
      { flags: '--role <role>', summary: 'admin, operator, agent, gatekeeper, verifier, observer' },
      { flags: '--expires <duration>', summary: 'how long it works (12h, 7d)' },
    ],
    load: async () => (await import('./commands/token.ts')).createToken,
  },
  {
    name: 'token list',
    summary: 'The tokens there are, without their secrets.',
    group: 'Manage',
    options: PAGE,
    load: async () => (await import('./commands/token.ts')).listTokens,
  },
  {
    name: 'token rotate',
    args: '<id>',
    summary: 'Make a new secret for the same agent; the old one works a little longer.',
    group: 'Manage',
    options: [{ flags: '--grace <duration>', summary: 'how much longer (10m unless told)' }],
    load: async () => (await import('./commands/token.ts')).rotateToken,
  },
  {
    name: 'token revoke',
    args: '<id>',
    summary: 'End a token at once.',
    group: 'Manage',
    options: [REASON],
    load: async () => (await import('./commands/token.ts')).revokeToken,
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
    load: async () => (await import('./commands/call.ts')).call,
  },
];
