/** Calls when nothing has happened for a while: then a person wonders what it waits for. */
import type { Clock } from '../../core/clock.ts';

const QUIET_MS = 4_000;

export interface Quiet {
  restart: () => void;
  end: () => void;
}

/** Each time that so long nothing has happened. */
export function whenQuiet(clock: Clock, call: () => void): Quiet {
  let cancel = (): void => {};
  const restart = (): void => {
    cancel();
    cancel = clock.after(QUIET_MS, () => {
      call();
      restart();
    });
  };
  restart();
  return { restart, end: () => cancel() };
}
