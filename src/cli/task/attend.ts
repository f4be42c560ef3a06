/**
 * Stays with one task until it has ended, and says meanwhile what a person beside it would ask:
 * what happens, what it waits for when nothing happens, and what only a human can do about it.
 */
import type { Client } from '../../client/index.ts';
import { eventTypes, type Attempt, type Event, type EventType } from '../../contract/index.ts';
import type { Context } from '../context.ts';
import { eventLine } from '../words/event.ts';
import { follow } from './follow.ts';
import { harmless } from '../terminal/harmless.ts';
import { whenQuiet } from '../terminal/quiet.ts';
import { waitingLines } from '../words/waiting-line.ts';

const WAY = eventTypes.filter((type) => type.startsWith('task.') || type.startsWith('change.'));
const ENDS: readonly EventType[] = ['task.done', 'task.cancelled', 'task.failed', 'task.dead'];
/** What is beside the point must not hold up what happens. */
const ASK_MS = 4_000;
const FAILURE_LINES_MAX = 12;

export interface Attended {
  hub: Client;
  id: string;
  /** The cursor from before the task was there. */
  after: number;
  /** What is an end beside the end of the task. */
  ends?: readonly EventType[];
  interruption: AbortSignal;
  context: Pick<Context, 'output' | 'clock'>;
}

/** False where Ctrl-C came before the end of the task. */
export async function attend({
  hub,
  id,
  after,
  ends = [],
  interruption,
  context,
}: Attended): Promise<boolean> {
  const { output, clock } = context;
  const say = inOrder((line) => (output.isJson ? output.note(line) : output.line(line)));
  const ask = { signal: interruption, timeoutMs: ASK_MS };
  let hasEnded = false;
  const waiting = waitingLines();
  const quiet = whenQuiet(clock, () => {
    say.later(async () => {
      const { state, facts } = await hub.why({ id }, ask);
      const [fact] = facts;
      if (fact === undefined || hasEnded) return [];
      const line = waiting.next(state, fact);
      return line === undefined ? [] : [output.paint('dim', `  it waits: ${line}`)];
    });
  });
  await follow({
    hub,
    after,
    filter: { types: WAY },
    interruption,
    onEvent(event) {
      if (event.subject !== id && event.data.taskId !== id) return false;
      quiet.restart();
      hasEnded = [...ENDS, ...ends].includes(event.type);
      say.later(() => Promise.resolve([eventLine(output, event, id)]));
      say.later(() => besides(event, async () => (await hub.task.show({ id }, ask)).attempts));
      return hasEnded;
    },
  });
  quiet.end();
  await say.done();
  return hasEnded;
}

/**
 * What is asked of the hub for an event is said before the next event. It is beside the point of
 * the command: what cannot be had is left out.
 */
function inOrder(say: (line: string) => void): {
  later: (lines: () => Promise<string[]>) => void;
  done: () => Promise<void>;
} {
  let said = Promise.resolve();
  return {
    later(lines) {
      said = said.then(lines).then(
        (all) => all.forEach(say),
        () => {},
      );
    },
    done: () => said,
  };
}

async function besides(
  { type, subject, data }: Event,
  attempts: () => Promise<Attempt[]>,
): Promise<string[]> {
  if (type === 'change.awaiting') {
    return [
      `  a human decides; look at it: signalbox change show ${subject}`,
      `  then: signalbox change approve ${subject}`,
      `  or: signalbox change decline ${subject} --reason TEXT`,
    ];
  }
  if (type !== 'change.rejected') return [];
  return failureLines((await attempts()).find(({ number }) => number === data.attempt));
}

/** The last lines of what a failed check printed; nothing where the event has said it all. */
function failureLines(attempt: Attempt | undefined): string[] {
  const [, ...lines] = harmless(attempt?.failure ?? '')
    .trim()
    .split('\n');
  const printed = lines.join('\n').trim();
  if (printed === '') return [];
  return printed
    .split('\n')
    .slice(-FAILURE_LINES_MAX)
    .map((line) => `  │ ${line}`);
}
