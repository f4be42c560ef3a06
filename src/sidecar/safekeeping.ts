/**
 * Brings what an attempt made to its repository. Nothing is deleted on this machine before that has
 * worked, and nothing is overwritten there.
 */
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import { isGitError } from '../git/git-error.ts';
import { errorInWords } from './ending.ts';
import { patiently } from './patience.ts';
import type { AttemptRecord, Work } from './record.ts';
import type { Workspace } from './workspace.ts';

/** Where a command has used its branch itself and then rewritten what it had pushed. */
const OTHER = '-other';

export interface SafekeepingPorts {
  workspace: Workspace;
  clock: Clock;
  random: Random;
  /** Cuts the patience with a remote that is away. */
  hurry: AbortSignal;
  /** Ends a push that is under way. */
  deadline: AbortSignal;
}

/** Commits what is left; what cannot be committed now lies where it is. */
export async function collect(workspace: Workspace, record: AttemptRecord): Promise<Work> {
  try {
    return await workspace.collect(record);
  } catch (error) {
    return { kind: 'unsaved', reason: `The work could not be committed. ${errorInWords(error)}` };
  }
}

/** Answers the record with the branch that has the work now, and what stood in the way, or null. */
export async function secure(
  ports: SafekeepingPorts,
  record: AttemptRecord,
  tries: number,
): Promise<{ record: AttemptRecord; error: unknown }> {
  if (record.work?.kind === 'unsaved') return { record, error: record.work.reason };
  const { workspace, hurry: signal, deadline } = ports;
  try {
    await patiently(() => workspace.push(record, deadline), { ...ports, signal, tries });
    return { record, error: null };
  } catch (error) {
    const isTaken = isGitError(error, 'rejected') && !record.branch.endsWith(OTHER);
    if (!isTaken) return { record, error };
    return secure(ports, { ...record, branch: `${record.branch}${OTHER}` }, tries);
  }
}
