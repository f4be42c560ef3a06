/** Where cases and their versions are: one statement a function. */
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
