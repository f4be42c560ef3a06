/** A task as its agent gets it. */
import { type Assignment, limits } from '../../contract/index.ts';
import { present } from '../../core/assert.ts';
import type { CommandContext } from '../event/index.ts';
import { findTaskWithRepository, type TaskRow, type TaskWithRepository } from './queries.ts';
import { toTask } from './view.ts';

export async function assignmentOf(context: CommandContext, row: TaskRow): Promise<Assignment> {
  return { task: toTask(await withRepository(context, row)), lastFailure: row.last_failure };
}

/** Small enough to go with its offer, so that its agent need not ask before it begins. */
export function isSmall({ body, checks, paths, last_failure: lastFailure }: TaskRow): boolean {
  const texts = [body, checks, paths, lastFailure ?? ''];
  return texts.reduce((sum, { length }) => sum + length, 0) <= limits.inlineCharsMax;
}

async function withRepository(context: CommandContext, row: TaskRow): Promise<TaskWithRepository> {
  if (row.repository_id === null) return { ...row, repository_url: null, repository_base: null };
  const found = await findTaskWithRepository(context.tx, row.project, row.id);
  return present(found, 'the task in hand');
}
