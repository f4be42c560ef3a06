/** One task: what it is, how it stands, and its way from the first moment to the last. */
import type { Client } from '../../client/index.ts';
import type { Attempt, Event, Task } from '../../contract/index.ts';
import { changeOf } from '../task/change-of.ts';
import { lengthInWords } from '../../contract/length.ts';
import { dollars, tokenCount } from '../../contract/money.ts';
import type { Context } from '../context.ts';
import { eventColour, eventWords } from '../words/event.ts';
import { harmless, harmlessLine } from '../terminal/harmless.ts';
import { fields, folded, indented } from '../terminal/layout.ts';
import type { Output } from '../terminal/output.ts';
import { theOne } from '../terminal/paging.ts';
import { stateWord } from '../terminal/states.ts';
import { padded } from '../terminal/width.ts';
import { clockTime, timeInWords } from '../words/time.ts';

const EVENTS_MAX = 1_000;
const FAILURE_LINES_MAX = 12;

export async function showTask(context: Context): Promise<void> {
  const { output } = context;
  const hub = await context.hub();
  const answer = await hub.task.show({ id: theOne(context) });
  const events = output.isJson ? [] : await history(hub, answer.task);
  const children = childLines(output, answer.children);
  const failure = output.isJson ? [] : await lastFailure(context, hub, answer);
  output.give(answer, () =>
    folded(output, [
      ...heading(context, answer.task, answer.attempts),
      ...children,
      ...timeline(output, events, answer.task.id),
      ...failure,
    ]),
  );
}

/** The events of the task and of the changes that were handed in for it, in their order. */
async function history(hub: Client, { id }: Pick<Task, 'id'>): Promise<Event[]> {
  const changes = await hub.change.list({ taskId: id });
  const subjects = [id, ...changes.items.map((change) => change.id)];
  const pages = await Promise.all(
    subjects.map((subject) => hub.event.list({ filter: { subject }, limit: EVENTS_MAX })),
  );
  return pages.flatMap(({ items }) => items).toSorted((one, other) => one.seq - other.seq);
}

export function heading(
  { output, clock }: Pick<Context, 'output' | 'clock'>,
  task: Task,
  attempts: readonly Attempt[] = [],
): string[] {
  const nowMs = clock.nowMs();
  const { state, reason, repository, checks, body, note, blockedBy } = task;
  return [
    `${stateWord(output, state)}  ${output.paint('bold', harmlessLine(task.title))}`,
    ...fields(output, [
      ['id', task.id],
      ['reason', reason === null ? undefined : harmlessLine(reason)],
      ['made', `${timeInWords(task.createdAtMs, nowMs)} by ${task.submitter}`],
      ['agent', task.agent ?? undefined],
      ['lane', task.lane],
      ['tries', tries(task)],
      ['repository', repository === null ? undefined : where(repository)],
      ['note', note === null ? undefined : harmlessLine(note)],
      ['blocked by', blockedBy === null ? undefined : harmlessLine(blockedBy)],
      ...asked(task, nowMs),
      ...checks.map((check) => ['check', harmlessLine(check)] as const),
      ['change', task.changeId ?? undefined],
      ['landed', task.landedCommit ?? undefined],
      ['report', task.report === null ? undefined : reportText(task.report)],
      ['used', useInWords(attempts)],
      ['budget', task.budget === null ? undefined : budgetInWords(task.budget, task.used)],
    ]),
    ...(body === '' ? [] : ['', ...indented(harmless(body).trimEnd())]),
  ];
}

/** What it asks of its scheduling, as far as it asks anything. */
function asked(task: Task, nowMs: number): (readonly [string, string | undefined])[] {
  const list = (items: readonly string[]) => (items.length === 0 ? undefined : items.join(', '));
  const { deadlineMs, parent, concurrencyKey, uniqueKey, trust } = task;
  return [
    ['needs', list(task.needs)],
    ['prefers', list(task.prefers)],
    ['trust', trust === 0 ? undefined : String(trust)],
    ['after', list(task.after)],
    ['parent', parent ?? undefined],
    ['key', concurrencyKey === null ? undefined : harmlessLine(concurrencyKey)],
    ['unique', uniqueKey === null ? undefined : harmlessLine(uniqueKey)],
    ['deadline', deadlineMs === null ? undefined : timeInWords(deadlineMs, nowMs)],
  ];
}

/** `12,400 of 50,000 tokens, $0.31 of $2.50` */
function budgetInWords(
  { tokensMax, costMicrosMax }: NonNullable<Task['budget']>,
  { tokens, costMicros }: Task['used'],
): string {
  const parts = [
    tokensMax === null
      ? undefined
      : `${tokens.toLocaleString('en-US')} of ${tokenCount(tokensMax)}`,
    costMicrosMax === null ? undefined : `${dollars(costMicros)} of ${dollars(costMicrosMax)}`,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

/** `12,000 tokens in, 800 out, $0.42`, of all attempts together. */
function useInWords(attempts: readonly Attempt[]): string | undefined {
  const uses = attempts.flatMap(({ use }) => use ?? []);
  if (uses.length === 0) return undefined;
  const sum = (of: (use: (typeof uses)[number]) => number): string =>
    uses.reduce((all, use) => all + of(use), 0).toLocaleString('en');
  const read = sum(({ inputTokens }) => inputTokens);
  const tokens = `${read} tokens in, ${sum(({ outputTokens }) => outputTokens)} out`;
  const costs = uses.flatMap(({ costMicros }) => costMicros ?? []);
  const cost = dollars(costs.reduce((all, one) => all + one, 0));
  return costs.length === 0 ? tokens : `${tokens}, ${cost}`;
}

function childLines(
  output: Output,
  children: readonly Pick<Task, 'id' | 'title' | 'state'>[],
): string[] {
  if (children.length === 0) return [];
  const lines = children.map(
    ({ id, title, state }) => `  ${id}  ${stateWord(output, state)}  ${harmlessLine(title)}`,
  );
  return ['', output.paint('dim', 'Children'), ...lines];
}

function reportText(report: string): string {
  return report.trim() === '' ? '(nothing was printed)' : harmlessLine(report);
}

function tries({ attempt, failures, failuresMax, conflicts }: Task): string {
  const wrong = `${failures} of ${failuresMax} failures`;
  return `${attempt}, ${wrong}${conflicts > 0 ? `, ${conflicts} conflicts` : ''}`;
}

function where({ url, baseBranch }: NonNullable<Task['repository']>): string {
  return harmlessLine(url) + (baseBranch === null ? '' : ` (${baseBranch})`);
}

/** Each line: the time of day, how long after the one before, what happened. */
function timeline(output: Output, events: readonly Event[], about: string): string[] {
  if (events.length === 0) return [];
  const lines = events.map((event, at) => {
    const before = events[at - 1]?.atMs ?? event.atMs;
    const step = at === 0 ? '' : `+${lengthInWords(event.atMs - before)}`;
    const times = output.paint('dim', `${clockTime(event.atMs)}  ${step.padStart(10)}`);
    const type = output.paint(eventColour(event), padded(event.type, 17));
    return `  ${times}  ${type}  ${eventWords(event, about)}`.trimEnd();
  });
  return ['', output.paint('dim', 'Timeline'), ...lines];
}

interface Shown {
  task: Task;
  attempts: readonly Attempt[];
}

async function lastFailure({ output }: Context, hub: Client, shown: Shown): Promise<string[]> {
  const { id, state } = shown.task;
  const failed = shown.attempts.findLast(({ failure }) => failure !== null);
  if (failed === undefined || state === 'done') return [];
  const text = harmless(failed.failure ?? '').trimEnd();
  const lines = text.split('\n').slice(-FAILURE_LINES_MAX);
  const title = `Attempt ${failed.number} ${endOf(failed)}; ${await whereMore(hub, id, failed)}`;
  return ['', output.paint('dim', title), ...lines.map((line) => `  ${line}`)];
}

function endOf({ outcome }: Attempt): string {
  if (outcome === 'snoozed') return 'was put off';
  return outcome === 'released' ? 'was given back' : 'failed';
}

/** A check prints into the log of the change, the command of an agent into that of its attempt. */
async function whereMore(hub: Client, taskId: string, attempt: Attempt): Promise<string> {
  const { outcome, number } = attempt;
  if (outcome !== 'check_failed') {
    return `signalbox task log ${taskId} --attempt ${number} has all that it printed`;
  }
  const changeId = await changeOf(hub, { taskId, attempt: number });
  return `signalbox change show ${changeId} has all that the check printed`;
}
