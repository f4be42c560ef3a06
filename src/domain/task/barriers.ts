/** What keeps a task in the queue beside the want of an agent: its paths, and its key. */
import type { Fact } from '../../contract/index.ts';
import type { CommandContext, QueryContext } from '../event/index.ts';
import { findKeyHolder, type RunnableRow } from './line-queries.ts';
import { factsOfIntents, isHeldUp } from './locks.ts';

export async function isBarred(context: CommandContext, task: RunnableRow): Promise<boolean> {
  return (await isKeyTaken(context, task)) || isHeldUp(context, task);
}

/** Another task with its key is in hand, so that not even an agent that comes back may go on. */
export async function isKeyTaken(
  { tx }: CommandContext,
  { concurrency_key: key, project }: Pick<RunnableRow, 'concurrency_key' | 'project'>,
): Promise<boolean> {
  return key !== null && (await findKeyHolder(tx, project, key)) !== undefined;
}

export async function factsOfBarriers(context: QueryContext, task: RunnableRow): Promise<Fact[]> {
  return [...(await factsOfKey(context, task)), ...(await factsOfIntents(context, task))];
}

async function factsOfKey({ db }: QueryContext, task: RunnableRow): Promise<Fact[]> {
  const { concurrency_key: key, project } = task;
  const holder = key === null ? undefined : await findKeyHolder(db, project, key);
  if (holder === undefined) return [];
  const fact = `one task at a time has the key ${key}, and ${holder.id} is ${holder.state}`;
  const frees = `${holder.id} ends. See \`signalbox why ${holder.id}\`.`;
  return [{ fact, holder: holder.id, untilMs: null, frees }];
}
