/**
 * The gate behind the locks: what a hook could not stop is refused where it counts, before it
 * lands.
 */
import type { CommandContext } from '../event/index.ts';
import { findOvertaken, recordLanding, type Touched } from '../lock/index.ts';
import { parseList } from '../task/index.ts';
import type { ChangeRow } from './queries.ts';

const PATHS_TOLD = 5;

/** Why the change may not land, or undefined. */
export async function overtakenInWords(
  context: CommandContext,
  row: ChangeRow,
): Promise<string | undefined> {
  const found = await findOvertaken(context, touchedBy(row));
  if (found.length === 0) return undefined;
  const told = found
    .slice(0, PATHS_TOLD)
    .map(({ path, agent, fence, change_id: id }) => `${path} (${agent}, fence ${fence}, ${id})`)
    .join(', ');
  const more = found.length > PATHS_TOLD ? ` and ${found.length - PATHS_TOLD} more` : '';
  return (
    `Granted to others since this attempt began (fence ${row.fence}), and landed by them: ` +
    `${told}${more}. Start from the base branch as it is now.`
  );
}

/** Remembers what landed under a lock, so that whoever held it before is known as late. */
export function keepLanded(context: CommandContext, row: ChangeRow): Promise<void> {
  return recordLanding(context, { ...touchedBy(row), changeId: row.id, agent: row.author });
}

function touchedBy(row: ChangeRow): Touched {
  const { task_id: taskId, repository_id: repositoryId, fence } = row;
  return { taskId, repositoryId, fence, paths: parseList(row.paths) };
}
