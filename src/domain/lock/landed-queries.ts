/** Under which grant paths were landed: one statement a function. */
import type { Db, Tx } from '../../store/db.ts';
import { join, sql } from '../../store/sql.ts';

export interface LandedRow {
  repository_id: string;
  path: string;
  fence: number;
  holder: string;
  agent: string;
  change_id: string;
  at_ms: number;
}

export async function saveLanded(tx: Tx, row: LandedRow): Promise<void> {
  await tx.run(sql`
    insert into landed_paths (repository_id, path, fence, holder, agent, change_id, at_ms)
    values (${row.repository_id}, ${row.path}, ${row.fence}, ${row.holder}, ${row.agent},
      ${row.change_id}, ${row.at_ms})
    on conflict (repository_id, path) do update set fence = excluded.fence,
      holder = excluded.holder, agent = excluded.agent, change_id = excluded.change_id,
      at_ms = excluded.at_ms
    where excluded.fence > landed_paths.fence`);
}

/** Of these paths those that landed under a newer grant than this, of somebody else. */
export function listLandedAfter(db: Db, of: LandedAfter): Promise<LandedRow[]> {
  return db.all(sql`
    select * from landed_paths
    where repository_id = ${of.repositoryId} and path in (${join(of.paths)})
      and fence > ${of.fence} and holder <> ${of.holder}
    order by path`);
}

export interface LandedAfter {
  repositoryId: string;
  paths: readonly string[];
  fence: number;
  holder: string;
}
