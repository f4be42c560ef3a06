/**
 * How long the machine has slept. Time that is counted stands still on a suspended Linux, and the
 * wall clock cannot tell a sleep from somebody who sets it; the time since the start of the machine
 * goes on in a sleep and heeds no clock.
 */
import { uptime } from 'node:os';

/** Answers how many milliseconds of sleep there were since this was called. */
export function slumber(): () => number {
  const awake = (): number => uptime() * 1_000 - performance.now();
  const startMs = awake();
  return () => Math.max(0, Math.round(awake() - startMs));
}
