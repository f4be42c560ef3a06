/**
 * What makes locks bind: a change is refused that touches a path which was granted to somebody
 * else after its author's own fence for that path, if that later holder has landed a change there.
 *
 * So whoever was paused past its lease, while another took the path over and landed, is refused
 * every time, whatever its clock says; and nobody is refused only because another holds a lock.
 */
import type { CommandContext } from '../event/index.ts';
import { taskHolderKey } from './holder.ts';
import { type LandedRow, listLandedAfter, saveLanded } from './landed-queries.ts';
import { matches, newBudget } from './overlap.ts';
import { listOpenOf } from './queries.ts';
import { itemsOfRow } from './view.ts';

export interface Touched {
  taskId: string;
  repositoryId: string;
  paths: readonly string[];
  /** Of the attempt that the change came of. */
  fence: number;
}

const PORTION = 500;

/** The paths that somebody else has landed on since, under a newer grant. */
export async function findOvertaken(
  context: CommandContext,
  touched: Touched,
): Promise<LandedRow[]> {
  const holder = taskHolderKey(touched.taskId);
  const fenceOf = await fencesOf(context, touched);
  const overtaken: LandedRow[] = [];
  for (let from = 0; from < touched.paths.length; from += PORTION) {
    const { repositoryId, fence } = touched;
    const paths = touched.paths.slice(from, from + PORTION).map(asLocked);
    const rows = await listLandedAfter(context.tx, { repositoryId, paths, fence, holder });
    for (const row of rows) {
      const own = fenceOf(row.path);
      if (row.fence > Math.max(fence, own.isSure ? own.fence : 0)) overtaken.push(row);
    }
  }
  return overtaken;
}

/** Remembers under which grants these paths have landed. */
export async function recordLanding(
  context: CommandContext,
  touched: Touched & { changeId: string; agent: string },
): Promise<void> {
  const fenceOf = await fencesOf(context, touched);
  for (const path of touched.paths.map(asLocked)) {
    const { fence } = fenceOf(path);
    if (fence === 0) continue;
    await saveLanded(context.tx, {
      repository_id: touched.repositoryId,
      path,
      fence,
      holder: taskHolderKey(touched.taskId),
      agent: touched.agent,
      change_id: touched.changeId,
      at_ms: context.nowMs,
    });
  }
}

/** Not sure where comparing was too much: then it is the newest that may be meant. */
interface Fence {
  fence: number;
  isSure: boolean;
}

/** Of each path the newest exclusive grant that the task has for it; 0 where it has none. */
async function fencesOf(
  { tx, actor }: CommandContext,
  { taskId, repositoryId }: Touched,
): Promise<(path: string) => Fence> {
  const open = await listOpenOf(tx, actor.project, taskHolderKey(taskId));
  const grants = open
    .filter((lock) => lock.state === 'granted' && lock.mode === 'exclusive')
    .flatMap((lock) =>
      itemsOfRow(lock)
        .filter(({ scope }) => scope === repositoryId)
        .map(({ pattern }) => ({ pattern, fence: lock.fence ?? 0 })),
    )
    .toSorted((a, b) => b.fence - a.fence);
  const budget = newBudget();
  return (path) => {
    const newest = grants.find(({ pattern }) => {
      budget.left -= 1;
      return budget.left < 0 || matches(pattern, path, budget);
    });
    return { fence: newest?.fence ?? 0, isSure: budget.left >= 0 };
  };
}

/** Paths are compared as locks name them. */
function asLocked(path: string): string {
  return path.normalize('NFC');
}
