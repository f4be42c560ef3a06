/** Where memories are: one statement a function. */
import type { MemoryLayer } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { join, limitTo, sql } from '../../store/sql.ts';

export interface MemoryRow {
  id: string;
  project: string;
  agent: string;
  agent_key: string;
  layer: MemoryLayer;
  type: string;
  body: string;
  folded: string;
  chars: number;
  /** JSON lists. */
  tags: string;
  paths: string;
  repository_id: string | null;
  session: string | null;
  digest: string;
  created_at_ms: number;
}

/** What the ranking looks at. */
export type Candidate = Pick<MemoryRow, 'id' | 'folded' | 'chars' | 'tags' | 'paths'>;

export async function insertMemory(tx: Tx, row: MemoryRow): Promise<void> {
  await tx.run(sql`
    insert into memories (id, project, agent, agent_key, layer, type, body, folded, chars, tags,
      paths, repository_id, session, digest, created_at_ms)
    values (${row.id}, ${row.project}, ${row.agent}, ${row.agent_key}, ${row.layer}, ${row.type},
      ${row.body}, ${row.folded}, ${row.chars}, ${row.tags}, ${row.paths}, ${row.repository_id},
      ${row.session}, ${row.digest}, ${row.created_at_ms})`);
}

export interface Alike {
  project: string;
  agentKey: string;
  digest: string;
  afterMs: number;
}

/** The first one that says the same and is not older. */
export function findAlike(db: Db, alike: Alike): Promise<MemoryRow | undefined> {
  return db.get(sql`
    select * from memories
    where project = ${alike.project} and agent_key = ${alike.agentKey}
      and digest = ${alike.digest} and created_at_ms > ${alike.afterMs}
    order by id limit 1`);
}

export function findMemory(db: Db, project: string, id: string): Promise<MemoryRow | undefined> {
  return db.get(sql`select * from memories where project = ${project} and id = ${id}`);
}

/** False when it was gone already. */
export async function deleteMemory(tx: Tx, id: string): Promise<boolean> {
  return (await tx.run(sql`delete from memories where id = ${id}`)) === 1;
}

export interface Look {
  project: string;
  layers: readonly MemoryLayer[] | undefined;
  agentKey: string | undefined;
  session: string | undefined;
  /** How many of the newest are looked at. */
  lookedAt: number;
  /** At least one of these, where there is any. */
  words: readonly string[];
  tags: readonly string[];
  hasPaths: boolean;
}

/** What may be a hit, newest first: all hits are among it, and the ranking decides. */
export function listCandidates(db: Db, look: Look): Promise<Candidate[]> {
  const narrowed = [
    sql`project = ${look.project}`,
    look.layers === undefined ? undefined : sql`layer in (${join(look.layers)})`,
    look.agentKey === undefined ? undefined : sql`agent_key = ${look.agentKey}`,
    look.session === undefined ? undefined : sql`session = ${look.session}`,
  ].filter((condition) => condition !== undefined);
  const hits = [
    ...look.words.map((word) => sql`folded like ${containing(word)} escape '\\'`),
    ...look.tags.map((tag) => sql`tags like ${containing(`"${tag}"`)} escape '\\'`),
    ...(look.hasPaths ? [sql`paths <> '[]'`] : []),
  ];
  return db.all(sql`
    select id, folded, chars, tags, paths from (
      select id, folded, chars, tags, paths from memories where ${join(narrowed, ' and ')}
      order by id desc ${limitTo(look.lookedAt)}
    ) as newest
    where ${hits.length === 0 ? sql`1 = 1` : join(hits, ' or ')} order by id desc`);
}

function containing(text: string): string {
  return `%${text.replaceAll(/[\\%_]/g, String.raw`\$&`)}%`;
}

/** In no order. */
export function listMemories(db: Db, ids: readonly string[]): Promise<MemoryRow[]> {
  return db.all(sql`select * from memories where id in (${join(ids)})`);
}
