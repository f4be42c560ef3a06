/** Where pipelines are: one statement a function. */
import type { Db, Tx } from '../../store/db.ts';
import { limitTo, sql } from '../../store/sql.ts';

export interface PipelineRow {
  project: string;
  name: string;
  /** JSON list. */
  stages: string;
  updated_by: string;
  updated_at_ms: number;
}

export function findPipeline(
  db: Db,
  project: string,
  name: string,
): Promise<PipelineRow | undefined> {
  return db.get(sql`select * from pipelines where project = ${project} and name = ${name}`);
}

/** Whoever moves a case and whoever changes the pipeline wait for each other here. */
export function lockPipeline(
  tx: Tx,
  project: string,
  name: string,
): Promise<PipelineRow | undefined> {
  return tx.get(sql`
    select * from pipelines where project = ${project} and name = ${name} ${tx.dialect.forUpdate}`);
}

export async function savePipeline(tx: Tx, row: PipelineRow): Promise<void> {
  await tx.run(sql`
    insert into pipelines (project, name, stages, updated_by, updated_at_ms)
    values (${row.project}, ${row.name}, ${row.stages}, ${row.updated_by}, ${row.updated_at_ms})
    on conflict (project, name) do update set stages = excluded.stages,
      updated_by = excluded.updated_by, updated_at_ms = excluded.updated_at_ms`);
}

export async function deletePipeline(tx: Tx, project: string, name: string): Promise<boolean> {
  const changed = await tx.run(
    sql`delete from pipelines where project = ${project} and name = ${name}`,
  );
  return changed === 1;
}

export interface PipelinePage {
  project: string;
  afterName: string;
  limit: number;
}

export function listPipelines(db: Db, page: PipelinePage): Promise<PipelineRow[]> {
  return db.all(sql`
    select * from pipelines where project = ${page.project} and name > ${page.afterName}
    order by name ${limitTo(page.limit)}`);
}

export function countByStage(
  db: Db,
  project: string,
  pipeline: string,
): Promise<{ stage: string | null; count: number }[]> {
  return db.all(sql`
    select stage, count(*) as count from cases
    where project = ${project} and pipeline = ${pipeline} group by stage`);
}
