/** Carries out what the life cycle of a change has decided: the row and its event. */
import { type EventData, limits, SignalboxError } from '../../contract/index.ts';
import { type CommandContext, record } from '../event/index.ts';
import { shorten } from '../task/index.ts';
import { type ChangeFacts, type ChangeVerdict, isEndedChange } from './lifecycle.ts';
import { type ChangeRow, findChange, updateChange } from './queries.ts';

export function changeFacts(row: ChangeRow): ChangeFacts {
  return {
    state: row.state,
    lease: row.lease,
    needsHuman: row.tier === 4,
    isApproved: row.approved_by !== null,
  };
}

export async function requireChange(context: CommandContext, id: string): Promise<ChangeRow> {
  const row = await findChange(context.tx, context.actor.project, id);
  if (row === undefined) throw unknownChange(id);
  return row;
}

export function unknownChange(id: string): SignalboxError {
  return new SignalboxError('not_found', `there is no change ${id}`, {
    hint: '`signalbox change list` shows the changes of your project.',
  });
}

/** The move that was decided, or the refusal thrown; `undefined` where it is so already. */
export function permitted(
  row: ChangeRow,
  verdict: ChangeVerdict,
): Extract<ChangeVerdict, { is: 'move' }> | undefined {
  switch (verdict.is) {
    case 'move':
      return verdict;
    case 'same':
      return undefined;
    case 'stale':
      throw new SignalboxError('stale_fence', `change ${row.id} is ${row.state}, not yours`, {
        hint: 'Stop working on it and push nothing: another verifier has it, or it was dropped.',
        details: { state: row.state, verifier: row.verifier },
      });
    case 'refuse':
      throw new SignalboxError('conflict', verdict.message, { details: { state: row.state } });
  }
}

export async function moveChange(
  context: CommandContext,
  row: ChangeRow,
  fields: Partial<ChangeRow> & Pick<ChangeRow, 'state'>,
): Promise<ChangeRow> {
  const next = rowAfter(context, row, fields);
  await writeChange(context, next);
  const isApproval = fields.approved_by !== undefined && fields.approved_by !== null;
  await record(context, {
    type: isApproval ? 'change.approved' : `change.${next.state}`,
    subject: next.id,
    data: dataOf(next),
  });
  return { ...next, version: row.version + 1 };
}

/** Throws the race that it lost where the change has moved since it was read. */
export async function writeChange(
  { tx }: Pick<CommandContext, 'tx'>,
  row: ChangeRow,
): Promise<void> {
  if (await updateChange(tx, row)) return;
  throw new SignalboxError('conflict', `change ${row.id} has just moved`, { retryAfterMs: 50 });
}

function rowAfter(
  context: CommandContext,
  row: ChangeRow,
  fields: Partial<ChangeRow> & Pick<ChangeRow, 'state'>,
): ChangeRow {
  const { nowMs } = context;
  const isHeld = fields.state === 'verifying' || fields.state === 'landing';
  const next: ChangeRow = {
    ...row,
    reason: null,
    lease: isHeld ? row.lease : null,
    ended_at_ms: isEndedChange(fields.state) ? nowMs : null,
    ...fields,
  };
  const recheckMs = next.lease === null ? limits.recheckMs : limits.verifierLeaseMs;
  next.next_check_ms = isEndedChange(next.state) ? null : nowMs + recheckMs;
  return next;
}

function dataOf(row: ChangeRow): EventData {
  const data: EventData = { taskId: row.task_id, attempt: row.attempt, agent: row.author };
  if (row.reason !== null) data.reason = shorten(row.reason);
  if (row.tier !== null) data.tier = row.tier;
  if (row.state === 'submitted') data.branch = row.branch;
  const commit = row.landed_commit ?? row.tested_commit;
  if (commit !== null) data.commit = commit;
  return data;
}
