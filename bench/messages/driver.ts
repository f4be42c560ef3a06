/**
 * What every contender of the race of messages is asked to do, in one process: sixteen lanes
 * publish, each waiting for the answer that it is on disk; one consumer is pushed
 * to and acknowledges.
 *
 * `sat`: messages per second from the first publication to the last confirmed acknowledgement.
 * `lat`: an open loop at a fixed rate; milliseconds from the call that publishes to the consumer.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { percentile } from '../figures.ts';

export interface Contender {
  publish: (sentMs: number, lane: number) => Promise<void>;
  stop: () => Promise<void>;
}

export interface Hooks {
  payload: string;
  delivered: (sentMs: number) => void;
  acked: (count: number) => void;
}

const WARM = 200;
const LANES = 16;

export const nowMs = (): number => performance.timeOrigin + performance.now();

export async function drive(
  make: (url: string, hooks: Hooks) => Promise<Contender>,
): Promise<void> {
  const { values } = parseArgs({
    options: {
      url: { type: 'string', default: '' },
      mode: { type: 'string', default: 'sat' },
      count: { type: 'string', default: '20000' },
      rate: { type: 'string', default: '50' },
    },
  });
  const delays: number[] = [];
  const progress = { acked: 0, wake: (): void => {} };
  const contender = await make(values.url, {
    payload: 'x'.repeat(200),
    delivered: (sentMs) => delays.push(nowMs() - sentMs),
    acked(count) {
      progress.acked += count;
      progress.wake();
    },
  });
  const reached = async (target: number): Promise<void> => {
    while (progress.acked < target) {
      await new Promise<void>((resolve) => {
        progress.wake = resolve;
      });
    }
  };
  for (let index = 0; index < WARM; index++) await contender.publish(nowMs(), index % LANES);
  await reached(WARM);
  delays.length = 0;
  progress.acked = 0;
  const count = Number(values.count);
  const beganMs = nowMs();
  if (values.mode === 'sat') {
    await Promise.all([saturate(contender, count), reached(count)]);
    print({ messagesPerS: (count * 1000) / (nowMs() - beganMs) });
  } else {
    await pace(contender, { count, perSecond: Number(values.rate), beganMs });
    await reached(count);
    print({ deliverP50Ms: percentile(delays, 50), deliverP99Ms: percentile(delays, 99) });
  }
  await Promise.race([contender.stop(), sleep(2_000)]);
  process.exit(0);
}

function print(figures: object): void {
  console.log(JSON.stringify(figures));
}

async function saturate({ publish }: Contender, count: number): Promise<void> {
  let next = 0;
  const lane = async (_: unknown, index: number): Promise<void> => {
    while (next++ < count) await publish(nowMs(), index);
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}

interface Pace {
  count: number;
  perSecond: number;
  beganMs: number;
}

async function pace({ publish }: Contender, { count, perSecond, beganMs }: Pace): Promise<void> {
  const sent: Promise<void>[] = [];
  for (let index = 0; index < count; index++) {
    const waitMs = beganMs + (index * 1000) / perSecond - nowMs();
    if (waitMs > 0) await sleep(waitMs);
    sent.push(publish(nowMs(), index % LANES));
  }
  await Promise.all(sent);
}
