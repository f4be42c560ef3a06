/**
 * The tasks that may be handed out now, in the order in which they go: the line of each submitter,
 * brought together by turns. Read as far as it is walked along, so the usual hand-out costs one
 * look, and no task that an agent could do is ever left out.
 */
import type { CommandContext } from '../event/index.ts';
import {
  type HeadRow,
  listHeads,
  listRunnable,
  type RunnableRow,
  savePass,
} from './line-queries.ts';
import { byTurn, turnOf } from './turns.ts';

/** Nearly always the first one is taken. */
const PAGE_SIZES = [1, 32];
const PAGE_MAX = 1_000;

/** A task at the front of its line. */
export interface Front {
  task: RunnableRow;
  /** Gives its submitter the turn that it takes. */
  take: () => Promise<void>;
}

export async function* inLine(context: CommandContext): AsyncGenerator<Front> {
  const { tx, actor, nowMs } = context;
  const isBefore = byTurn(nowMs);
  const heads = await listHeads(tx, actor.project, nowMs);
  const isShared = heads.length > 1;
  const lines: Line[] = heads.map((head) => ({
    head,
    tasks: tasksOf(context, head.submitter_key),
    ready: undefined,
  }));
  while (lines.length > 0) {
    const line = lines.reduce((one, other) => (isBefore(one.head, other.head) > 0 ? other : one));
    const task = line.ready ?? (await nextOf(line));
    line.ready = undefined;
    if (task === undefined) lines.splice(lines.indexOf(line), 1);
    else if (task.rank_ms > line.head.rank_ms) {
      // It is not the one that stood for its line, so the others have a say again.
      line.head = { ...line.head, rank_ms: task.rank_ms };
      line.ready = task;
    } else {
      const { head } = line;
      const take = () => (isShared ? giveTurn(context, head, task.submitter) : Promise.resolve());
      yield { task, take };
    }
  }
}

interface Line {
  head: HeadRow;
  tasks: AsyncGenerator<RunnableRow, void>;
  /** Read already, and not its turn yet. */
  ready: RunnableRow | undefined;
}

async function nextOf({ tasks }: Line): Promise<RunnableRow | undefined> {
  const next = await tasks.next();
  return next.done === true ? undefined : next.value;
}

async function* tasksOf(
  { tx, actor, nowMs }: CommandContext,
  submitterKey: string,
): AsyncGenerator<RunnableRow, void> {
  let [afterRankMs, afterId] = [Number.MIN_SAFE_INTEGER, ''];
  for (let pageIndex = 0; ; pageIndex++) {
    const limit = PAGE_SIZES[pageIndex] ?? PAGE_MAX;
    const { project } = actor;
    const page = { project, submitterKey, nowMs, limit, afterRankMs, afterId };
    const rows = await listRunnable(tx, page);
    yield* rows;
    const last = rows.at(-1);
    if (last === undefined || rows.length < limit) return;
    [afterRankMs, afterId] = [last.rank_ms, last.id];
  }
}

/** Alone in line one needs no turn: all begin where the last turn began. */
async function giveTurn(
  { tx, actor }: CommandContext,
  head: HeadRow,
  submitter: string,
): Promise<void> {
  const { reached, pass } = turnOf(head);
  const { project } = actor;
  const { submitter_key, weight } = head;
  await savePass(tx, { project, submitter_key, submitter, weight, pass });
  await savePass(tx, { project, submitter_key: '', submitter: '', weight: 1, pass: reached });
}
