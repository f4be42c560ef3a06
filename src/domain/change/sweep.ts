/** The lease of a verifier ran out: the change is free for another one. */
import { limits } from '../../contract/index.ts';
import type { CommandContext } from '../event/index.ts';
import { decideChange } from './lifecycle.ts';
import { changeFacts, moveChange, writeChange } from './move.ts';
import { findChange } from './queries.ts';

export async function checkChange(context: CommandContext, id: string): Promise<void> {
  const row = await findChange(context.tx, context.actor.project, id);
  if (row?.next_check_ms === null || row === undefined) return;
  if (row.next_check_ms > context.nowMs) return;
  const verdict = decideChange(changeFacts(row), { type: 'expire' });
  if (verdict.is === 'move') {
    const reason = `${row.verifier ?? 'its verifier'} is gone`;
    await moveChange(context, row, { state: verdict.to, lease: null, reason });
    return;
  }
  await writeChange(context, { ...row, next_check_ms: context.nowMs + limits.recheckMs });
}
