/** Tries again what fails for a reason that may pass: a remote that is away, a lock, a time-out. */
import { backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import { isGitError } from '../git/git-error.ts';

const AGAIN = { firstMs: 500, mostMs: 60_000 };

export interface Patience {
  clock: Clock;
  random: Random;
  /** Ends the patience: what fails from then on has failed. */
  signal: AbortSignal;
  tries: number;
}

export async function patiently<Value>(
  call: () => Promise<Value>,
  { clock, random, signal, tries }: Patience,
): Promise<Value> {
  for (let retry = 1; ; retry++) {
    try {
      return await call();
    } catch (error) {
      if (!mayPass(error) || signal.aborted || retry >= tries) throw error;
      await clock.sleep(backoffMs(AGAIN, retry, random.fraction()), signal);
    }
  }
}

function mayPass(error: unknown): boolean {
  return isGitError(error) && PASSING.includes(error.kind);
}

const PASSING: readonly string[] = ['unreachable', 'timeout', 'locked'];
