/** Where artifacts are: one statement a function. */
import type { Db, Tx } from '../../store/db.ts';
import { join, limitTo, sql } from '../../store/sql.ts';

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
