/** Where memories are: one statement a function. */
import type { MemoryLayer } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { limitTo, sql } from '../../store/sql.ts';

export interface MemoryRow {
  id: string;
  project: string;
  agent: string;
  agent_key: string;
  session: string | null;
  layer: MemoryLayer;
  type: string;
  body: string;
  /** JSON list. */
  tags: string;
  /** JSON list. */
  paths: string;
  repository_id: string | null;
  digest: string;
  created_at_ms: number;
}

export type MemoryWithRepository = MemoryRow & { repository_url: string | null };

export async function insertMemory(tx: Tx, row: MemoryRow): Promise<void> {
  await tx.run(sql`
    insert into memories (id, project, agent, agent_key, session, layer, type, body, tags, paths,
      repository_id, digest, created_at_ms)
    values (${row.id}, ${row.project}, ${row.agent}, ${row.agent_key}, ${row.session},
      ${row.layer}, ${row.type}, ${row.body}, ${row.tags}, ${row.paths}, ${row.repository_id},
      ${row.digest}, ${row.created_at_ms})`);
}

/** What was said in the same words since then. */
export function findSaid(db: Db, of: Said): Promise<MemoryRow | undefined> {
  return db.get(sql`
    select * from memories
    where project = ${of.project} and digest = ${of.digest} and created_at_ms > ${of.sinceMs}
    order by created_at_ms desc limit 1`);
}

export interface Said {
  project: string;
  digest: string;
  sinceMs: number;
}

export function findMemory(db: Db, project: string, id: string): Promise<MemoryRow | undefined> {
  return db.get(sql`select * from memories where project = ${project} and id = ${id}`);
}

export function listNewest(
  db: Db,
  project: string,
  limit: number,
): Promise<MemoryWithRepository[]> {
  return db.all(sql`
    select m.*, r.url as repository_url
    from memories m left join repositories r on r.id = m.repository_id
    where m.project = ${project} order by m.id desc ${limitTo(limit)}`);
}

export async function deleteMemory(tx: Tx, id: string): Promise<void> {
  await tx.run(sql`delete from memories where id = ${id}`);
}
