/** Where changes are: one statement a function. */
import type { ChangeState } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { join, limitTo, sql } from '../../store/sql.ts';

export interface ChangeRow {
  id: string;
  project: string;
  task_id: string;
  attempt: number;
  fence: number;
  repository_id: string;
  /** Null: the branch that the repository's own HEAD names. */
  base_branch: string | null;
  author: string;
  branch: string;
  base_commit: string;
  head_commit: string;
  state: ChangeState;
  reason: string | null;
  tier: number | null;
  /** JSON list. */
  rules: string;
  /** JSON list of commands with their time limits. */
  checks: string;
  /** JSON list of what it touches, once its verifier has looked. */
  paths: string;
  tested_commit: string | null;
  tested_base: string | null;
  landed_commit: string | null;
  verifier: string | null;
  /** The fence of the verifier that holds it. */
  lease: number | null;
  available_at_ms: number;
  approved_by: string | null;
  log: string;
  created_at_ms: number;
  ended_at_ms: number | null;
  /** While it is held, the end of the lease. */
  next_check_ms: number | null;
  version: number;
}

export type ChangeWithRepository = ChangeRow & { repository_url: string };

export function findChange(tx: Tx, project: string, id: string): Promise<ChangeRow | undefined> {
  return tx.get(
    sql`select * from changes where id = ${id} and project = ${project} ${tx.dialect.forUpdate}`,
  );
}

export function findChangeWithRepository(
  db: Db,
  project: string,
  id: string,
): Promise<ChangeWithRepository | undefined> {
  return db.get(sql`
    select c.*, r.url as repository_url from changes c join repositories r on r.id = c.repository_id
    where c.id = ${id} and c.project = ${project}`);
}

/** The oldest that may be claimed; one whose landing is open bars the others of its branch. */
export function findClaimable(
  db: Db,
  project: string,
  nowMs: number,
): Promise<{ id: string } | undefined> {
  return db.get(sql`
    select c.id from changes c
    where c.project = ${project} and c.state in ('landing', 'submitted') and c.lease is null
      and c.available_at_ms <= ${nowMs}
      and not exists (
        select 1 from changes other
        where other.project = c.project and other.state in ('landing', 'verifying')
          and other.repository_id = c.repository_id and other.id <> c.id
          and coalesce(other.base_branch, '') = coalesce(c.base_branch, ''))
    order by case when c.state = 'landing' then 0 else 1 end, c.id limit 1`);
}

export interface ChangePage {
  project: string;
  beforeId: string;
  limit: number;
  state: ChangeState | undefined;
  taskId: string | undefined;
}

/** Newest first. */
export function listChanges(db: Db, page: ChangePage): Promise<ChangeWithRepository[]> {
  const narrowed = [
    page.state === undefined ? undefined : sql`c.state = ${page.state}`,
    page.taskId === undefined ? undefined : sql`c.task_id = ${page.taskId}`,
  ].filter((condition) => condition !== undefined);
  const conditions = join(
    [sql`c.project = ${page.project}`, sql`c.id < ${page.beforeId}`, ...narrowed],
    ' and ',
  );
  return db.all(sql`
    select c.*, r.url as repository_url from changes c join repositories r on r.id = c.repository_id
    where ${conditions} order by c.id desc ${limitTo(page.limit)}`);
}

export function listDueChanges(
  db: Db,
  nowMs: number,
  limit: number,
): Promise<Pick<ChangeRow, 'id' | 'project'>[]> {
  return db.all(sql`
    select id, project from changes where ended_at_ms is null and next_check_ms <= ${nowMs}
    order by next_check_ms ${limitTo(limit)}`);
}

export async function insertChange(tx: Tx, row: ChangeRow): Promise<void> {
  await tx.run(sql`
    insert into changes (id, project, task_id, attempt, fence, repository_id, base_branch, author,
      branch, base_commit, head_commit, state, reason, tier, rules, checks, paths, tested_commit,
      tested_base, landed_commit, verifier, lease, available_at_ms, approved_by, log,
      created_at_ms, ended_at_ms, next_check_ms, version)
    values (${row.id}, ${row.project}, ${row.task_id}, ${row.attempt}, ${row.fence},
      ${row.repository_id}, ${row.base_branch}, ${row.author}, ${row.branch},
      ${row.base_commit}, ${row.head_commit}, ${row.state}, ${row.reason}, ${row.tier},
      ${row.rules}, ${row.checks}, ${row.paths}, ${row.tested_commit}, ${row.tested_base},
      ${row.landed_commit}, ${row.verifier}, ${row.lease}, ${row.available_at_ms},
      ${row.approved_by}, ${row.log}, ${row.created_at_ms}, ${row.ended_at_ms},
      ${row.next_check_ms}, ${row.version})`);
}

/** Writes what may change of a change that was read at this version; false when it has moved. */
export async function updateChange(tx: Tx, row: ChangeRow): Promise<boolean> {
  const changed = await tx.run(sql`
    update changes set state = ${row.state}, reason = ${row.reason}, tier = ${row.tier},
      rules = ${row.rules}, checks = ${row.checks}, paths = ${row.paths},
      tested_commit = ${row.tested_commit},
      tested_base = ${row.tested_base}, landed_commit = ${row.landed_commit},
      verifier = ${row.verifier}, lease = ${row.lease}, available_at_ms = ${row.available_at_ms},
      approved_by = ${row.approved_by}, log = ${row.log}, ended_at_ms = ${row.ended_at_ms},
      next_check_ms = ${row.next_check_ms}, version = ${row.version + 1}
    where id = ${row.id} and version = ${row.version}`);
  return changed === 1;
}

export async function renewChangeLease(tx: Tx, renewal: Renewal): Promise<boolean> {
  const changed = await tx.run(sql`
    update changes set next_check_ms = ${renewal.leaseUntilMs}
    where id = ${renewal.id} and project = ${renewal.project} and lease = ${renewal.lease}`);
  return changed === 1;
}

export interface Renewal {
  id: string;
  project: string;
  lease: number;
  leaseUntilMs: number;
}

/** Time in which the hub was down counts against no verifier. */
export async function rearmChanges(tx: Tx, leaseUntilMs: number): Promise<void> {
  await tx.run(sql`
    update changes set next_check_ms = ${leaseUntilMs}
    where ended_at_ms is null and lease is not null and next_check_ms < ${leaseUntilMs}`);
}

/** What this verifier holds falls due at once. */
export async function lapseChanges(
  tx: Tx,
  { verifier, nowMs }: { verifier: string; nowMs: number },
): Promise<void> {
  await tx.run(sql`
    update changes set next_check_ms = ${nowMs}
    where ended_at_ms is null and lease is not null and verifier = ${verifier}`);
}

export async function nextLease(tx: Tx): Promise<number> {
  const row = await tx.get<{ fence: number }>(tx.dialect.nextFence);
  return row?.fence ?? 0;
}

export function countChangesByState(
  db: Db,
  project: string,
): Promise<{ state: ChangeState; count: number }[]> {
  return db.all(sql`
    select state, count(*) as count from changes where project = ${project} group by state`);
}

/** Who is at work on the branch that this change wants to land on. */
export function findHeldBeside(db: Db, change: ChangeRow): Promise<ChangeRow | undefined> {
  return db.get(sql`
    select * from changes
    where project = ${change.project} and repository_id = ${change.repository_id}
      and state in ('verifying', 'landing') and id <> ${change.id}
      and coalesce(base_branch, '') = coalesce(cast(${change.base_branch} as text), '')
    order by id limit 1`);
}
