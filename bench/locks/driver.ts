/**
 * Two jobs. `pairs`: sixteen lanes take and give back a lock each, on keys of their own.
 * `handover`: two take turns on one key; milliseconds from when the holder gives it back until the
 * one that waited has it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { percentile } from '../figures.ts';

export interface Locker {
  /** Takes it; throws where somebody has it. */
  acquire: (key: string, lane: number) => Promise<unknown>;
  release: (key: string, lane: number) => Promise<unknown>;
  /** Answers when it is ours, however long that takes. */
  await: (key: string, lane: number) => Promise<unknown>;
  /** Answers once `await` stands in line, or would be heard. */
  stands: () => Promise<unknown>;
  stop: () => Promise<unknown>;
}

export interface Held {
  locks: number;
  patterns: number;
}

const LANES = 16;
const WARM = 10;
const PAUSE_MS = 2;

export async function drive(make: (url: string, held: Held) => Promise<Locker>): Promise<void> {
  const { values } = parseArgs({
    options: {
      url: { type: 'string', default: '' },
      mode: { type: 'string', default: 'pairs' },
      count: { type: 'string', default: '5000' },
      held: { type: 'string', default: '10000' },
      patterns: { type: 'string', default: '1000' },
    },
  });
  const held = { locks: Number(values.held), patterns: Number(values.patterns) };
  const locker = await make(values.url, held);
  const count = Number(values.count);
  const figures = values.mode === 'pairs' ? await pairs(locker, count) : await turns(locker, count);
  console.log(JSON.stringify(figures));
  await Promise.race([locker.stop(), sleep(2_000)]);
  process.exit(0);
}

async function pairs(locker: Locker, count: number): Promise<Record<string, number>> {
  const acquires: number[] = [];
  const run = async (upTo: number): Promise<void> => {
    let next = 0;
    const lane = async (_: unknown, index: number): Promise<void> => {
      while (next < upTo) {
        const key = `bench/${process.pid}/${next++}.ts`;
        const beganMs = performance.now();
        await locker.acquire(key, index);
        acquires.push(performance.now() - beganMs);
        await locker.release(key, index);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
  };
  await run(200);
  acquires.length = 0;
  const beganMs = performance.now();
  await run(count);
  const pairsPerS = count / ((performance.now() - beganMs) / 1000);
  return { pairsPerS, acquireP99Ms: percentile(acquires, 99) };
}

async function turns(locker: Locker, count: number): Promise<Record<string, number>> {
  const key = `turns/${process.pid}.ts`;
  await locker.acquire(key, 0);
  const tookMs: number[] = [];
  for (let turn = 0; turn < count + WARM; turn++) {
    const [holder, next] = [turn % 2, 1 - (turn % 2)];
    let hasMs = 0;
    const waiting = locker.await(key, next).then(() => (hasMs = performance.now()));
    await locker.stands();
    await sleep(PAUSE_MS);
    const gaveMs = performance.now();
    await Promise.all([locker.release(key, holder), waiting]);
    if (turn >= WARM) tookMs.push(hasMs - gaveMs);
  }
  return { handoverP50Ms: percentile(tookMs, 50), handoverP99Ms: percentile(tookMs, 99) };
}
