/**
 * Whether the hub is there, of a command that stays. One that was there once is waited for, aloud;
 * one that never was is told of at once, after as many tries as a command that asks and ends makes.
 */
import { unreachable } from '../../client/answers.ts';
import type { Client } from '../../client/index.ts';
import { Interrupted } from '../terminal/interruption.ts';
import type { Output } from '../terminal/output.ts';

const TRIES = 3;

/** A refusal is told by the first call. */
export async function reached(
  client: Client,
  url: string,
  interrupted?: AbortSignal,
): Promise<void> {
  let tries = 0;
  let stop = (): void => {};
  try {
    await new Promise<void>((resolve, reject) => {
      interrupted?.throwIfAborted();
      interrupted?.addEventListener('abort', () => reject(new Interrupted()), { once: true });
      stop = client.onState((state, error) => {
        if (state !== 'disconnected') return resolve();
        if (++tries < TRIES) return;
        const isAway = error === undefined || error.code === 'unavailable';
        reject(isAway ? unreachable(url, error) : error);
      });
    });
  } finally {
    stop();
  }
}

/** Says once that the hub is gone, and once that it is back. */
export function tellStates(client: Client, output: Output): () => void {
  let isLost = false;
  return client.onState((state, error) => {
    if (state === 'disconnected' && !isLost) {
      isLost = true;
      output.note(`${error?.message ?? 'The hub is gone.'} Trying again …`, 'note');
    }
    if (state === 'connected' && isLost) {
      isLost = false;
      output.note('Connected.', 'note');
    }
  });
}
