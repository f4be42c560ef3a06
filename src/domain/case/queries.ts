/** Where cases and pipelines are: one statement a function. */
import type { CaseAction } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { join, limitTo, sql } from '../../store/sql.ts';

export interface CaseRow {
  project: string;
  id: string;
  version: number;
  /** JSON object. */
  state: string;
  pipeline: string | null;
  stage: string | null;
  created_at_ms: number;
  updated_at_ms: number;
  updated_by: string;
}

export type CaseHeadRow = Omit<CaseRow, 'state'>;

export interface VersionRow {
  project: string;
  case_id: string;
  version: number;
  action: CaseAction;
  actor: string;
  at_ms: number;
  stage: string | null;
  based_on: number | null;
  /** Null where it is no longer kept. */
  state: string | null;
}

export interface PipelineRow {
  project: string;
  name: string;
  /** JSON list. */
  stages: string;
  updated_by: string;
  updated_at_ms: number;
}

export function findCase(db: Db, project: string, id: string): Promise<CaseRow | undefined> {
  return db.get(sql`select * from cases where project = ${project} and id = ${id}`);
}

/** Its row is this transaction's until the commit. */
export function lockCase(tx: Tx, project: string, id: string): Promise<CaseRow | undefined> {
  return tx.get(sql`
    select * from cases where project = ${project} and id = ${id} ${tx.dialect.forUpdate}`);
}

/** False when another writer opened it first. */
export async function insertCase(tx: Tx, row: CaseRow): Promise<boolean> {
  const changed = await tx.run(sql`
    insert into cases (project, id, version, state, pipeline, stage, created_at_ms, updated_at_ms,
      updated_by)
    values (${row.project}, ${row.id}, ${row.version}, ${row.state}, ${row.pipeline}, ${row.stage},
      ${row.created_at_ms}, ${row.updated_at_ms}, ${row.updated_by})
    on conflict (project, id) do nothing`);
  return changed === 1;
}

/** Writes what follows the version before; false when that is no longer the newest. */
export async function updateCase(tx: Tx, row: CaseRow): Promise<boolean> {
  const changed = await tx.run(sql`
    update cases set version = ${row.version}, state = ${row.state}, pipeline = ${row.pipeline},
      stage = ${row.stage}, updated_at_ms = ${row.updated_at_ms}, updated_by = ${row.updated_by}
    where project = ${row.project} and id = ${row.id} and version = ${row.version - 1}`);
  return changed === 1;
}

export interface CasePage {
  project: string;
  afterId: string;
  limit: number;
  pipeline: string | undefined;
  stage: string | undefined;
}

export function listCases(db: Db, page: CasePage): Promise<CaseHeadRow[]> {
  const narrowed = [
    page.pipeline === undefined ? undefined : sql`pipeline = ${page.pipeline}`,
    page.stage === undefined ? undefined : sql`stage = ${page.stage}`,
  ].filter((condition) => condition !== undefined);
  const conditions = join(
    [sql`project = ${page.project}`, sql`id > ${page.afterId}`, ...narrowed],
    ' and ',
  );
  return db.all(sql`
    select project, id, version, pipeline, stage, created_at_ms, updated_at_ms, updated_by
    from cases where ${conditions} order by id ${limitTo(page.limit)}`);
}

export async function insertVersion(tx: Tx, row: VersionRow): Promise<void> {
  await tx.run(sql`
    insert into case_versions (project, case_id, version, action, actor, at_ms, stage, based_on,
      state)
    values (${row.project}, ${row.case_id}, ${row.version}, ${row.action}, ${row.actor},
      ${row.at_ms}, ${row.stage}, ${row.based_on}, ${row.state})`);
}

export interface VersionKey {
  project: string;
  caseId: string;
  version: number;
}

/** That it was written stays; what it wrote goes. */
export async function forgetState(tx: Tx, { project, caseId, version }: VersionKey): Promise<void> {
  await tx.run(sql`
    update case_versions set state = null
    where project = ${project} and case_id = ${caseId} and version = ${version}`);
}

export function findVersion(db: Db, key: VersionKey): Promise<VersionRow | undefined> {
  return db.get(sql`
    select * from case_versions
    where project = ${key.project} and case_id = ${key.caseId} and version = ${key.version}`);
}

export interface HistoryPage {
  project: string;
  caseId: string;
  beforeVersion: number;
  limit: number;
}

/** Newest first. */
export function listVersions(db: Db, page: HistoryPage): Promise<Omit<VersionRow, 'state'>[]> {
  return db.all(sql`
    select project, case_id, version, action, actor, at_ms, stage, based_on from case_versions
    where project = ${page.project} and case_id = ${page.caseId} and version < ${page.beforeVersion}
    order by version desc ${limitTo(page.limit)}`);
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

export interface ArtifactRow {
  id: string;
  project: string;
  case_id: string;
  stage: string;
  name: string;
  version: number;
  is_latest: number;
  media_type: string;
  bytes: number;
  sha256: string;
  uploaded_by: string;
  created_at_ms: number;
}

export interface ArtifactPlace {
  project: string;
  caseId: string;
  stage: string;
  name: string;
}

export function findArtifact(
  db: Db,
  project: string,
  id: string,
): Promise<ArtifactRow | undefined> {
  return db.get(sql`select * from artifacts where project = ${project} and id = ${id}`);
}

export function findLatestArtifact(db: Db, at: ArtifactPlace): Promise<ArtifactRow | undefined> {
  return db.get(sql`
    select * from artifacts
    where project = ${at.project} and case_id = ${at.caseId} and stage = ${at.stage}
      and name = ${at.name} and is_latest = 1`);
}

export function countArtifacts(
  db: Db,
  project: string,
  caseId: string,
): Promise<{ count: number } | undefined> {
  return db.get(sql`
    select count(*) as count from artifacts where project = ${project} and case_id = ${caseId}`);
}

/** A later version takes its place. */
export async function supersedeArtifact(tx: Tx, id: string): Promise<void> {
  await tx.run(sql`update artifacts set is_latest = 0 where id = ${id}`);
}

export async function insertArtifact(tx: Tx, row: ArtifactRow): Promise<void> {
  await tx.run(sql`
    insert into artifacts (id, project, case_id, stage, name, version, is_latest, media_type, bytes,
      sha256, uploaded_by, created_at_ms)
    values (${row.id}, ${row.project}, ${row.case_id}, ${row.stage}, ${row.name}, ${row.version},
      ${row.is_latest}, ${row.media_type}, ${row.bytes}, ${row.sha256}, ${row.uploaded_by},
      ${row.created_at_ms})`);
}

export interface ArtifactPage {
  project: string;
  caseId: string;
  afterId: string;
  limit: number;
  stage: string | undefined;
  name: string | undefined;
  isFull: boolean;
}

/** Oldest first. */
export function listArtifacts(db: Db, page: ArtifactPage): Promise<ArtifactRow[]> {
  const narrowed = [
    page.stage === undefined ? undefined : sql`stage = ${page.stage}`,
    page.name === undefined ? undefined : sql`name = ${page.name}`,
    page.isFull ? undefined : sql`is_latest = 1`,
  ].filter((condition) => condition !== undefined);
  const conditions = join(
    [
      sql`project = ${page.project}`,
      sql`case_id = ${page.caseId}`,
      sql`id > ${page.afterId}`,
      ...narrowed,
    ],
    ' and ',
  );
  return db.all(
    sql`select * from artifacts where ${conditions} order by id ${limitTo(page.limit)}`,
  );
}
