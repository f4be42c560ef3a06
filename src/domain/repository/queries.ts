/** Where repositories are: one statement a function. */
import type { Db, Tx } from '../../store/db.ts';
import { limitTo, sql } from '../../store/sql.ts';

export interface RepositoryRow {
  id: string;
  project: string;
  url: string;
  canonical_url: string;
  base_branch: string | null;
  created_at_ms: number;
}

export function findByUrl(
  db: Db,
  project: string,
  canonical: string,
): Promise<RepositoryRow | undefined> {
  return db.get(
    sql`select * from repositories where project = ${project} and canonical_url = ${canonical}`,
  );
}

export function findRepository(
  db: Db,
  project: string,
  id: string,
): Promise<RepositoryRow | undefined> {
  return db.get(sql`select * from repositories where project = ${project} and id = ${id}`);
}

/** False when another writer was first. */
export async function insertRepository(tx: Tx, row: RepositoryRow): Promise<boolean> {
  const changed = await tx.run(sql`
    insert into repositories (id, project, url, canonical_url, base_branch, created_at_ms)
    values (${row.id}, ${row.project}, ${row.url}, ${row.canonical_url}, ${row.base_branch},
      ${row.created_at_ms})
    on conflict (project, canonical_url) do nothing`);
  return changed === 1;
}

export interface RepositoryPage {
  project: string;
  afterId: string;
  limit: number;
}

export function listRepositories(db: Db, page: RepositoryPage): Promise<RepositoryRow[]> {
  return db.all(sql`
    select * from repositories where project = ${page.project} and id > ${page.afterId}
    order by id ${limitTo(page.limit)}`);
}
