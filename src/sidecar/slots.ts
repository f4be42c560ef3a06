/**
 * Several agents of one machine in one process. A slot is an agent of its own, with a name, a token
 * and a folder of its own, so nothing that one does is in the way of another.
 *
 * Where one ends by an error that may pass it is started again, with a pause that grows; where no
 * start would help (a token that is refused, a command that is not there) it stays away and the
 * others go on. What kept one away is thrown when all have ended.
 */
import { SignalboxError, type ErrorCode } from '../contract/index.ts';
import { backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';

const AGAIN = { firstMs: 1_000, mostMs: 5 * 60_000 };
/**
 * What a person has to put right before a start makes sense. More may pass here than for one
 * request: another process that holds the folder ends, and a hub of another version is replaced.
 */
const FINAL: readonly ErrorCode[] = ['invalid_input', 'unauthenticated', 'forbidden'];

export type SlotEvent =
  | { kind: 'slot_again'; forMs: number; error: unknown }
  | { kind: 'slot_over'; error: unknown };

export interface SlotsPorts {
  clock: Clock;
  random: Random;
  say: (name: string, event: SlotEvent) => void;
  /** Aborted: who ends now is not started again. */
  ending: AbortSignal;
}

/** The plain name for one agent, else `ada-1`, `ada-2`, … */
export function slotNames(name: string, slots: number): string[] {
  if (slots === 1) return [name];
  return Array.from({ length: slots }, (_, index) => `${name}-${index + 1}`);
}

/** Resolves when every slot has ended by itself. */
export async function runSlots(
  names: readonly string[],
  run: (name: string) => Promise<void>,
  ports: SlotsPorts,
): Promise<void> {
  const failures = await Promise.all(names.map((name) => keepRunning(name, run, ports)));
  const failure = failures.find((one) => one !== null);
  if (failure !== undefined) throw failure.error;
}

async function keepRunning(
  name: string,
  run: (name: string) => Promise<void>,
  { clock, random, say, ending }: SlotsPorts,
): Promise<{ error: unknown } | null> {
  for (let retry = 1; ; retry++) {
    const startedMs = clock.nowMs();
    try {
      await run(name);
      return null;
    } catch (error) {
      if (ending.aborted || isFinal(error)) {
        say(name, { kind: 'slot_over', error });
        return { error };
      }
      // Who ran for long has not failed at the start: the pauses begin anew.
      if (clock.nowMs() - startedMs > AGAIN.mostMs) retry = 1;
      const forMs = backoffMs(AGAIN, retry, random.fraction());
      say(name, { kind: 'slot_again', forMs, error });
      await clock.sleep(forMs, ending);
      if (ending.aborted) return null;
    }
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof SignalboxError && FINAL.includes(error.code);
}
