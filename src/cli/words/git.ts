/** What the commands of `signalbox git` tell: for a person, and for a model that reads along. */
import type { Base, Remote } from '../../clone/remote.ts';
import type { Work } from '../../clone/work.ts';
import { type Assignment, limits } from '../../contract/index.ts';
import { lengthInWords } from '../../contract/length.ts';
import { quoted, short } from '../../tools/quoted.ts';
import type { Context } from '../context.ts';
import { harmless, harmlessLine } from '../terminal/harmless.ts';
import { fields } from '../terminal/layout.ts';
import { timeInWords } from './time.ts';

const BODY_CHARS_MAX = 20_000;
const FAILURE_CHARS_MAX = 4_000;

interface Start {
  work: Work;
  isResumed: boolean;
  folder: string;
  earlier: string | null;
  assignment: Assignment;
  base: Base;
  remote: Remote;
}

export function toldStart({ output, clock }: Context, start: Start): string[] {
  const { work, isResumed, folder, earlier, assignment, base, remote } = start;
  const { task, lastFailure } = assignment;
  const from = `${remote.name}/${base.branch}`;
  const cut = isResumed ? `goes on; base ${from}` : `cut from ${from} at ${shortId(base.commit)}`;
  const startedMs = clock.nowMs();
  return [
    ...fields(output, [
      ['task', `${task.id}, attempt ${task.attempt}, fence ${task.fence}`],
      ['branch', `${work.branch}, ${cut}`],
      ['folder', harmlessLine(folder)],
      ['yours', task.paths.length === 0 ? undefined : harmlessLine(task.paths.join(', '))],
      ...task.checks.map((check) => ['must pass', harmlessLine(check)] as const),
      ['hand in by', timeInWords(startedMs + task.timeoutMs, startedMs)],
    ]),
    '',
    ...quotedTask(assignment).split('\n'),
    ...(earlier === null ? [] : ['', `Take in the work of the attempt before: ${earlier}`]),
    ...(lastFailure === null ? [] : ['', 'The attempt before failed:', failed(lastFailure)]),
    '',
    'Commit here as you like. Then: signalbox git hand-in',
    'Bring the branch up to its base: signalbox git sync. Give it back: signalbox git give-back.',
    `Say a word every ${lengthInWords(limits.pullLeaseMs)} or lose it: signalbox git status.`,
  ];
}

/** What others wrote stands between marks: it is data to whoever reads it. */
function quotedTask({ task }: Assignment): string {
  const about = { id: task.id, from: task.submitter, title: task.title };
  const text = `${task.title}\n${task.body}`.trimEnd();
  return quoted('task', about, short(harmless(text), BODY_CHARS_MAX, 'signalbox task show'));
}

function failed(lastFailure: string): string {
  const text = short(lastFailure, FAILURE_CHARS_MAX, 'signalbox task show');
  return quoted('task', { part: 'failure' }, harmless(text));
}

export function shortId(commit: string): string {
  return commit.slice(0, 10);
}

export function commits(count: number): string {
  return count === 1 ? '1 commit' : `${count} commits`;
}
