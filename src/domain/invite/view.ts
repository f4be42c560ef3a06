/** An invite as it is shown, and the names that it stands for. */
import {
  AgentName,
  type Invite,
  type InviteState,
  machineNames,
  SignalboxError,
} from '../../contract/index.ts';
import type { InviteRow } from './queries.ts';

export function stateOf(row: InviteRow, nowMs: number): InviteState {
  return row.state === 'open' && row.expires_at_ms <= nowMs ? 'expired' : row.state;
}

export function toInvite(row: InviteRow, nowMs: number): Invite {
  return {
    id: row.id,
    agent: row.agent,
    role: row.role,
    slots: row.slots,
    state: stateOf(row, nowMs),
    creator: row.creator,
    createdAtMs: row.created_at_ms,
    expiresAtMs: row.expires_at_ms,
    endedAtMs: row.ended_at_ms,
    names: AgentName.array().parse(JSON.parse(row.names)),
  };
}

export function wantedNames(
  { agent, slots }: InviteRow,
  given: readonly string[] | undefined,
): readonly string[] {
  if (given !== undefined) return given;
  if (agent !== null) return machineNames(agent, slots);
  throw new SignalboxError('conflict', 'this invite is for no agent by name', {
    hint: 'Choose the name: `signalbox join URL --name NAME`.',
  });
}
