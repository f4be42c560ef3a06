/**
 * Every command of the command line, by its room. The code of a command is loaded when it is run,
 * so that the others cost a start nothing.
 */
import type { CommandEntry } from './table/entry.ts';
import { budget } from './table/budget.ts';
import { cases } from './table/cases.ts';
import { git } from './table/git.ts';
import { hooks } from './table/hooks.ts';
import { join } from './table/join.ts';
import { locks } from './table/locks.ts';
import { look } from './table/look.ts';
import { manage } from './table/manage.ts';
import { memory } from './table/memory.ts';
import { run } from './table/run.ts';
import { schedules } from './table/schedules.ts';
import { talk } from './table/talk.ts';
import { webhook } from './table/webhook.ts';
import { work } from './table/work.ts';

/** What a group of commands is about, for the help of the noun alone. */
export const nouns: Readonly<Record<string, string>> = {
  agent: 'Run agents, hold them back, trust them, and remove them.',
  share: 'Say how those who submit tasks take turns.',
  verifier: 'Run a verifier.',
  task: 'Submit tasks and see what becomes of them.',
  schedule: 'Submit tasks again and again, at the times of a cron expression.',
  import: 'Make tasks of issues that lie elsewhere.',
  git: 'Work on tasks in a clone of your own.',
  hooks: 'Let agents and git ask the hub by themselves.',
  budget: 'Bound what agents may spend.',
  lock: 'See who holds what, take it, and give it back.',
  case: 'See and move what goes from agent to agent.',
  pipeline: 'Declare the stages that cases go through.',
  change: 'See what agents handed in, and decide where a human must.',
  message: 'See how far messages got, and put dead letters back.',
  channel: 'Read channels and belong to them.',
  team: 'One name for several agents.',
  route: 'Rules that copy messages by their type.',
  webhook: 'Post chosen events to a URL, and see what became of them.',
  invite: 'Let another machine join.',
  token: 'Make and end the tokens that agents and people identify with.',
};

export const commands: readonly CommandEntry[] = [
  ...run,
  ...work,
  ...schedules,
  ...git,
  ...locks,
  ...hooks,
  ...cases,
  ...talk,
  ...memory,
  ...look,
  ...webhook,
  ...join,
  ...budget,
  ...manage,
];
