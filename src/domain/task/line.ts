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

/** After the first, which comes with its line. */
const PAGE_SIZES = [32, 1_000];

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
  const lines = heads.map((head) => ({ head, rest: restOf(context, head) }));
  while (lines.length > 0) {
    const line = lines.reduce((one, other) => (isBefore(one.head, other.head) > 0 ? other : one));
    const { head } = line;
    yield { task: head, take: () => (isShared ? giveTurn(context, head) : Promise.resolve()) };
    const next = await line.rest.next();
    if (next.done === true) lines.splice(lines.indexOf(line), 1);
    else line.head = { ...head, ...next.value };
  }
}

async function* restOf(context: CommandContext, head: HeadRow): AsyncGenerator<RunnableRow> {
  const { tx, actor, nowMs } = context;
  let last: RunnableRow = head;
  for (let pageIndex = 0; ; pageIndex++) {
    const limit = PAGE_SIZES[pageIndex] ?? 1_000;
    const rows = await listRunnable(tx, {
      project: actor.project,
      submitterKey: head.submitter_key,
      nowMs,
      limit,
      afterRankMs: last.rank_ms,
      afterId: last.id,
    });
    yield* rows;
    if (rows.length < limit) return;
    last = rows.at(-1) ?? last;
  }
}

/** Alone in line one needs no turn: all begin where the last turn began. */
async function giveTurn({ tx, actor }: CommandContext, head: HeadRow): Promise<void> {
  const { reached, pass } = turnOf(head);
  const { project } = actor;
  const { submitter, submitter_key, weight } = head;
  await savePass(tx, { project, submitter_key, submitter, weight, pass });
  await savePass(tx, { project, submitter_key: '', submitter: '', weight: 1, pass: reached });
}
