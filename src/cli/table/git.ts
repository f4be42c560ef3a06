/** Work on tasks in a clone of one's own, without a sidecar. */
import { AS, type CommandEntry, REASON } from './entry.ts';

const REMOTE = { flags: '--remote <name>', summary: 'the remote; the one of the task unless told' };

export const git: readonly CommandEntry[] = [
  {
    name: 'git start',
    args: '[task]',
    summary: 'Take a task and cut its branch from the base branch as it is now.',
    group: 'Work',
    options: [
      { flags: '--title <text>', summary: 'a new task of your own, that nobody else is offered' },
      { flags: '--body <text>', summary: 'what is to be done; `-` reads stdin' },
      { flags: '--base <branch>', summary: 'its base branch, if it is not the one HEAD names' },
      { flags: '--check <command>', summary: 'what the change must pass (sh -c)', isMany: true },
      { flags: '--path <glob>', summary: 'what it will change, locked for it', isMany: true },
      { flags: '--capability <name>', summary: 'something you can do', isMany: true },
      { flags: '--worktree', summary: 'in a worktree beside this clone, not in it' },
      { flags: '--repo <url>', summary: 'make a clone of this first' },
      { flags: '--folder <path>', summary: 'where that worktree or clone is made' },
      REMOTE,
      AS,
    ],
    example: 'signalbox git start --title "Fix the login" --check "npm test"',
    load: async () => (await import('../commands/git-start.ts')).startWork,
  },
  {
    name: 'git status',
    summary: 'What is in hand here, how far its base has moved, what is locked.',
    group: 'Work',
    load: async () => (await import('../commands/git-status.ts')).gitStatus,
  },
  {
    name: 'git sync',
    summary: 'Bring the branch up to its base branch.',
    group: 'Work',
    options: [{ flags: '--merge', summary: 'merge the base in; else own commits are rebased' }],
    load: async () => (await import('../commands/git-sync.ts')).syncWork,
  },
  {
    name: 'git hand-in',
    summary: 'Add trailers, push the branch, and hand the task in.',
    group: 'Work',
    options: [
      { flags: '-a, --all', summary: 'commit what is left, new files too' },
      { flags: '-m, --message <text>', summary: 'of that commit, and the report of the task' },
      { flags: '--wait', summary: 'stay until it has landed or comes back; JSON as `task show`' },
      { flags: '--draft', summary: 'only push; the task stays with you' },
      { flags: '--no-task', summary: 'only push, on any branch, without a hub' },
      { flags: '--pr-body <file>', summary: 'write the body of a pull request there' },
      { flags: '--base <branch>', summary: 'with --no-task: the base branch' },
      REMOTE,
      AS,
    ],
    example: 'signalbox git hand-in --all -m "Check the password before the session"',
    load: async () => (await import('../commands/git-hand-in.ts')).handIn,
  },
  {
    name: 'git give-back',
    summary: 'Give the task back; the branch stays.',
    group: 'Work',
    options: [REASON],
    load: async () => (await import('../commands/git-give-back.ts')).giveBack,
  },
  {
    name: 'git pull-request',
    summary: "Print title and body of a pull request, by the repository's convention.",
    group: 'Work',
    options: [
      { flags: '--title-only', summary: 'the title alone' },
      { flags: '--body-only', summary: 'the body alone' },
    ],
    example: 'signalbox git pull-request --body-only | gh pr create --body-file - --title "…"',
    load: async () => (await import('../commands/git-pull-request.ts')).showPullRequest,
  },
];
