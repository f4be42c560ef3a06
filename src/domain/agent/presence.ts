/**
 * Presence from leases. A session is one process that speaks for an agent; a newer one takes the
 * place of an older, and what the older still says is refused.
 */
import {
  type Agent,
  type AgentState,
  Capabilities,
  limits,
  SignalboxError,
} from '../../contract/index.ts';
import { newId } from '../../core/ids.ts';
import { type CommandContext, memberRole, record } from '../event/index.ts';
import { toHold } from './hold-view.ts';
import { newcomer } from './newcomer.ts';
import {
  type AgentRow,
  type AgentWithTask,
  findAgent,
  type Presence,
  renewLease,
  saveAgent,
} from './queries.ts';

export interface Arrival {
  capabilities: string[];
  sessionId: string | undefined;
  /** True where a live socket can be told of an offer. */
  isPushed: boolean;
  /** Ids of the only repositories that it works on; null where it takes any. */
  repositories: string[] | null;
  leaseMs: number;
}

/** Registers the caller as present, and returns its row as it stands now. */
export async function arrive(context: CommandContext, arrival: Arrival): Promise<AgentRow> {
  const { tx, actor, nowMs, random } = context;
  const before = await findAgent(tx, actor.project, actor.key);
  refuseTwin(before, arrival);
  const isSameSession = arrival.sessionId !== undefined && before?.session_id === arrival.sessionId;
  const { repositories } = arrival;
  const known = before ?? newcomer(context);
  const row: AgentRow = {
    ...known,
    role: memberRole(actor),
    presence: 'online',
    capabilities: JSON.stringify([...new Set(arrival.capabilities)].toSorted()),
    repositories: repositories === null ? null : JSON.stringify(repositories),
    session_id: arrival.sessionId ?? newId('ses', nowMs, random),
    is_pushed: arrival.isPushed ? 1 : 0,
    idle_since_ms: isSameSession ? known.idle_since_ms : nowMs,
    lease_until_ms: nowMs + arrival.leaseMs,
    last_seen_ms: nowMs,
  };
  await saveAgent(tx, row);
  if (before === undefined || before.presence === 'offline') {
    await record(context, {
      type: 'agent.online',
      subject: row.name,
      data: { agent: row.name, role: row.role },
    });
  }
  return row;
}

/** A process that comes back finds another one in its place: it must not take the name back. */
function refuseTwin(before: AgentRow | undefined, arrival: Arrival): void {
  if (before === undefined || before.presence === 'offline') return;
  if (before.session_id === arrival.sessionId) return;
  // Who is merely present, as a person’s session is, does not end the sidecar of that name.
  const isBeside = !arrival.isPushed && before.is_pushed === 1;
  if (arrival.sessionId === undefined && !isBeside) return;
  throw new SignalboxError('conflict', `another session of ${before.name} is here`, {
    hint: 'Give each process an agent name of its own, or stop the other one first.',
    details: { agent: before.name, leaseUntilMs: before.lease_until_ms },
  });
}

export async function beat(
  context: CommandContext,
  sessionId: string,
): Promise<{ leaseUntilMs: number; taskId: string | null }> {
  const { tx, actor, nowMs } = context;
  const leaseUntilMs = nowMs + limits.agentLeaseMs;
  const { project, key } = actor;
  const renewed = await renewLease(tx, { project, key, sessionId, nowMs, leaseUntilMs });
  if (renewed !== undefined) return { leaseUntilMs, taskId: renewed.task_id };
  throw new SignalboxError('conflict', `session ${sessionId} is not the present one`, {
    hint: 'Connect again with agent.connect; if that is refused, another process has this name.',
  });
}

/**
 * Changes the presence of the session's agent; a session that is not the present one is refused.
 */
export async function changePresence(
  context: CommandContext,
  sessionId: string,
  presence: Presence,
): Promise<AgentRow> {
  const row = await findAgent(context.tx, context.actor.project, context.actor.key);
  if (row === undefined || row.session_id !== sessionId) {
    throw new SignalboxError('conflict', `session ${sessionId} is not the present one`, {
      hint: 'Nothing is left to do: another session has taken its place, or it never was.',
    });
  }
  if (row.presence === presence) return row;
  return setPresence(context, row, presence);
}

export async function setPresence(
  context: CommandContext,
  row: AgentRow,
  presence: Presence,
): Promise<AgentRow> {
  const next: AgentRow = { ...row, presence, is_pushed: presence === 'online' ? row.is_pushed : 0 };
  await saveAgent(context.tx, next);
  await record(context, {
    type: `agent.${presence}`,
    subject: row.name,
    audience: row.key,
    data: { agent: row.name },
  });
  return next;
}

export function capabilitiesOf(row: AgentRow): string[] {
  return Capabilities.parse(JSON.parse(row.capabilities));
}

export function toAgent(row: AgentWithTask): Agent {
  return {
    name: row.name,
    role: row.role,
    state: stateOf(row),
    capabilities: capabilitiesOf(row),
    trust: row.trust,
    taskId: row.task_id,
    note: row.note,
    blockedBy: row.blocked_by,
    lastTask: lastTaskOf(row),
    hold: toHold(row),
    sessionId: row.session_id,
    leaseUntilMs: row.lease_until_ms,
    lastSeenMs: row.last_seen_ms,
    createdAtMs: row.created_at_ms,
  };
}

function lastTaskOf(row: AgentRow): Agent['lastTask'] {
  const { last_task_id: id, last_outcome: outcome, last_ended_at_ms: endedAtMs } = row;
  return id === null || endedAtMs === null ? null : { id, outcome, endedAtMs };
}

function stateOf(row: AgentWithTask): AgentState {
  if (row.presence !== 'online') return row.presence;
  if (row.task_id === null) return 'idle';
  if (row.blocked_by !== null) return 'blocked';
  return row.task_state === 'running' ? 'working' : 'assigned';
}
