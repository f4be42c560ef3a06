/** Looks at one folder again and again, until it is told to stop; whatever passes is outlived. */
import { watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';
import { SignalboxError } from '../contract/index.ts';
import { backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import { hasErrno } from './errno.ts';
import { PLACES } from './inbox.ts';
import type { Say } from './progress.ts';
import { isAnswer } from './trouble.ts';

const AGAIN = { firstMs: 500, mostMs: 30_000 };
/** Between two looks, however much happens. */
const GAP_MS = 50;

export interface LoopOptions {
  agent: string;
  path: string;
  round: () => Promise<unknown>;
  /** A poll stands behind every hint: over NFS no hint comes from other machines. */
  intervalMs: number;
  bell: Bell;
  clock: Clock;
  random: Random;
  say: Say;
  stop: AbortSignal;
}

export async function loop(options: LoopOptions): Promise<void> {
  const { round, clock, random, stop, bell, intervalMs } = options;
  const hints = watchFor(options);
  let retry = 0;
  try {
    while (!stop.aborted) {
      try {
        await round();
        retry = 0;
        hints.begin();
        await bell.wait(intervalMs, stop);
        await clock.sleep(GAP_MS, stop);
      } catch (error) {
        if (stop.aborted) return;
        const waitMs = backoffMs(AGAIN, ++retry, random.fraction());
        await clock.sleep(Math.max(waitMs, waitOf(options, error)), stop);
      }
    }
  } finally {
    hints.close();
  }
}

/** A trouble that passes is told; anything else ends the bridge. Answers how long it takes. */
function waitOf({ agent, say }: LoopOptions, error: unknown): number {
  if (error instanceof SignalboxError && !isAnswer(error)) {
    // That the hub is away is told once for all.
    if (error.code !== 'unavailable') say({ kind: 'trouble', agent, message: error.message });
    return error.retryAfterMs ?? 0;
  }
  // A stale handle, a file server that is away, a full disk: the next look may go well.
  const isOfFolder = hasErrno(error) || (error instanceof SignalboxError && hasErrno(error.cause));
  if (!isOfFolder) throw error;
  const hint = error instanceof SignalboxError ? ` ${error.hint}` : '';
  say({ kind: 'trouble', agent, message: `${error.message}${hint}` });
  return 0;
}

export interface Bell {
  ring: () => void;
  wait: (mostMs: number, stop: AbortSignal) => Promise<void>;
}

/** A ring that nobody heard is kept. */
export function createBell(clock: Clock): Bell {
  let wake = new AbortController();
  return {
    ring: () => wake.abort(),
    async wait(mostMs, stop) {
      await clock.sleep(mostMs, AbortSignal.any([wake.signal, stop]));
      wake = new AbortController();
    },
  };
}

/** Hints of the system, where it gives some; they are never relied on. */
function watchFor({ path, bell }: LoopOptions): { begin: () => void; close: () => void } {
  const watchers = new Map<string, FSWatcher>();
  const begin = (): void => {
    for (const folder of [path, join(path, PLACES.processed), join(path, PLACES.failed)]) {
      if (watchers.has(folder)) continue;
      try {
        const watcher = watch(folder, { persistent: false }, bell.ring);
        watcher.on('error', () => {
          watcher.close();
          watchers.delete(folder);
        });
        watchers.set(folder, watcher);
      } catch (error) {
        if (!hasErrno(error)) throw error;
      }
    }
  };
  return { begin, close: () => watchers.forEach((watcher) => watcher.close()) };
}
