/**
 * Hand-outs of what waited for paths or for a key, where these have become free. An agent that was
 * idle before had nothing else to do, so what it can do now it does. However many wait, none that
 * may go now is passed over; what waits for other paths is not looked at.
 */
import { listIdleAgents } from '../agent/index.ts';
import type { CommandContext } from '../event/index.ts';
import { type Area, groundOfPaths, type RepositoryPath, takenOn, wayUp } from '../lock/index.ts';
import { canDo } from './assign.ts';
import { findKeyHolder, listWaitingForKey, nameOfKind, type TaskKind } from './line-queries.ts';
import { listWaitingOn, type WaitingOnRow } from './path-queries.ts';
import { matchWith, toAsked, toIdle } from './schedule.ts';
import { requireTask } from './facts.ts';
import { byPlace, FIRST, type Place } from './turns.ts';
import { parseList } from './view.ts';

const IDLE_MAX = 10_000;
const KEY_PAGE = 100;

/** `but`: an agent to leave out, because the caller matches it itself. */
export interface FreedPaths {
  freed: readonly RepositoryPath[];
  but?: string | null;
}

/** Called wherever locks end, and tasks that others waited behind. */
export async function matchPaths(
  context: CommandContext,
  { freed, but = null }: FreedPaths,
): Promise<void> {
  if (freed.length === 0) return;
  const crowd = await crowdBut(context, but);
  if (crowd.isEmpty()) return;
  for (const { id, ...task } of await listFreed(context, freed)) {
    if (!crowd.canDo(task)) continue;
    crowd.leave(await matchWith(context, await requireTask(context, id), but));
    if (crowd.isEmpty()) return;
  }
}

/** Tasks that waited for the same key: the first that an idle agent can do gets it. */
export async function matchKey(
  context: CommandContext,
  { key, but }: { key: string; but: string | null },
): Promise<void> {
  const { tx, actor, nowMs } = context;
  const crowd = await crowdBut(context, but);
  let after: Place = FIRST;
  while (!crowd.isEmpty()) {
    const page = { project: actor.project, key, nowMs, limit: KEY_PAGE, after };
    const tasks = await listWaitingForKey(tx, page);
    for (const { id, ...task } of tasks) {
      if (!crowd.canDo(task)) continue;
      await matchWith(context, await requireTask(context, id), but);
      if ((await findKeyHolder(tx, actor.project, key)) !== undefined) return;
    }
    const last = tasks.at(-1);
    if (last === undefined || tasks.length < KEY_PAGE) return;
    after = last;
  }
}

/** The agents that are idle. */
interface Crowd {
  isEmpty: () => boolean;
  /** Is there one who can do this? */
  canDo: (task: TaskKind) => boolean;
  leave: (agentKey: string | undefined) => void;
}

async function crowdBut({ tx, actor }: CommandContext, but: string | null): Promise<Crowd> {
  const rows = await listIdleAgents(tx, actor.project, IDLE_MAX);
  let idle = rows.filter(({ key }) => key !== but).map((row) => toIdle(row));
  // Nobody comes while they are asked, so what none of them can do stays so.
  const hopeless = new Set<string>();
  return {
    isEmpty: () => idle.length === 0,
    canDo(task) {
      const kind = nameOfKind(task);
      if (hopeless.has(kind)) return false;
      const asked = toAsked(task);
      const isAble = idle.some((agent) => canDo(agent, asked));
      if (!isAble) hopeless.add(kind);
      return isAble;
    },
    leave(agentKey) {
      if (agentKey !== undefined) idle = idle.filter(({ key }) => key !== agentKey);
    },
  };
}

/**
 * What may overlap the paths and is not seen to be in other hands at once, in the order in which it
 * goes; and what may overlap that in turn, because it may have waited behind it.
 */
async function listFreed(
  context: CommandContext,
  freed: readonly RepositoryPath[],
): Promise<WaitingOnRow[]> {
  const { tx, actor } = context;
  const tasks = new Map<string, WaitingOnRow>();
  for (const [scope, own] of Map.groupBy(freed, (one) => one.repositoryId)) {
    const area = areaOf(own.map(({ path }) => path));
    const isTaken = await takenOn(tx, { project: actor.project, scope, ...area });
    const here = await listOn(context, scope, area);
    const first = here.filter(({ paths }) => !isTaken(parseList(paths)));
    const around = areaOf(first.flatMap(({ paths }) => parseList(paths)));
    const behind = await listOn(context, scope, beyond(around, area));
    const seen = new Set(here.map(({ id }) => id));
    const further = behind.filter(({ id }) => !seen.has(id));
    for (const task of [...first, ...further]) tasks.set(task.id, task);
  }
  return [...tasks.values()].toSorted(byPlace);
}

/** A statement takes only so many values: where there are more, the whole repository is meant. */
const PLACES_MAX = 500;

function areaOf(paths: readonly string[]): Area {
  const { bases, folders } = groundOfPaths(paths);
  const isTooMuch = bases.length + folders.length > PLACES_MAX;
  return isTooMuch ? { bases: [''], folders: [''] } : { bases, folders };
}

async function listOn(
  { tx, actor, nowMs }: CommandContext,
  repositoryId: string,
  area: Area,
): Promise<WaitingOnRow[]> {
  if (area.bases.length + area.folders.length === 0) return [];
  return listWaitingOn(tx, { project: actor.project, repositoryId, ...area, nowMs });
}

/** What of an area was not looked at yet. */
function beyond({ bases, folders }: Area, seen: Area): Area {
  const seenBases = new Set(seen.bases);
  const seenFolders = new Set(seen.folders);
  const isBelow = (place: string): boolean =>
    wayUp(place).some((folder) => seenFolders.has(folder));
  return {
    bases: bases.filter((base) => !seenBases.has(base) && !isBelow(base)),
    folders: folders.filter((folder) => !seenFolders.has(folder) && !isBelow(folder)),
  };
}
