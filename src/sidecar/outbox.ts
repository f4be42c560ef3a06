/**
 * Reports on their way to the hub. A report is on disk before anybody relies on it, and leaves when
 * the hub has answered it, with success or with a refusal: a hub that is away stops no work, and on
 * its return each report counts once, because it always carries the same key.
 */
import type { Client } from '../client/index.ts';
import { isPassing, SignalboxError, type ErrorCode } from '../contract/index.ts';
import { backoffMs } from '../core/backoff.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { Shelf } from './durable.ts';
import type { Say } from './progress.ts';
import { outcomeOf, type Report } from './report.ts';

const AGAIN = { firstMs: 500, mostMs: 30_000 };
/** A hub with a defect may answer `internal` for ever; then a person has to look at the report. */
const DEFECTS_MAX = 10;

export interface OutboxPorts {
  client: Client;
  shelf: Shelf<Report>;
  clock: Clock;
  random: Random;
  say: Say;
  /** The hub will not have a report, so it may still think that we hold its task. */
  onRefused: () => void;
  /** Ends the delivery; what is not delivered stays on disk. */
  signal: AbortSignal;
}

export interface Outbox {
  /** Resolves when the report is on disk, or answered where the disk would not take it. */
  put: (report: Report) => Promise<void>;
  /** The tasks whose report the hub has not answered yet. */
  taskIds: () => string[];
  /** Resolves when everything has been answered. */
  settled: () => Promise<void>;
}

export async function openOutbox(ports: OutboxPorts): Promise<Outbox> {
  const { shelf, say } = ports;
  const onTheWay = new Map<string, OnTheWay>();
  const send = (report: Report): Promise<void> => {
    const answered = deliver(ports, report).then((isTaken) => {
      onTheWay.delete(report.key);
      if (!isTaken) ports.onRefused();
    });
    onTheWay.set(report.key, { report, answered });
    return answered;
  };
  for (const { value } of await shelf.list()) void send(value);
  return {
    async put(report) {
      if (onTheWay.has(report.key)) return;
      try {
        await shelf.put(report.key, report);
        void send(report);
      } catch (error) {
        say({ kind: 'trouble', message: 'A report could not be written to disk.', error });
        await send(report);
      }
    },
    taskIds: () => [...onTheWay.values()].map(({ report }) => report.input.taskId),
    async settled() {
      await Promise.all([...onTheWay.values()].map(({ answered }) => answered));
    },
  };
}

interface OnTheWay {
  report: Report;
  answered: Promise<void>;
}

/**
 * Never rejects: it ends when the hub has answered, or when the signal ends it. False where the
 * answer was a refusal.
 */
async function deliver(ports: OutboxPorts, report: Report): Promise<boolean> {
  const { clock, random, say, signal } = ports;
  const { operation } = report;
  const { taskId } = report.input;
  let defects = 0;
  for (let retry = 1; !signal.aborted; retry++) {
    const error = await ask(ports, report);
    if (error === null) {
      say({ kind: 'reported', taskId, operation, outcome: outcomeOf(report) });
      await forget(ports, report);
      return true;
    }
    if (isAnswer(error)) {
      say({ kind: 'report_refused', taskId, operation, error });
      await forget(ports, report);
      return false;
    }
    if (error.code === 'internal' && ++defects === DEFECTS_MAX) {
      say({ kind: 'report_stuck', taskId, operation, error });
      return false;
    }
    const waitMs = backoffMs(AGAIN, retry, random.fraction());
    await clock.sleep(Math.max(waitMs, error.retryAfterMs ?? 0), signal);
  }
  return true;
}

async function ask(
  { client, signal }: OutboxPorts,
  report: Report,
): Promise<SignalboxError | null> {
  const { operation, input, key } = report;
  try {
    await client.call(operation, input, { key, signal });
    return null;
  } catch (error) {
    if (error instanceof SignalboxError) return error;
    return new SignalboxError('unavailable', 'The report was not answered.', { cause: error });
  }
}

/**
 * A refusal of this very report. What passes is none, and neither is what is wrong with the token:
 * a person gives another, and the report must not be lost for that.
 */
function isAnswer(error: SignalboxError): boolean {
  return !isPassing(error) && !OF_TOKEN.includes(error.code);
}

const OF_TOKEN: readonly ErrorCode[] = ['unauthenticated', 'forbidden'];

async function forget({ shelf, say }: OutboxPorts, report: Report): Promise<void> {
  try {
    await shelf.remove(report.key);
  } catch (error) {
    say({ kind: 'trouble', message: 'An answered report could not be removed.', error });
  }
}
