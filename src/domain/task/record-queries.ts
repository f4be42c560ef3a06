/** Where the records of agents are: one statement a function. */
import type { Db, Tx } from '../../store/db.ts';
import { join, limitTo, sql } from '../../store/sql.ts';

export interface RecordRow {
  project: string;
  agent_key: string;
  capability: string;
  succeeded: number;
  failed: number;
}

/** Of all agents, or of one. */
export function listRecords(
  db: Db,
  project: string,
  { capabilities, only }: { capabilities: readonly string[]; only: string | undefined },
): Promise<Omit<RecordRow, 'project'>[]> {
  const named = capabilities.map((capability) => sql`capability = ${capability}`);
  const whose = only === undefined ? sql`true` : sql`agent_key = ${only}`;
  return db.all(sql`
    select agent_key, capability, succeeded, failed from agent_records
    where project = ${project} and ${whose} and (${join(named, ' or ')})`);
}

const CAPABILITIES_MAX = 100;

/** What it has done most first. */
export function listRecordsOfAgent(
  db: Db,
  project: string,
  key: string,
): Promise<Omit<RecordRow, 'project' | 'agent_key'>[]> {
  return db.all(sql`
    select capability, succeeded, failed from agent_records
    where project = ${project} and agent_key = ${key}
    order by succeeded + failed desc, capability ${limitTo(CAPABILITIES_MAX)}`);
}

export async function addResult(tx: Tx, row: RecordRow): Promise<void> {
  await tx.run(sql`
    insert into agent_records (project, agent_key, capability, succeeded, failed)
    values (${row.project}, ${row.agent_key}, ${row.capability}, ${row.succeeded}, ${row.failed})
    on conflict (project, agent_key, capability) do update
      set succeeded = agent_records.succeeded + excluded.succeeded,
        failed = agent_records.failed + excluded.failed`);
}
