/**
 * Housekeeping of mirrors. git would do it now and then by itself and in the way of the work; here
 * that is switched off, so whoever runs for long looks after its mirrors when there is nothing to
 * do, and lets go of them as soon as there is.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from './history.ts';
import { removeStaleLocks } from './locks.ts';
import { isCopy, isPartial } from './mirror-copy.ts';
import type { Git } from './run.ts';

const EVERY_MS = 24 * 60 * 60_000;
/** To pack a large history for the first time. */
const LONGEST_MS = 2 * 60 * 60_000;

export interface Upkeep {
  git: Git;
  /** What holds the mirrors; nobody else works in them meanwhile. */
  folder: string;
  /** A mirror that could not be packed serves all the same. */
  onTrouble: (error: unknown, dir: string) => void;
}

/**
 * Looks after each mirror that this process has not looked after for a day, one after the other,
 * until all are done or the signal is aborted. Never throws.
 */
export function createUpkeep({
  git,
  folder,
  onTrouble,
}: Upkeep): (signal: AbortSignal) => Promise<void> {
  const doneMs = new Map<string, number>();
  return async (signal) => {
    for (const name of await readdir(folder).catch(() => [])) {
      const dir = join(folder, name);
      const isDue = git.clock.nowMs() - (doneMs.get(dir) ?? -EVERY_MS) >= EVERY_MS;
      if (!isDue || isPartial(name)) continue;
      if (signal.aborted) return;
      try {
        if (await isCopy(dir)) await maintain({ git, dir }, signal);
      } catch (error) {
        if (signal.aborted) return;
        onTrouble(error, dir);
      }
      doneMs.set(dir, git.clock.nowMs());
    }
  };
}

/**
 * Packs what has come together, if it is much. Commits that nothing names are kept for two weeks,
 * worktrees and what they hold for ever.
 */
export async function maintain(mirror: Store, signal?: AbortSignal): Promise<void> {
  await removeStaleLocks(mirror);
  const now = ['-c', 'gc.auto=6700', '-c', 'gc.autoDetach=false'];
  const asked = { gitDir: mirror.dir, signal, timeoutMs: LONGEST_MS, hasHelpers: true };
  await mirror.git.run([...now, 'gc', '--auto', '--quiet'], asked);
}
