/**
 * The task as a prompt for a model: what is to be done, and how it ends. What others wrote into it
 * (the output of an earlier attempt) stands between marks as data; see `task-file.ts`.
 */
import type { AttemptRecord } from './record.ts';
import { taskMarkdown } from './task-file.ts';

export function promptOf(attempt: Pick<AttemptRecord, 'task' | 'attempt'>): string {
  const end = attempt.task.repository === null ? WITHOUT_REPOSITORY : WITH_REPOSITORY;
  return `${taskMarkdown(attempt)}\n## How this works\n\n${end}\n`;
}

const COMMON = `Nobody reads along, so ask nothing: decide as well as you can.
If you cannot do it, change nothing and say why in your last message.`;

const WITH_REPOSITORY = `Your folder is a fresh copy of the repository, made for this task alone.
Work only in it. When you end, all that you left in it is committed and handed in for you: do not
push, do not change branches, and leave no files behind that do not belong to the change.
${COMMON}`;

const WITHOUT_REPOSITORY = `Your folder is empty and made for this task alone.
Your last message is your report: it is all that is handed in.
${COMMON}`;
