/**
 * Time as a thing that is passed in, so that the real hub can run under a simulator's clock.
 *
 * `nowMs` never goes back: the system clock starts from the wall once and then counts monotonic
 * time, because leases must not end early when somebody sets the machine's clock.
 */
export interface Clock {
  /** Milliseconds since the epoch, never smaller than an earlier answer of the same clock. */
  nowMs(): number;
  /**
   * Calls once after `delayMs`. Returns a function that cancels. A pending timer does not keep a
   * process alive.
   */
  after(delayMs: number, call: () => void): () => void;
  /** Resolves after `delayMs`, or at once when the signal aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

export function systemClock(): Clock {
  const startMs = Date.now() - performance.now();
  return {
    nowMs: () => Math.floor(startMs + performance.now()),
    after(delayMs, call) {
      const timer = setTimeout(call, delayMs);
      if (typeof timer === 'object') timer.unref();
      return () => clearTimeout(timer);
    },
    sleep(delayMs, signal) {
      return new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        const end = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', end);
          resolve();
        };
        const timer = setTimeout(end, delayMs);
        signal?.addEventListener('abort', end, { once: true });
      });
    },
  };
}

export interface ManualClock extends Clock {
  /** Moves time forward and calls every timer that falls due, in order of its time. */
  advance(byMs: number): void;
}

/** A clock that moves only when told to, for tests and simulation. */
export function manualClock(startMs = 1_700_000_000_000): ManualClock {
  let now = startMs;
  let timers: { dueMs: number; call: () => void }[] = [];
  const after = (delayMs: number, call: () => void): (() => void) => {
    const timer = { dueMs: now + delayMs, call };
    timers.push(timer);
    return () => {
      timers = timers.filter((other) => other !== timer);
    };
  };
  return {
    nowMs: () => now,
    after,
    sleep(delayMs, signal) {
      return new Promise((resolve) => {
        if (signal?.aborted === true) return resolve();
        const cancel = after(delayMs, resolve);
        signal?.addEventListener('abort', () => (cancel(), resolve()), { once: true });
      });
    },
    advance(byMs) {
      const untilMs = now + byMs;
      for (;;) {
        const next = timers.reduce<(typeof timers)[number] | undefined>(
          (first, timer) => (first === undefined || timer.dueMs < first.dueMs ? timer : first),
          undefined,
        );
        if (next === undefined || next.dueMs > untilMs) break;
        timers = timers.filter((timer) => timer !== next);
        now = Math.max(now, next.dueMs);
        next.call();
      }
      now = untilMs;
    },
  };
}
