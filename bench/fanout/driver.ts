/**
 * One message to many sockets in one client process: milliseconds from the call that sends until
 * the last socket has it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { percentile } from '../figures.ts';

export interface Crowd {
  publish: () => Promise<unknown>;
  stop: () => Promise<void>;
}

export interface Wanted {
  sockets: number;
  /** Sockets beside them that never read. */
  deaf: number;
  payload: string;
  received: () => void;
}

const WARM = 10;
const PAUSE_MS = 10;

export async function drive(make: (url: string, wanted: Wanted) => Promise<Crowd>): Promise<void> {
  const { values } = parseArgs({
    options: {
      url: { type: 'string', default: '' },
      sockets: { type: 'string', default: '1000' },
      count: { type: 'string', default: '50' },
      deaf: { type: 'string', default: '0' },
    },
  });
  const sockets = Number(values.sockets);
  const progress = { received: 0, wake: (): void => {} };
  const crowd = await make(values.url, {
    sockets,
    deaf: Number(values.deaf),
    payload: 'x'.repeat(200),
    received() {
      if (++progress.received === sockets) progress.wake();
    },
  });
  const lasts: number[] = [];
  for (let round = 0; round < Number(values.count) + WARM; round++) {
    progress.received = 0;
    const all = new Promise<void>((resolve) => {
      progress.wake = resolve;
    });
    const beganMs = performance.now();
    await Promise.all([crowd.publish(), all]);
    if (round >= WARM) lasts.push(performance.now() - beganMs);
    await sleep(PAUSE_MS);
  }
  const figures = { lastP50Ms: percentile(lasts, 50), lastP99Ms: percentile(lasts, 99) };
  console.log(JSON.stringify(figures));
  await Promise.race([crowd.stop(), sleep(2_000)]);
  process.exit(0);
}
