/**
 * What every contender is asked to do, in one process that holds submitters and workers.
 *
 * `sat`: submitters put `count` tasks in, one by one each, while the workers drain them; tasks per
 * second from the first submission to the last completion that the server has confirmed.
 * `lat`: an open loop at a fixed rate; milliseconds from the call that submits to the start of the
 * worker's handler.
 */
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { percentile } from '../figures.ts';

export interface Contender {
  submit: (lane: number) => Promise<void>;
  /** Answers once everything is completed on the server too. */
  settle?: () => Promise<void>;
  stop: () => Promise<void>;
}

export interface Hooks {
  workers: number;
  payload: string;
  /** A worker's handler begins; `sentMs` came with the task. */
  started: (sentMs: number) => void;
  completed: () => void;
}

export interface Result {
  tasksPerS?: number;
  startP50Ms?: number;
  startP99Ms?: number;
}

const WARM = 100;
const LANES = 16;

export const nowMs = (): number => performance.timeOrigin + performance.now();

export async function drive(
  make: (url: string, hooks: Hooks) => Promise<Contender>,
): Promise<void> {
  const { values } = parseArgs({
    options: {
      url: { type: 'string', default: '' },
      mode: { type: 'string', default: 'sat' },
      count: { type: 'string', default: '5000' },
      rate: { type: 'string', default: '50' },
    },
  });
  const starts: number[] = [];
  const progress = { done: 0, wake: (): void => {} };
  const hooks: Hooks = {
    workers: 16,
    payload: 'x'.repeat(200),
    started: (sentMs) => starts.push(nowMs() - sentMs),
    completed: () => {
      progress.done += 1;
      progress.wake();
    },
  };
  const reached = async (target: number): Promise<void> => {
    while (progress.done < target) {
      await new Promise<void>((resolve) => {
        progress.wake = resolve;
      });
    }
  };
  const contender = await make(values.url, hooks);
  for (let index = 0; index < WARM; index++) await contender.submit(index % LANES);
  await reached(WARM);
  starts.length = 0;
  progress.done = 0;
  const count = Number(values.count);
  const result =
    values.mode === 'sat'
      ? await saturate({ contender, count, reached })
      : await pace({ contender, count, reached, perSecond: Number(values.rate) }, starts);
  console.log(JSON.stringify(result));
  await Promise.race([contender.stop(), sleep(3_000)]);
  process.exit(0);
}

interface Run {
  contender: Contender;
  count: number;
  reached: (target: number) => Promise<void>;
}

async function saturate({ contender, count, reached }: Run): Promise<Result> {
  const beganMs = nowMs();
  let next = 0;
  const lane = async (_: unknown, index: number): Promise<void> => {
    while (next++ < count) await contender.submit(index);
  };
  await Promise.all([...Array.from({ length: LANES }, lane), reached(count)]);
  await contender.settle?.();
  return { tasksPerS: (count * 1000) / (nowMs() - beganMs) };
}

interface Pace extends Run {
  perSecond: number;
}

async function pace(run: Pace, starts: readonly number[]): Promise<Result> {
  const { contender, count, reached, perSecond } = run;
  const beganMs = nowMs();
  const submitted: Promise<void>[] = [];
  for (let index = 0; index < count; index++) {
    const waitMs = beganMs + (index * 1000) / perSecond - nowMs();
    if (waitMs > 0) await sleep(waitMs);
    submitted.push(contender.submit(index % LANES));
  }
  await Promise.all(submitted);
  await reached(count);
  return {
    startP50Ms: percentile(starts, 50),
    startP99Ms: percentile(starts, 99),
  };
}
