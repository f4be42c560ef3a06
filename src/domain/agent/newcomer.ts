/** An agent that nothing is known of but its name. */
import { limits } from '../../contract/index.ts';
import { type CommandContext, memberRole } from '../event/index.ts';
import type { AgentRow } from './queries.ts';

export function newcomer({ actor, nowMs }: CommandContext): AgentRow {
  return {
    project: actor.project,
    key: actor.key,
    name: actor.name,
    role: memberRole(actor),
    presence: 'offline',
    capabilities: '[]',
    session_id: null,
    is_pushed: 0,
    task_id: null,
    task_session: null,
    trust: limits.trustDefault,
    repositories: null,
    last_task_id: null,
    last_outcome: null,
    last_ended_at_ms: null,
    paused_until_ms: null,
    pause_reason: null,
    paused_by: null,
    full_until_ms: null,
    full_percent: null,
    held_until_ms: null,
    hold_reason: null,
    idle_since_ms: nowMs,
    lease_until_ms: nowMs,
    last_seen_ms: nowMs,
    created_at_ms: nowMs,
  };
}
