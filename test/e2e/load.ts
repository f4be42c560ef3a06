/**
 * Somebody who gives the hub work all the time, and asks again with the same key where no answer
 * came, as the protocol says. What was answered is acknowledged.
 */
import type { Client } from '../../src/client/index.ts';
import { SignalboxError, type Event, type Input } from '../../src/contract/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { Random } from '../../src/core/random.ts';
import { filesOf } from './station.ts';

/** More than the agents can hold, so that some always wait. */
const OPEN_MAX = 9;
/** One command takes at most twice this. */
const MOMENT_S = 0.5;
/**
 * A command that is killed counts as a failure of its task; a kill must never be the last straw.
 */
const FAILURES_MAX = 20;
const ASK_AGAIN_MS = 100;
const LOOK_AGAIN_MS = 20;

export interface Order {
  title: string;
  files: [string, string];
  /** The task that the hub has acknowledged. */
  id: string;
}

export interface Load {
  orders: readonly Order[];
  /** Takes no more orders, and waits for the last answer. */
  close: () => Promise<void>;
}

interface LoadPorts {
  client: Client;
  chance: Random;
  repository: string;
  countEnded: () => number;
}

export function openLoad(ports: LoadPorts): Load {
  const orders: Order[] = [];
  const closing = new AbortController();
  const over = submitSteadily(ports, orders, closing.signal);
  // Who closes hears of it; where the test has failed before that, nobody is left to hear.
  over.catch(() => {});
  return {
    orders,
    close() {
      closing.abort();
      return over;
    },
  };
}

async function submitSteadily(
  ports: LoadPorts,
  orders: Order[],
  closing: AbortSignal,
): Promise<void> {
  const clock = systemClock();
  for (let number = 1; !closing.aborted; number++) {
    orders.push(await order(ports, number));
    while (!closing.aborted && orders.length - ports.countEnded() >= OPEN_MAX) {
      await clock.sleep(LOOK_AGAIN_MS, closing);
    }
  }
}

async function order(ports: LoadPorts, number: number): Promise<Order> {
  const { client, chance, repository } = ports;
  const title = `task ${number}`;
  const files = filesOf(chance);
  const momentS = (MOMENT_S * chance.fraction()).toFixed(3);
  const check = `grep -qx '${title}' ${files[0]} && grep -qx '${title}' ${files[1]}`;
  const input: Input<'task.submit'> = {
    title,
    body: [...files, momentS].join(' '),
    repository,
    checks: number % 3 === 0 ? [check] : [],
    failuresMax: FAILURES_MAX,
  };
  for (;;) {
    try {
      const { id } = await client.task.submit(input, { key: `order-${number}` });
      return { title, files, id };
    } catch (error) {
      if (!(error instanceof SignalboxError) || error.retryAfterMs === undefined) throw error;
      await systemClock().sleep(ASK_AGAIN_MS);
    }
  }
}

const ENDS = new Set<Event['type']>(['task.done', 'task.failed', 'task.dead', 'task.cancelled']);

export function isEnd({ type }: Event): boolean {
  return ENDS.has(type);
}
