/** Ctrl-C, as a signal that a command can heed. */

/** The reason that the signal aborts with; whoever passes it on has said nothing wrong. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';

  constructor() {
    super('interrupted');
  }
}

/** What a shell reports of a program that was ended by SIGINT. */
export const INTERRUPTED_EXIT = 130;

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

export interface Interruption {
  signal: AbortSignal;
  close: () => void;
}

/** Aborts at the first SIGINT or SIGTERM. A second one ends the process, whatever it is doing. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  const close = onSignals(() => {
    if (controller.signal.aborted) process.exit(INTERRUPTED_EXIT);
    controller.abort(new Interrupted());
  });
  return { signal: controller.signal, close };
}

/** Calls at every signal; answers how to stop that. */
export function onSignals(call: (name: 'SIGINT' | 'SIGTERM') => void): () => void {
  for (const name of SIGNALS) process.on(name, call);
  return () => {
    for (const name of SIGNALS) process.off(name, call);
  };
}

/**
 * The same signal, which the end of the terminal (SIGHUP) aborts too: for a command with processes
 * of its own, which the terminal does not know and nobody else would end.
 */
export function untilStopped(signal: AbortSignal): Interruption {
  const hangup = new AbortController();
  const call = (): void => hangup.abort(new Interrupted());
  process.on('SIGHUP', call);
  return {
    signal: AbortSignal.any([signal, hangup.signal]),
    close: () => process.off('SIGHUP', call),
  };
}
