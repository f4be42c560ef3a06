/** Forgets, in portions, invites that were over long ago. */
import { limits } from '../../contract/index.ts';
import type { CommandContext } from '../event/index.ts';
import { deleteInvites } from './queries.ts';

const FORGOTTEN_AT_ONCE = 1_000;

/** True where there is more. */
export async function forgetInvites({ tx, nowMs }: CommandContext): Promise<boolean> {
  const gone = await deleteInvites(tx, nowMs - limits.inviteKeptMs, FORGOTTEN_AT_ONCE);
  return gone >= FORGOTTEN_AT_ONCE;
}
