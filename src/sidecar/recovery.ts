/**
 * After a kill: what an earlier run left is found and made ready to go on.
 *
 * The command may still be running, and the kill may have come between starting it and writing its
 * pid down; so it is looked for by pid and by the mark in its environment, also where only a folder
 * is left of an attempt whose journal could not be read. When this has ended, nobody writes in a
 * worktree any more.
 */
import type { Clock } from '../core/clock.ts';
import { endLeftovers } from '../process/leftovers.ts';
import type { Shelf } from './durable.ts';
import { move } from './lifecycle.ts';
import type { Say } from './progress.ts';
import { recordName, type AttemptRecord } from './record.ts';
import { markerOf } from './task-file.ts';
import { stopInWords } from './ending.ts';
import type { Workspace } from './workspace.ts';

export interface RecoveryPorts {
  journal: Shelf<AttemptRecord>;
  workspace: Workspace;
  clock: Clock;
  say: Say;
}

/** Answers the attempts that are not at their end, oldest first. */
export async function recover(ports: RecoveryPorts): Promise<AttemptRecord[]> {
  const { journal, workspace, clock, say } = ports;
  const records = (await journal.list()).map(({ value }) => value);
  const recovered: AttemptRecord[] = [];
  for (const record of records.toSorted((one, other) => one.fence - other.fence)) {
    const marker = markerOf(workspace.folderOf(record));
    const killed = await endLeftovers({ leader: record.process, marker }, clock);
    say({ kind: 'recovering', taskId: record.taskId, attempt: record.attempt, killed });
    const next = restarted(record);
    if (next !== record) await journal.put(recordName(next), next);
    recovered.push(next);
  }
  await endOrphans(ports, new Set(records.map(recordName)));
  return recovered;
}

/** Without its command an attempt cannot be finished; what comes after the command can. */
function restarted(record: AttemptRecord): AttemptRecord {
  const stage = move(record.stage, 'restarted');
  if (stage === null || stage === 'gone') return record;
  const reason = stopInWords('interrupted', record.task.timeoutMs);
  return { ...record, stage, ending: 'interrupted', reason };
}

async function endOrphans(
  { workspace, clock, say }: RecoveryPorts,
  known: ReadonlySet<string>,
): Promise<void> {
  for (const folder of await workspace.foldersBut(known)) {
    await endLeftovers({ leader: null, marker: markerOf(folder) }, clock);
    const message = `The journal of ${folder} is missing: the work in it is left as it is.`;
    say({ kind: 'trouble', message, error: null });
  }
}
