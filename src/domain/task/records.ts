/** What became of the tasks of each agent, by what they needed: who has proved good at what. */
import type { Db } from '../../store/db.ts';
import type { CommandContext } from '../event/index.ts';
import type { Results } from './assign.ts';
import type { TaskRow } from './queries.ts';
import { addResult, listRecords } from './record-queries.ts';
import { parseList } from './view.ts';

/** By agent, then by capability. */
export type Records = ReadonlyMap<string, ReadonlyMap<string, Results>>;

export async function recordsOf(
  db: Db,
  project: string,
  { needs, agents }: { needs: readonly string[]; agents: readonly { key: string }[] },
): Promise<Records> {
  const records = new Map<string, Map<string, Results>>();
  const [first] = agents;
  if (needs.length === 0 || first === undefined) return records;
  const only = agents.length === 1 ? first.key : undefined;
  const rows = await listRecords(db, project, { capabilities: needs, only });
  for (const { agent_key: key, capability, ...results } of rows) {
    const own = records.get(key) ?? new Map<string, Results>();
    records.set(key, own.set(capability, results));
  }
  return records;
}

/** The task was brought to its end, or not, by who has it now. */
export async function learn(
  context: CommandContext,
  row: TaskRow,
  result: 'succeeded' | 'failed',
): Promise<void> {
  if (row.needs === '[]' || row.agent_key === null) return;
  const of = { project: row.project, agent_key: row.agent_key };
  const counts = { succeeded: Number(result === 'succeeded'), failed: Number(result === 'failed') };
  for (const capability of parseList(row.needs)) {
    await addResult(context.tx, { ...of, capability, ...counts });
  }
}
