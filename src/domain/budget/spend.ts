/** The counters of what was spent, and how they are forgotten. */
import { limits, type Spending } from '../../contract/index.ts';
import type { Db } from '../../store/db.ts';
import type { CommandContext } from '../event/index.ts';
import { PROJECT, review, spentIn } from './hold-reasons.ts';
import { addSpending, deleteOldSpending } from './queries.ts';
import { EVER, HOUR_MS, spanOf } from './window.ts';

/** Adds what is new to the counters, and holds back whose budget is spent by it. */
export async function spend(
  context: CommandContext,
  agentKey: string,
  { tokens, costMicros }: Spending,
): Promise<void> {
  const { tx, actor, nowMs } = context;
  const hourMs = nowMs - (nowMs % HOUR_MS);
  for (const subject of [PROJECT, agentKey]) {
    const row = { project: actor.project, subject, tokens, cost_micros: costMicros };
    await addSpending(tx, { ...row, hour_ms: EVER });
    await addSpending(tx, { ...row, hour_ms: hourMs });
    await review(context, subject);
  }
}

export interface Spent {
  today: Spending;
  ever: Spending;
}

export async function spentByProject(db: Db, project: string, nowMs: number): Promise<Spent> {
  const of = { project, subject: PROJECT };
  return {
    today: await spentIn(db, of, spanOf('day', nowMs).fromMs),
    ever: await spentIn(db, of, EVER),
  };
}

const FORGOTTEN_AT_ONCE = 1_000;

/** True where there is more. */
export async function forgetSpending({ tx, nowMs }: CommandContext): Promise<boolean> {
  const gone = await deleteOldSpending(tx, nowMs - limits.spendingKeptMs, FORGOTTEN_AT_ONCE);
  return gone >= FORGOTTEN_AT_ONCE;
}
