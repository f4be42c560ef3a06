/** Tasks and changes. */
import { AS, type CommandEntry, type OptionEntry, PAGE, REASON } from './entry.ts';

/** What is true of each task that a schedule submits, too. */
export const OF_TASK: readonly OptionEntry[] = [
  { flags: '--repo <url>', summary: 'the repository to work on; a local path must be bare' },
  { flags: '--base <branch>', summary: 'its base branch, if it is not the one HEAD names' },
  { flags: '--body <text>', summary: 'what is to be done; `-` reads stdin' },
  { flags: '--check <command>', summary: 'what the change must pass (sh -c)', isMany: true },
  { flags: '--path <glob>', summary: 'what it will change, locked for it', isMany: true },
  { flags: '--lane <lane>', summary: 'urgent, high, normal or low' },
  { flags: '--needs <capability>', summary: 'what its agent must be able to do', isMany: true },
  { flags: '--prefers <capability>', summary: 'what an agent had better have', isMany: true },
  { flags: '--trust <level>', summary: 'the least trust that its agent must have (0 to 3)' },
  { flags: '--key <key>', summary: 'of the tasks with one key, one is in hand at a time' },
  { flags: '--unique <key>', summary: 'answer the open task that has this key, if there is one' },
  { flags: '--unique-ever <key>', summary: 'the same, also where that task has ended' },
  { flags: '--silence <duration>', summary: 'an attempt that says nothing for so long fails' },
  { flags: '--retries <count>', summary: 'how often it is tried again after a failure' },
  { flags: '--timeout <duration>', summary: 'the longest time an attempt may take (30m, 2h)' },
  { flags: '--max-tokens <count>', summary: 'stopped where it has used more than this' },
  { flags: '--max-cost <dollars>', summary: 'the same in US dollars (2.50)' },
];

/** What many issues may have in common, and do not say themselves. */
const OF_ISSUE = OF_TASK.filter(({ flags }) => !/^--(body|unique|unique-ever)\b/.test(flags));

export const work: readonly CommandEntry[] = [
  {
    name: 'task submit',
    args: '[title]',
    summary: 'Put a task into the queue, or all tasks of a file.',
    group: 'Work',
    options: [
      { flags: '--file <path>', summary: 'the tasks of this YAML or JSON file; `-` reads stdin' },
      ...OF_TASK,
      { flags: '--after <id>', summary: 'a task that must be done first', isMany: true },
      {
        flags: '--cancel-without',
        summary: 'cancel it where one of those ends without being done',
      },
      { flags: '--parent <id>', summary: 'the task whose child it is' },
      { flags: '--not-before <time>', summary: 'not handed out before (2h, 2026-12-24T18:00Z)' },
      { flags: '--deadline <time>', summary: 'failed where it was not handed in by then' },
      { flags: '--dry-run', summary: 'only show what would be submitted' },
      { flags: '--wait', summary: 'follow it until it has ended; with --json: as `task show`' },
    ],
    example:
      'signalbox task submit "Fix the login" --repo https://example.org/a.git --check "npm test"',
    load: async () => (await import('../commands/task-submit.ts')).submitTask,
  },
  {
    name: 'task show',
    args: '<id>',
    summary: 'One task with its timeline.',
    group: 'Work',
    load: async () => (await import('../commands/task-show.ts')).showTask,
  },
  {
    name: 'task wait',
    args: '<id>',
    summary: 'Follow a task until it has ended; exit code 0 only where it is done.',
    group: 'Work',
    load: async () => (await import('../commands/task-wait.ts')).waitForTask,
  },
  {
    name: 'task list',
    summary: 'Tasks, newest first.',
    group: 'Work',
    options: [
      {
        flags: '--state <state>',
        summary:
          'one state: blocked, queued, offered, accepted, running, verifying, done, cancelled, ' +
          'failed or dead',
      },
      { flags: '--agent <name>', summary: 'only those that this agent holds' },
      ...PAGE,
    ],
    load: async () => (await import('../commands/task.ts')).listTasks,
  },
  {
    name: 'task log',
    args: '<id>',
    summary: 'What the command of an attempt printed.',
    group: 'Work',
    options: [{ flags: '--attempt <number>', summary: 'which attempt; the last one unless told' }],
    load: async () => (await import('../commands/task.ts')).showLog,
  },
  {
    name: 'task cancel',
    args: '<id>',
    summary: 'End a task that has not ended; its agent is told.',
    group: 'Work',
    options: [REASON],
    load: async () => (await import('../commands/task.ts')).cancelTask,
  },
  {
    name: 'task retry',
    args: '<id>',
    summary: 'Put a dead, failed or cancelled task back into the queue.',
    group: 'Work',
    load: async () => (await import('../commands/task.ts')).retryTask,
  },
  {
    name: 'task progress',
    args: '[note]',
    summary: 'Say, inside of an attempt, what you are doing or what you cannot go on without.',
    group: 'Work',
    options: [
      { flags: '--blocked-by <text>', summary: 'why you cannot go on by yourself' },
      { flags: '--unblocked', summary: 'you can go on again' },
      { flags: '--task <id>', summary: 'which task; that of the attempt unless told' },
      { flags: '--fence <number>', summary: 'the fence of its hand-out' },
      AS,
    ],
    load: async () => (await import('../commands/attempt.ts')).sayProgress,
  },
  {
    name: 'task snooze',
    summary: 'Give, inside of an attempt, its task back for a while; this burns nothing.',
    group: 'Work',
    options: [
      { flags: '--for <duration>', summary: 'for how long (10m, 2h)' },
      { flags: '--until-children-end', summary: 'until all its children have ended' },
      { flags: '--task <id>', summary: 'which task; that of the attempt unless told' },
      { flags: '--fence <number>', summary: 'the fence of its hand-out' },
      REASON,
      AS,
    ],
    load: async () => (await import('../commands/attempt.ts')).snooze,
  },
  {
    name: 'import github',
    args: '<owner/repo>',
    summary: 'Issues with a label become tasks, each once; nothing is written on GitHub.',
    group: 'Work',
    options: [
      { flags: '--label <name>', summary: 'the label; `signalbox` unless told', isMany: true },
      { flags: '--state <state>', summary: 'open, closed or all; open unless told' },
      { flags: '--lane-label <label=lane>', summary: 'a label that says the lane', isMany: true },
      { flags: '--needs-label <label=capability>', summary: 'one that says a need', isMany: true },
      ...OF_ISSUE,
      { flags: '--limit <count>', summary: 'how many issues at most; 1000 unless told' },
      { flags: '--every <duration>', summary: 'again after so long (5m), until Ctrl-C' },
      { flags: '--dry-run', summary: 'only show what would be submitted' },
    ],
    example: 'signalbox import github octocat/hello-world --check "npm test"',
    load: async () => (await import('../commands/import-github.ts')).importGitHub,
  },
  {
    name: 'change list',
    summary: 'Changes, newest first.',
    group: 'Work',
    options: [
      {
        flags: '--state <state>',
        summary:
          'one state: submitted, verifying, awaiting, landing, landed, rejected, conflicted or ' +
          'dropped',
      },
      { flags: '--task <id>', summary: 'only those of this task' },
      ...PAGE,
    ],
    load: async () => (await import('../commands/change.ts')).listChanges,
  },
  {
    name: 'change show',
    args: '<id>',
    summary: 'One change with what its checks printed.',
    group: 'Work',
    load: async () => (await import('../commands/change.ts')).showChange,
  },
  {
    name: 'change approve',
    args: '<id>',
    summary: 'Let a change land that waits for a human.',
    group: 'Work',
    options: [REASON],
    load: async () => (await import('../commands/change.ts')).approveChange,
  },
  {
    name: 'change decline',
    args: '<id>',
    summary: 'Send a change back to its task, for a new attempt.',
    group: 'Work',
    options: [{ ...REASON, isRequired: true }],
    load: async () => (await import('../commands/change.ts')).declineChange,
  },
];
