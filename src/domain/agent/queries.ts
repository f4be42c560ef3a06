/** Where agents are: one statement a function. */
import type { Outcome, Role, TaskState } from '../../contract/index.ts';
import type { Db, Tx } from '../../store/db.ts';
import { limitTo, type Sql, sql } from '../../store/sql.ts';

export type Presence = 'offline' | 'online' | 'draining';

export interface AgentRow {
  project: string;
  key: string;
  name: string;
  role: Role;
  presence: Presence;
  /** JSON list. */
  capabilities: string;
  session_id: string | null;
  /** 1 where a live socket can be told of an offer. */
  is_pushed: number;
  task_id: string | null;
  /** Which of its sessions has asked for the task in hand; empty where that one has no name. */
  task_session: string | null;
  /** How far an operator trusts it. */
  trust: number;
  /** JSON list of the only repositories that it works on; null where it takes any. */
  repositories: string | null;
  /** What it had in hand last, and how that ended. */
  last_task_id: string | null;
  last_outcome: Outcome | null;
  last_ended_at_ms: number | null;
  /** Takes no new work: it or an operator said so, or its context is full. */
  paused_until_ms: number | null;
  pause_reason: string | null;
  paused_by: string | null;
  full_until_ms: number | null;
  full_percent: number | null;
  /** What holds it back the longest of all that does; null where nothing does. */
  held_until_ms: number | null;
  hold_reason: string | null;
  idle_since_ms: number;
  lease_until_ms: number;
  last_seen_ms: number;
  created_at_ms: number;
}

/** An agent with the state of the task in its hand. */
export type AgentWithTask = AgentRow & {
  task_state: TaskState | null;
  blocked_by: string | null;
  note: string | null;
};

/** Rules over the set of agents and tasks of a project hold this row first. */
export async function lockProject(tx: Tx, project: string): Promise<void> {
  if (tx.dialect.engine === 'sqlite') return;
  await tx.get(sql`select id from projects where id = ${project} ${tx.dialect.forUpdate}`);
}

/** Holds the row of one agent: rules over the set of what is its own run under it. */
export async function lockAgent(tx: Tx, project: string, key: string): Promise<void> {
  if (tx.dialect.engine === 'sqlite') return;
  await tx.get(sql`
    select key from agents where project = ${project} and key = ${key} ${tx.dialect.forUpdate}`);
}

export function findAgent(db: Db, project: string, key: string): Promise<AgentRow | undefined> {
  return db.get(sql`select * from agents where project = ${project} and key = ${key}`);
}

export function findAgentWithTask(
  db: Db,
  project: string,
  key: string,
): Promise<AgentWithTask | undefined> {
  return db.get(sql`
    select a.*, t.state as task_state, t.blocked_by, t.note
    from agents a left join tasks t on t.id = a.task_id
    where a.project = ${project} and a.key = ${key}`);
}

export interface AgentPage {
  project: string;
  afterKey: string;
  limit: number;
}

export function listAgents(db: Db, page: AgentPage): Promise<AgentWithTask[]> {
  return db.all(sql`
    select a.*, t.state as task_state, t.blocked_by, t.note
    from agents a left join tasks t on t.id = a.task_id
    where a.project = ${page.project} and a.key > ${page.afterKey}
    order by a.key ${limitTo(page.limit)}`);
}

/** The idle agents that can be told and are not held back, the longest idle first. */
export function listIdleAgents(db: Db, project: string, limit: number): Promise<AgentRow[]> {
  return db.all(sql`
    select * from agents
    where project = ${project} and presence = 'online' and is_pushed = 1 and task_id is null
      and held_until_ms is null
    order by idle_since_ms, key ${limitTo(limit)}`);
}

export function listLapsedAgents(db: Db, nowMs: number, limit: number): Promise<AgentRow[]> {
  return db.all(sql`
    select * from agents where presence <> 'offline' and lease_until_ms <= ${nowMs}
    order by lease_until_ms ${limitTo(limit)}`);
}

/** Agents whose names begin alike. */
export function listAgentsLike(db: Db, page: AgentPage & { upToKey: string }): Promise<AgentRow[]> {
  return db.all(sql`
    select * from agents
    where project = ${page.project} and key >= ${page.afterKey} and key < ${page.upToKey}
    order by key ${limitTo(page.limit)}`);
}

export async function touchAgent(
  tx: Tx,
  beat: Pick<Beat, 'project' | 'key' | 'nowMs'>,
): Promise<void> {
  await tx.run(sql`
    update agents set last_seen_ms = ${beat.nowMs}
    where project = ${beat.project} and key = ${beat.key}`);
}

function inserted(row: AgentRow): Sql {
  return sql`
    insert into agents (project, key, name, role, presence, capabilities, session_id, is_pushed,
      task_id, trust, repositories, idle_since_ms, lease_until_ms, last_seen_ms, created_at_ms)
    values (${row.project}, ${row.key}, ${row.name}, ${row.role}, ${row.presence},
      ${row.capabilities}, ${row.session_id}, ${row.is_pushed}, ${row.task_id},
      ${row.trust}, ${row.repositories}, ${row.idle_since_ms}, ${row.lease_until_ms},
      ${row.last_seen_ms}, ${row.created_at_ms})`;
}

/** Leaves one that has come in the meantime as it is. */
export async function addAgent(tx: Tx, row: AgentRow): Promise<void> {
  await tx.run(sql`${inserted(row)} on conflict (project, key) do nothing`);
}

export async function saveAgent(tx: Tx, row: AgentRow): Promise<void> {
  await tx.run(sql`${inserted(row)}
    on conflict (project, key) do update set
      role = excluded.role, presence = excluded.presence, capabilities = excluded.capabilities,
      session_id = excluded.session_id, is_pushed = excluded.is_pushed,
      task_id = excluded.task_id, trust = excluded.trust,
      repositories = excluded.repositories, idle_since_ms = excluded.idle_since_ms,
      lease_until_ms = excluded.lease_until_ms, last_seen_ms = excluded.last_seen_ms`);
}

export async function deleteAgent(
  tx: Tx,
  { project, key }: Pick<AgentRow, 'project' | 'key'>,
): Promise<void> {
  await tx.run(sql`delete from agents where project = ${project} and key = ${key}`);
}

/** A task that is taken up again stays that of its session; another one is nobody's yet. */
export async function assignTask(tx: Tx, agent: AgentRow, taskId: string): Promise<boolean> {
  const changed = await tx.run(sql`
    update agents set task_id = ${taskId},
      task_session = case when last_task_id = ${taskId} then task_session end
    where project = ${agent.project} and key = ${agent.key} and task_id is null
      and presence <> 'offline'`);
  return changed === 1;
}

/** Says which session does the work that the agent has in hand. */
export async function setTaskSession(
  tx: Tx,
  agent: Pick<AgentRow, 'project' | 'key'>,
  session: string | null,
): Promise<void> {
  await tx.run(sql`
    update agents set task_session = ${session}
    where project = ${agent.project} and key = ${agent.key}`);
}

export interface Freed {
  project: string;
  key: string;
  taskId: string;
  outcome: Outcome | null;
  nowMs: number;
}

/** Takes the task out of the agent's hand, if it is still that one. */
export async function freeAgent(tx: Tx, freed: Freed): Promise<boolean> {
  const changed = await tx.run(sql`
    update agents set task_id = null, idle_since_ms = ${freed.nowMs},
      last_task_id = ${freed.taskId}, last_outcome = ${freed.outcome},
      last_ended_at_ms = ${freed.nowMs}
    where project = ${freed.project} and key = ${freed.key} and task_id = ${freed.taskId}`);
  return changed === 1;
}

export interface Beat {
  project: string;
  key: string;
  sessionId: string;
  nowMs: number;
  leaseUntilMs: number;
}

/**
 * Returns what was offered to the agent and is in its hand; what another process of it asked for
 * is not this session's to know. Undefined where the session is not the present one.
 */
export function renewLease(tx: Tx, beat: Beat): Promise<{ task_id: string | null } | undefined> {
  return tx.get(sql`
    update agents set lease_until_ms = ${beat.leaseUntilMs}, last_seen_ms = ${beat.nowMs}
    where project = ${beat.project} and key = ${beat.key} and session_id = ${beat.sessionId}
      and presence <> 'offline'
    returning case when task_session is null then task_id end as task_id`);
}

/**
 * For an agent that pulls: it has a long lease, and no process beside it that beats. Who has one is
 * left the short lease, so that its end is noticed at once.
 */
export async function keepLongLease(
  tx: Tx,
  hold: Omit<Beat, 'sessionId'> & { shortMs: number },
): Promise<void> {
  await tx.run(sql`
    update agents set lease_until_ms = ${hold.leaseUntilMs}, last_seen_ms = ${hold.nowMs}
    where project = ${hold.project} and key = ${hold.key} and is_pushed = 0
      and presence <> 'offline' and lease_until_ms > ${hold.nowMs + hold.shortMs}`);
}

/** Leaves a closed socket's session a short time to resume. */
export async function shortenLease(tx: Tx, beat: Omit<Beat, 'nowMs'>): Promise<boolean> {
  const changed = await tx.run(sql`
    update agents set lease_until_ms = ${beat.leaseUntilMs}, is_pushed = 0
    where project = ${beat.project} and key = ${beat.key} and session_id = ${beat.sessionId}
      and presence <> 'offline' and lease_until_ms > ${beat.leaseUntilMs}`);
  return changed === 1;
}

/** Time in which the hub was down counts against nobody. */
export async function rearmLeases(tx: Tx, leaseUntilMs: number): Promise<void> {
  await tx.run(sql`
    update agents set lease_until_ms = ${leaseUntilMs}
    where presence <> 'offline' and lease_until_ms < ${leaseUntilMs}`);
}
