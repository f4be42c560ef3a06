/**
 * The locks of tasks: what a task means to change is its own from its hand-out on, under the fence
 * of that hand-out, and ends with the attempt or with the change that came of it.
 */
import type { LockMode } from '../../contract/index.ts';
import { newId } from '../../core/ids.ts';
import type { Db } from '../../store/db.ts';
import type { CommandContext } from '../event/index.ts';
import { insertGranted } from './acquire.ts';
import { taskHolder, taskHolderKey } from './holder.ts';
import { listAllItems, listItemsOn } from './item-queries.ts';
import { type Item, pathItem, patternOf, type ShownItem } from './items.ts';
import { endLock } from './line.ts';
import { newBudget, overlaps } from './overlap.ts';
import { findHits, groundOf, type Hit } from './overlapping.ts';
import { holdLine, listOpenOf, takePlace } from './queries.ts';
import { shownItems } from './view.ts';

export interface Intents {
  project: string;
  taskId: string;
  repository: { id: string; url: string };
  paths: readonly string[];
}

const MODE: LockMode = 'exclusive';

/** What stands in the way of handing this task out. */
export function obstaclesOf(db: Db, intents: Intents): Promise<Hit[]> {
  return findHits(db, {
    project: intents.project,
    holder: taskHolderKey(intents.taskId),
    mode: MODE,
    place: Number.MAX_SAFE_INTEGER,
    items: itemsOf(intents),
  });
}

/** Returns whether all of it is the task's now. */
export async function takeIntents(
  context: CommandContext,
  intents: Intents,
  to: { name: string; key: string; fence: number },
): Promise<boolean> {
  const { tx, nowMs, random } = context;
  const place = await takePlace(tx, intents.project);
  if ((await obstaclesOf(tx, intents)).length > 0) return false;
  const items = itemsOf(intents);
  const holder = taskHolder(to, intents.taskId);
  const row = {
    id: newId('lck', nowMs, random),
    project: intents.project,
    holder: holder.key,
    agent: to.name,
    agent_key: to.key,
    session: null,
    task_id: intents.taskId,
    state: 'waiting' as const,
    mode: MODE,
    items: JSON.stringify(items.map(({ shown }) => shown)),
    place,
    fence: null,
    reason: null,
    requested_at_ms: nowMs,
    granted_at_ms: null,
    ended_at_ms: null,
    version: 1,
  };
  await insertGranted(context, { row, items, fence: to.fence });
  return true;
}

/** The attempt is over, and so is what it held and waited for. */
export async function endLocksOfTask(
  context: CommandContext,
  taskId: string,
  reason: string,
): Promise<void> {
  const { tx, actor } = context;
  await holdLine(tx, actor.project);
  const open = await listOpenOf(tx, actor.project, taskHolderKey(taskId));
  for (const row of open) await endLock(context, row, { by: 'release', reason });
}

/** All paths that are held or waited for, by their repository. */
export async function listTakenPaths(db: Db, project: string): Promise<Map<string, string[]>> {
  const rows = await listAllItems(db, project);
  const taken = Map.groupBy(rows, (row) => row.scope);
  return new Map([...taken].map(([scope, own]) => [scope, own.map(({ pattern }) => pattern)]));
}

/** Where a list of patterns lies, and where all that may overlap it. */
export function groundOfPaths(paths: readonly string[]): Ground {
  const patterns = paths.map(patternOf);
  return { own: [...new Set(patterns.map(({ base }) => base))], ...groundOf(patterns) };
}

/** The paths that a holder has or waits for, by their repository. */
export async function pathsOfHolder(
  db: Db,
  project: string,
  holder: string,
): Promise<RepositoryPath[]> {
  return (await listOpenOf(db, project, holder)).flatMap((row) => pathsIn(shownItems(row)));
}

/** What of this is no name of a thing. */
export function pathsIn(items: readonly ShownItem[]): RepositoryPath[] {
  return items.flatMap((item) => ('path' in item ? [item] : []));
}

export interface RepositoryPath {
  repositoryId: string;
  path: string;
}

export type Area = Omit<Ground, 'own'>;

/**
 * Tells of lists of paths whether somebody has what they lie on here. Where that is too much to
 * compare it says no: who is then asked by itself is answered exactly.
 */
export async function takenOn(
  db: Db,
  area: Area & { project: string; scope: string },
): Promise<(paths: readonly string[]) => boolean> {
  const budget = newBudget();
  const taken = (await listItemsOn(db, area)).map(({ pattern }) => patternOf(pattern));
  return (paths) =>
    paths.map(patternOf).some((own) => taken.some((other) => overlaps(own, other, budget))) &&
    budget.left >= 0;
}

export interface Ground {
  own: string[];
  bases: string[];
  folders: string[];
}

/** Do two lists of patterns of one repository meet anywhere? */
export function doMeet(a: readonly string[], b: readonly string[], budget = newBudget()): boolean {
  const others = b.map((each) => patternOf(each));
  return a
    .map((each) => patternOf(each))
    .some((left) => others.some((right) => overlaps(left, right, budget)));
}

function itemsOf({ repository, paths }: Intents): Item[] {
  return paths.map((path) => pathItem(repository, patternOf(path)));
}
