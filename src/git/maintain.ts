/**
 * Housekeeping of a mirror. git would do it now and then by itself and in the way of the work;
 * here that is switched off, so whoever runs for long calls this when there is nothing to do.
 */
import type { Store } from './history.ts';
import { removeStaleLocks } from './locks.ts';

/**
 * Packs what has come together, if it is much. Commits that nothing names are kept for two weeks,
 * worktrees and what they hold for ever.
 */
export async function maintain(mirror: Store, signal?: AbortSignal): Promise<void> {
  await removeStaleLocks(mirror);
  const now = ['-c', 'gc.auto=6700', '-c', 'gc.autoDetach=false'];
  await mirror.git.run([...now, 'gc', '--auto', '--quiet'], { gitDir: mirror.dir, signal });
}
