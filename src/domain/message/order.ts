/**
 * Which of the waiting messages is handed out next. Pure.
 *
 * What one sender wrote in one thread goes in the order in which it was sent, whatever its
 * priorities say; between threads the priority of the next in each decides, then its age.
 */
import type { Priority } from '../../contract/index.ts';

export interface Waiting {
  seq: number;
  senderKey: string;
  thread: string | null;
  priority: Priority;
}

const RANKS: Record<Priority, number> = { urgent: 0, high: 1, normal: 2, low: 3 };

/** `waiting` is in the order of `seq`. */
export function inOrder<Row extends Waiting>(waiting: readonly Row[], limit: number): Row[] {
  const threads = new Map<string, Row[]>();
  for (const row of waiting) {
    const key = `${row.senderKey}\n${row.thread ?? ''}\n${row.thread === null ? 0 : 1}`;
    const thread = threads.get(key);
    if (thread === undefined) threads.set(key, [row]);
    else thread.push(row);
  }
  const heads = [...threads.values()].map((rows) => ({ rows, at: 0 }));
  const chosen: Row[] = [];
  while (chosen.length < limit) {
    const next = heads.reduce<(typeof heads)[number] | undefined>(first, undefined);
    const row = next?.rows[next.at++];
    if (row === undefined) break;
    chosen.push(row);
  }
  return chosen;
}

interface Head {
  rows: readonly Waiting[];
  at: number;
}

function first<One extends Head>(best: One | undefined, other: One): One | undefined {
  const [a, b] = [best?.rows[best.at], other.rows[other.at]];
  if (b === undefined) return best;
  if (a === undefined) return other;
  const isBefore = RANKS[b.priority] - RANKS[a.priority] || b.seq - a.seq;
  return isBefore < 0 ? other : best;
}
