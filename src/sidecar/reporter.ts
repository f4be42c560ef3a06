/**
 * Tells the hub how an attempt goes on: what it is doing and what it has used, not more often than
 * every two seconds, and only what has changed; that it goes on at all, twice a minute. What is
 * lost on the way is told with the next one, because all of it is totals. The hub may answer that
 * the attempt should stop.
 */
import type { Client } from '../client/index.ts';
import type { Clock } from '../core/clock.ts';
import type { Progress } from './adapter.ts';

export const REPORT_MS = 2_000;
/** How long nothing is told while it says the same again. */
export const SAME_MS = 30_000;
/** A hub that does not answer is not asked a second time at once. */
const ANSWER_MS = 10_000;

export interface ReporterPorts {
  client: Client;
  clock: Clock;
  taskId: string;
  fence: number;
  onStop: (reason: string) => void;
}

export interface Reporter {
  tell: (progress: Progress) => void;
  /** Tells no more: what is left goes with the report of the attempt. */
  close: () => void;
}

export function createReporter(ports: ReporterPorts): Reporter {
  const { client, clock, taskId, fence, onStop } = ports;
  let latest: Progress | null = null;
  let told = '';
  let toldAtMs = Number.NEGATIVE_INFINITY;
  let isBusy = false;
  let isClosed = false;
  const send = async (): Promise<void> => {
    if (isBusy || isClosed || latest === null) return;
    const { note, use } = latest;
    const text = JSON.stringify(latest);
    latest = null;
    if (text === told && clock.nowMs() < toldAtMs + SAME_MS) return;
    isBusy = true;
    const news = { ...(note === null ? {} : { note }), ...(use === null ? {} : { use }) };
    try {
      const input = { taskId, fence, ...news };
      const { stop } = await client.task.progress(input, { timeoutMs: ANSWER_MS });
      told = text;
      toldAtMs = clock.nowMs();
      if (stop !== null && !isClosed) onStop(stop);
    } catch {
      // The hub is away, or the task is somebody else's: both are seen elsewhere.
    }
    clock.after(REPORT_MS, () => {
      isBusy = false;
      void send();
    });
  };
  return {
    tell(progress) {
      latest = progress;
      void send();
    },
    close() {
      isClosed = true;
    },
  };
}
