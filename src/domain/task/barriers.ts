/** What keeps a task in the queue beside the want of an agent: its paths, and its key. */
import type { Fact } from '../../contract/index.ts';
import type { CommandContext, QueryContext } from '../event/index.ts';
import { findKeyHolder, type RunnableRow } from './line-queries.ts';
import { factsOfIntents, isHeldUp } from './locks.ts';

export async function isBarred(context: CommandContext, task: RunnableRow): Promise<boolean> {
  const { concurrency_key: key, project } = task;
  if (key !== null && (await findKeyHolder(context.tx, project, key)) !== undefined) return true;
  return isHeldUp(context, task);
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
