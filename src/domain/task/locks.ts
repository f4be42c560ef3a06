/**
 * Where tasks and locks meet. What a task means to change is taken with its hand-out; until that
 * can be had, the task waits in the queue, and later ones of its lane that overlap it wait behind
 * it, so that a wide one is not passed over for ever.
 */
import type { Fact, TaskState } from '../../contract/index.ts';
import { present } from '../../core/assert.ts';
import type { Db } from '../../store/db.ts';
import type { CommandContext, QueryContext } from '../event/index.ts';
import {
  doMeet,
  endLocksOfTask,
  factsOfHits,
  groundOfPaths,
  holdLine,
  type Intents,
  newBudget,
  obstaclesOf,
  pathsOfHolder,
  type RepositoryPath,
  takeIntents,
  taskHolderKey,
} from '../lock/index.ts';
import { findRepository } from '../repository/index.ts';
import { inHand } from './lifecycle.ts';
import { deleteTaskPaths, insertTaskPath, listBeforeOn, setHasLocks } from './path-queries.ts';
import { nextPlace } from './line.ts';
import type { RunnableRow } from './line-queries.ts';
import type { TaskRow } from './queries.ts';
import { parseList } from './view.ts';

type WithPaths = Pick<RunnableRow, 'id' | 'project' | 'paths' | 'repository_id'>;

/** An attempt's locks stay until its change has landed or gone back. */
export function isHolding(state: TaskState): boolean {
  return inHand.includes(state) || state === 'verifying';
}

/** Is a path that it means to change in other hands, or promised to a task before it? */
export async function isHeldUp(context: CommandContext, task: RunnableRow): Promise<boolean> {
  if (task.paths === '[]') return false;
  await holdLine(context.tx, task.project);
  if (await isObstructed(context.tx, task)) return true;
  return (await findAhead(context.tx, task, context.nowMs)) !== undefined;
}

async function isObstructed(db: Db, task: WithPaths): Promise<boolean> {
  return (await obstaclesOf(db, await intentsOf(db, task))).length > 0;
}

/** The task before it that waits for paths in other hands, and overlaps it. */
async function findAhead(
  db: Db,
  task: RunnableRow,
  nowMs: number,
): Promise<RunnableRow | undefined> {
  const paths = parseList(task.paths);
  const budget = newBudget();
  const placed = task.turn === null ? await nextPlace(db, task, nowMs) : task;
  for (const other of await listBeforeOn(db, placed, { ...groundOfPaths(paths), nowMs })) {
    // The parent has put itself behind its children.
    if (other.id === task.parent_id) continue;
    if (doMeet(paths, parseList(other.paths), budget) && (await isObstructed(db, other)))
      return other;
  }
  return undefined;
}

/** An open task stands where it may meet others. */
export async function declareIntents(context: CommandContext, task: TaskRow): Promise<void> {
  if (task.paths === '[]') return;
  const { own } = groundOfPaths(parseList(task.paths));
  for (const base of own) await insertTaskPath(context.tx, task, base);
}

export async function withdrawIntents(context: CommandContext, task: TaskRow): Promise<void> {
  if (task.paths !== '[]') await deleteTaskPaths(context.tx, task.id);
}

/** With the hand-out: under its fence, and by whom it is held. */
export async function takeOwnIntents(context: CommandContext, task: TaskRow): Promise<void> {
  if (task.paths === '[]') return;
  const to = {
    name: present(task.agent, 'the agent'),
    key: present(task.agent_key, 'the agent'),
    fence: task.fence,
  };
  const isTaken = await takeIntents(context, await intentsOf(context.tx, task), to);
  if (isTaken) await setHasLocks(context.tx, task.id, 1);
}

/** A presumed agent is back: what of its paths is free is its again, under the fence it had. */
export async function resumeIntents(context: CommandContext, task: TaskRow): Promise<void> {
  if (task.has_locks === 0) await takeOwnIntents(context, task);
}

/** Gives back what it holds; returns which paths others may have waited for on its account. */
export async function endHolding(
  context: CommandContext,
  task: TaskRow,
): Promise<RepositoryPath[]> {
  const { tx } = context;
  const { repository_id: repositoryId } = task;
  const own = repositoryId === null ? [] : parseList(task.paths);
  const meant = own.map((path) => ({ repositoryId: repositoryId ?? '', path }));
  if (task.has_locks === 0) return meant;
  const held = await pathsOfHolder(tx, task.project, taskHolderKey(task.id));
  await endLocksOfTask(context, task.id, `its task is ${task.state}`);
  await setHasLocks(tx, task.id, 0);
  return [...meant, ...held];
}

/** What a queued task waits for on account of its paths. */
export async function factsOfIntents(context: QueryContext, task: RunnableRow): Promise<Fact[]> {
  if (task.paths === '[]') return [];
  const { db, nowMs } = context;
  const facts = await factsOfHits(context, await obstaclesOf(db, await intentsOf(db, task)));
  const ahead = await findAhead(db, task, nowMs);
  if (ahead === undefined) return facts;
  const fact = `${ahead.id} is before it in its lane, means to change the same, and waits`;
  const frees = `${ahead.id} is handed out and ends. See \`signalbox why ${ahead.id}\`.`;
  return [...facts, { fact, holder: ahead.id, untilMs: null, frees }];
}

async function intentsOf(db: Db, task: WithPaths): Promise<Intents> {
  const id = present(task.repository_id, 'the repository of paths');
  const repository = present(await findRepository(db, task.project, id), 'the repository');
  const { project, id: taskId } = task;
  return { project, taskId, repository, paths: parseList(task.paths) };
}
